"""What a command opens before it works and lets go of afterwards: settings, the database, the engine."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

import mappings
from sync_core.errors import ConfigurationError, TransientError
from sync_core.settings import Settings, read_settings
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec
from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import current, newest
from sync_core.sync.engine import Engine, open_engine_for

DECLARATIONS = Path(__file__).parents[1] / "defs"
UPGRADE = "run 'venue-sync db upgrade'"


def settings_now() -> Settings:
    """The settings in this process's environment."""
    return read_settings(os.environ)


@cache
def declared() -> Mapping[str, ProviderSpec]:
    """The providers declared in sync_defs/defs and in the folders of VENUE_SYNC_DECLARATIONS, by name."""
    return load_providers(DECLARATIONS, *settings_now().declarations)


@contextmanager
def database_address(settings: Settings) -> Iterator[str]:
    """DATABASE_URL, or the address of the embedded server, which runs for as long as this lasts."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.home) as server:
        yield server.url


@contextmanager
def reachable_database(url: str) -> Iterator[sa.Engine]:
    """An engine on a database that has just answered. Raises TransientError when it does not."""
    database = open_engine(url)
    try:
        try:
            with database.connect():
                pass
        except OperationalError:
            raise TransientError(
                f"The database at {database.url.host or 'its socket'} does not answer: start it, or correct DATABASE_URL."
            ) from None
        yield database
    finally:
        database.dispose()


@contextmanager
def bare_database(settings: Settings) -> Iterator[sa.Engine]:
    """The database whatever its schema."""
    with database_address(settings) as url, reachable_database(url) as database:
        yield database


@contextmanager
def ready_database(settings: Settings) -> Iterator[sa.Engine]:
    """The database with the schema of this version. Raises ConfigurationError when it must be migrated first."""
    with bare_database(settings) as database:
        require_schema(database)
        yield database


@contextmanager
def ready_engine(settings: Settings) -> Iterator[Engine]:
    """The sync engine on the migrated database."""
    with ready_database(settings) as database:
        yield engine_on(settings, database)


def engine_on(settings: Settings, database: sa.Engine) -> Engine:
    """The sync engine with the declared providers and the mapping templates of this installation."""
    return open_engine_for(settings, database, specs=declared(), templates=mappings.FOLDER)


def require_schema(database: sa.Engine) -> None:
    """Raise ConfigurationError unless the schema is this version's."""
    found, wanted = current(database), newest()
    if found is None:
        raise ConfigurationError(f"The database has no schema yet: {UPGRADE}.")
    if found != wanted:
        raise ConfigurationError(f"The database schema is at {found} and this version needs {wanted}: {UPGRADE}.")
