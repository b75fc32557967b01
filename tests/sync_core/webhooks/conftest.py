"""A world that the tests of a module share."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.world import World, world


@pytest.fixture(scope="module")
def shared_world(shared_database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A database, simulators and an engine for a whole module, whose tests keep to venues of their own."""
    with world(shared_database, tmp_path_factory.mktemp("world")) as made:
        yield made
