"""The API on a real database, served on 127.0.0.1."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store.database import open_engine
from sync_core.sync.engine import Engine, open_engine_for
from tests.sync_api.desk import Desk, desk_on
from tests.world import DEFS


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the fuzzer runs."""
    parser.addoption(
        "--fuzz-examples", type=int, default=None, help="Requests of the fuzzer per operation and kind; a long run."
    )


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine without a database of its own: declarations, mappings, vault and keys are made once."""
    home = str(tmp_path_factory.mktemp("api"))
    settings = read_settings({"VENUE_SYNC_HOME": home, "VENUE_SYNC_API_PER_MINUTE": "1000000"})
    nowhere = open_engine("postgresql://127.0.0.1:9/nowhere")
    return open_engine_for(settings, nowhere, specs=load_providers(DEFS), templates=mappings.FOLDER)


@pytest.fixture
def engine(loaded: Engine, database: sa.Engine) -> Engine:
    """The sync engine on a database of this test's own."""
    return replace(loaded, database=database)


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    """The API with two venues, of which the usual caller has blue-note."""
    with desk_on(engine) as desk:
        yield desk
