"""Schema migrations: up, down, and where the database stands. Alembic does the work; the scripts are in migrations/."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects.postgresql.base import ischema_names

from sync_core.store.api_tables import api_keys
from sync_core.store.database import DAGSTER_SCHEMA
from sync_core.store.health_tables import call_hours
from sync_core.store.inbox_tables import work
from sync_core.store.limits_tables import provider_limits
from sync_core.store.mapping_tables import venue_mappings
from sync_core.store.oauth_tables import oauth_tokens
from sync_core.store.sync_tables import connections
from sync_core.store.turn_tables import turns
from sync_core.store.venue_tables import Xid8, metadata

# Every module of tables is named here: one that nobody imports would be missing from what is compared.
DECLARED = (connections, work, oauth_tokens, api_keys, provider_limits, venue_mappings, call_hours, turns)

SCHEMAS = ("venue", "sync")
VERSION_TABLE = "schema_version"


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine, *, revision: str = "head") -> None:
    """Migrate up to `revision`; makes the schemas first. Safe to call from several processes at once."""
    with engine.begin() as connection:
        _unhurried(connection)
        for schema in (*SCHEMAS, DAGSTER_SCHEMA):
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        command.upgrade(_config(connection), revision)


def downgrade(engine: sa.Engine, *, revision: str) -> None:
    """Migrate down to `revision` ('base' for nothing at all). What the newer tables held is lost."""
    with engine.begin() as connection:
        _unhurried(connection)
        command.downgrade(_config(connection), revision)


def _unhurried(connection: sa.Connection) -> None:
    """One migration at a time, and as long as it takes: a large table takes longer than any other statement may."""
    connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('venue-sync migrations'))"))


def current(engine: sa.Engine) -> str | None:
    """The revision the database is at, None before the first."""
    with engine.connect() as connection:
        return _context(connection).get_current_revision()


def newest() -> str:
    """The newest revision this code knows."""
    head = ScriptDirectory(str(Path(__file__).parent / "migrations")).get_current_head()
    return str(head)


def differences(engine: sa.Engine) -> list[Any]:
    """How the database differs from the declared tables; empty when it is as declared."""
    # Reflection must know the type of changed_xid, or it warns and compares nothing.
    ischema_names["xid8"] = Xid8  # pyright: ignore[reportArgumentType] - typed as the built-in types only
    with engine.connect() as connection:
        return list(compare_metadata(_context(connection), metadata))


def _context(connection: sa.Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts=context_options())


def context_options() -> dict[str, Any]:
    """What Alembic must know: only our schemas, and the version table inside `sync`."""

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        if kind == "schema":
            return name in SCHEMAS
        return name != VERSION_TABLE

    return {
        "target_metadata": connections.metadata,
        "include_schemas": True,
        "include_name": ours,
        "version_table": VERSION_TABLE,
        "version_table_schema": "sync",
        "compare_type": True,
        "compare_server_default": True,
    }
