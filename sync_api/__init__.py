"""The HTTP API: a second root beside Dagster, which it reaches through rows in PostgreSQL only.

A request passes the edge (request id, size), then the gate (who asks, whether they may, how often, for the first time),
then a handler, which is a plain function of the engine and the database.
"""
