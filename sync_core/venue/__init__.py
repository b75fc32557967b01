"""The platform's own records: how they come into being from files and from the demo's generator.

What lives here: reading, judging and joining source data, and the report of what became of every row.
What does not: SQL (sync_core.store.venue_rows), and anything about providers or syncing.
"""
