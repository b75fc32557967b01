"""The API on a real database, served on 127.0.0.1."""

from pathlib import Path

import pytest
import sqlalchemy as sa

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.sync.engine import Engine, open_engine_for
from tests.world import DEFS


@pytest.fixture
def engine(database: sa.Engine, tmp_path: Path) -> Engine:
    """The sync engine on a database of this test's own."""
    settings = read_settings({"VENUE_SYNC_HOME": str(tmp_path)})
    return open_engine_for(settings, database, specs=load_providers(DEFS), templates=mappings.FOLDER)
