"""What is synced, and the entry points: Dagster's definitions and the command line.

What lives here: the declarations (`defs/`), the component behind them, jobs, schedules, the composition root
(`definitions`) and the `venue-sync` command.
What does not: behaviour; a provider's client, a mapping and the sync itself are in `sync_core` and `mappings`.
"""
