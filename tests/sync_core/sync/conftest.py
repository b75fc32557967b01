"""The small world for the engine's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.world import World, world


@pytest.fixture
def small_world(database: sa.Engine, tmp_path: Path) -> Iterator[World]:
    """A real database, real simulators, an engine, and no venue yet."""
    with world(database, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_world(shared_database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same for a whole module, whose tests keep to venues of their own: a world takes a while to make."""
    with world(shared_database, tmp_path_factory.mktemp("world")) as made:
        yield made
