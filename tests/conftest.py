"""Fixtures that every test may use: a real PostgreSQL, migrated, and an empty database for each test that asks."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from xdist.scheduler import LoadScopeScheduling

from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import upgrade

# A copy of the template is 400 new files: on a disk they take seven times the processor's time that they take here.
MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30

# Both start everything that `up` starts, simulators at their usual ports included, where there is room for one.
STACKS = ("tests/e2e/test_demo.py", "tests/e2e/test_up.py")
# What takes longest begins first, or one process would be at it when all others are done.
LONGEST = (
    *STACKS,
    "tests/sync_core/sync/test_exactly_once.py",
    "tests/chaos/",
    "tests/battery/test_reading.py",
    "tests/conformance/",
    "tests/e2e/",
    "tests/battery/",
    "tests/sync_defs/",
    "tests/sync_core/sync/",
    "tests/recovery/",
)

# A process that a test starts keeps what it compiled for the next one: half a second of the processor's time each.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("busy")

_numbers = itertools.count(1)


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM


class ByFile(LoadScopeScheduling):
    """One process gets a file's tests, so that what they share is made once, and one those of all `STACKS`.

    These run one at a time: a second process with one would wait for the first.
    """

    def _split_scope(self, nodeid: str) -> str:
        return STACKS[0] if nodeid.startswith(STACKS) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Who runs what when tests run in several processes."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put `LONGEST` in front, in this order."""
    items.sort(
        key=lambda item: next((n for n, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))
    )


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
