"""The database: tables, queries, migrations and the embedded server. The only place with SQL.

What lives here: SQLAlchemy Core tables of the two schemas, functions that read and write them, Alembic migrations.
What does not: decisions. A query function is told what to write and in whose transaction.
"""
