"""Connecting to PostgreSQL: one way to make an engine, and the addresses derived from the one DATABASE_URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from sync_core.errors import ConfigurationError
from sync_core.store.failures import failure_of

DAGSTER_SCHEMA = "dagster"
STATEMENT_SECONDS: Final = 300
"""No statement takes longer; what may (a migration, waiting for a lock on purpose) says so for itself."""
# A host that vanished without a word is noticed within two minutes, on both sides: its locks must not stay behind.
_SERVER: Final = {
    "timezone": "UTC",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "5",
}
_CLIENT: Final = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 5, "tcp_user_timeout": 120_000}


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("DATABASE_URL is not a database address: use postgresql://user@host/name.") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigurationError(f"DATABASE_URL names {parsed.get_backend_name()}: only PostgreSQL is supported.")
    return parsed


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def open_engine(url: str, *, pool_size: int = 40, application: str = "venue-sync") -> sa.Engine:
    """An engine on `url` (any postgresql:// address) with psycopg 3, UTC sessions, orjson and a limit on every statement.

    `pool_size` is the number of connections kept; twice as many may be open at once.
    """
    return sa.create_engine(
        _parsed(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={
            "application_name": application,
            "options": " ".join(f"-c {name}={value}" for name, value in _SERVER.items()),
            "connect_timeout": 10,
            **_CLIENT,
        },
    )


@contextmanager
def at_once(database: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose statements each count at once and by themselves, for what is asked while a provider is called.

    Raises DatabaseFailure instead of SQLAlchemy's errors: the caller stands between a provider's client and its call.
    """
    try:
        with database.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
            yield conn
    except SQLAlchemyError as lost:
        failure = failure_of(lost)
        if failure is None:
            raise
        raise failure from None


def dagster_url(url: str) -> str:
    """The address for Dagster's own storage: the same database, its own schema, and the driver it needs.

    dagster-postgres speaks psycopg2; naming the driver keeps it off psycopg 3, with which its NOTIFY fails.
    """
    parsed = _parsed(url).set(drivername="postgresql+psycopg2")
    return parsed.update_query_dict({"options": f"-csearch_path={DAGSTER_SCHEMA}"}).render_as_string(
        hide_password=False
    )
