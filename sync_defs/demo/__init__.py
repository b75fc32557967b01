"""The demo: the whole product at work on simulated accounts, judged at the end.

What lives here: the accounts and sales that stand in for the world outside (`world`), Dagster runs as they are watched
(`runs`), the edits of the second round (`edits`), and how long each part takes (`phases`).
What does not: anything the product itself needs; the demo only uses it.
"""
