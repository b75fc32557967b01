"""A world whose database may be stopped, one for each module of tests."""

from collections.abc import Iterator

import pytest

from sync_core.store.database import open_engine
from tests.own_server import OwnServer, own_server
from tests.world import World, world


@pytest.fixture(scope="package")
def server() -> Iterator[OwnServer]:
    """A PostgreSQL server of these tests' own."""
    with own_server() as server:
        yield server


@pytest.fixture(scope="module")
def frail_world(server: OwnServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Simulators and an engine on that server; its tests keep to venues of their own."""
    database = open_engine(server.url)
    with world(database, tmp_path_factory.mktemp("world")) as made:
        yield made
    database.dispose()
