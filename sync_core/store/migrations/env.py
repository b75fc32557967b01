"""Alembic's entry: runs the scripts on the connection that `sync_core.store.migrate` hands over."""

from alembic import context

from sync_core.store.migrate import context_options

context.configure(connection=context.config.attributes["connection"], **context_options())
context.run_migrations()
