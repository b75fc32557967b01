"""Dagster sensors: what starts by itself because something changed.

What lives here: venues become partitions.
What does not: cadences (`sync_defs.schedules`), the sync itself (`sync_core.sync`).
"""
