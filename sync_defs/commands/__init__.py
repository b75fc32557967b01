"""The commands of `venue-sync`, one module per group, and what they share.

What lives here: arguments, progress bars, tables, and the translation of errors into exit codes.
What does not: anything another entry point would need as well; that is in `sync_core`.
"""
