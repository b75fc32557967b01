"""The engine of venue-sync: a pure library that imports neither Dagster nor a web framework.

What lives here: declarations (`spec`), mappings (`mapping`), the sync itself (`sync`), provider clients (`providers`),
the one HTTP session factory (`http`), the vault (`vault`), the database (`store`) and the venue's own records (`venue`).
What does not: schedules, assets, HTTP servers, the command line.
"""
