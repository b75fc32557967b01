"""Fixtures that every test may use: a real PostgreSQL, migrated, and an empty database for each test that asks."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from xdist.scheduler import LoadScopeScheduling

from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import upgrade

# A copy of the template is 400 new files: on a disk they take seven times the processor's time that they take here.
MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30

STACKS = "tests/e2e/"

_numbers = itertools.count(1)


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM


class ByFile(LoadScopeScheduling):
    """One process gets a file's tests, so that what they share is made once, and one those of all whole stacks.

    Stacks run one at a time: two processes with stacks would wait for each other.
    """

    def _split_scope(self, nodeid: str) -> str:
        return STACKS if nodeid.startswith(STACKS) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Who runs what when tests run in several processes."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole stacks, which take longest, begin first: one process would otherwise be at them when all others are done."""
    items.sort(key=lambda item: not item.nodeid.startswith(STACKS))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A throw-away PostgreSQL server for this test process, in memory where there is room."""
    home = Path(tempfile.mkdtemp(prefix="venue-sync-test-", dir=MEMORY if _has_room(MEMORY) else None))
    home.chmod(0o755)
    server = EmbeddedPostgres(home, durable=False, place=home)
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


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template_database: str) -> Iterator[str]:
    """The address of a migrated, empty database of this test's own."""
    yield from _database(postgres, template_database)


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
    name = f"test_{next(_numbers)}"
    admin = open_engine(postgres.url_of("postgres"))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield postgres.url_of(name)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
