"""From declarations to Dagster assets.

What lives here: an asset per provider and entity (`factory`), how things are named (`keys`), who feeds whom (`lineage`),
what a person reads about them (`columns`, `descriptions`, `metadata`) and what is checked (`checks`).
What does not: the sync itself (`sync_core.sync`), what starts it (`sensors`, `sync_defs`).
"""
