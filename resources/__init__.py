"""Dagster resources: each yields a plain `sync_core` object for the time of a run or a tick, and nothing more.

What lives here: where those objects get their settings (the environment, read here and nowhere below).
What does not: logic; a secret or an address never becomes resource configuration, which Dagster stores and shows.
"""
