"""Fixtures that every test may use: a real PostgreSQL, migrated, and an empty database for each test that asks."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import VERSION_TABLE, upgrade

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A throw-away PostgreSQL server for this test process."""
    home = Path(tempfile.mkdtemp(prefix="venue-sync-test-"))
    server = EmbeddedPostgres(home, durable=False)
    server.start()
    yield server
    server.stop()
    server.remove()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template_database(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated, empty database that others are copied from."""
    engine = open_engine(postgres.url)
    upgrade(engine)
    engine.dispose()
    return sa.engine.make_url(postgres.url).database or ""


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of a database without any table."""
    yield from _database(postgres, "template1")


@pytest.fixture(scope="session")
def template_shape(postgres: EmbeddedPostgres, template_database: str) -> str:
    """What a database that only rows were changed in looks like."""
    name = _created(postgres, template_database)
    shape = _shape_of(postgres.url_of(name))
    _dropped(postgres, postgres.url_of(name))
    return shape


@pytest.fixture(scope="session")
def clean_databases() -> list[str]:
    """The addresses of migrated databases that a test has used and left as empty as it found them."""
    return []


@pytest.fixture
def database_url(
    postgres: EmbeddedPostgres, template_database: str, template_shape: str, clean_databases: list[str]
) -> Iterator[str]:
    """The address of a migrated, empty database of this test's own.

    Copying the template takes a third of a second; emptying what one test wrote, a few hundredths.
    """
    url = clean_databases.pop() if clean_databases else postgres.url_of(_created(postgres, template_database))
    yield url
    if _emptied(url, shape=template_shape):
        clean_databases.append(url)
    else:
        _dropped(postgres, url)


@pytest.fixture
def database(database_url: str) -> Iterator[sa.Engine]:
    """An engine on a migrated, empty database of this test's own."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def shared_database(postgres: EmbeddedPostgres, template_database: str) -> Iterator[sa.Engine]:
    """An engine on a migrated database that the tests of a module share; each keeps to venues of its own."""
    for url in _database(postgres, template_database):
        engine = open_engine(url)
        yield engine
        engine.dispose()


def _database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    url = postgres.url_of(_created(postgres, template))
    yield url
    _dropped(postgres, url)


def _created(postgres: EmbeddedPostgres, template: str) -> str:
    name = f"test_{next(_numbers)}"
    _as_admin(postgres, f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def _dropped(postgres: EmbeddedPostgres, url: str) -> None:
    _as_admin(postgres, f"DROP DATABASE {sa.engine.make_url(url).database} WITH (FORCE)")


def _as_admin(postgres: EmbeddedPostgres, statement: str) -> None:
    admin = open_engine(postgres.url_of("postgres"))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(statement))
    admin.dispose()


_OTHERS_LEAVE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_SHAPE = """
SELECT md5(string_agg(concat_ws(' ', n.nspname, c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull), ','
    ORDER BY n.nspname, c.relname, a.attnum)) || (SELECT count(*) FROM pg_proc) || (SELECT count(*) FROM pg_constraint)
    || (SELECT count(*) FROM pg_trigger) || (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND a.attnum > 0
"""
_OURS = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('venue', 'sync') AND c.relkind = 'r' AND c.relname <> :version
"""
_COUNTED = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"


def _shape_of(url: str) -> str:
    engine = open_engine(url)
    with engine.connect() as connection:
        shape = str(connection.execute(sa.text(_SHAPE)).scalar_one())
    engine.dispose()
    return shape


def _emptied(url: str, *, shape: str) -> bool:
    """Whether the database is as it was made: emptied, if its test changed nothing but rows."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(_OTHERS_LEAVE))
        same = str(connection.execute(sa.text(_SHAPE)).scalar_one()) == shape
        if same:
            tables = list(connection.execute(sa.text(_OURS), {"version": VERSION_TABLE}).scalars())
            each = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
            full = list(connection.execute(sa.text(each)).scalars())
            if full:
                connection.execute(sa.text(f"TRUNCATE {', '.join(full)} CASCADE"))
            for sequence in list(connection.execute(sa.text(_COUNTED)).scalars()):
                connection.execute(sa.text(f"ALTER SEQUENCE {sequence} RESTART"))
    engine.dispose()
    return same
