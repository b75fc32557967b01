"""Fixtures of the tests that run assets."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from mappings import FOLDER
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.sync.engine import open_engine_for
from sync_sims.server import running
from sync_sims.stripe import StripeSimulator
from tests.assets.stage import Stage

DECLARATIONS = Path(__file__).parents[2] / "sync_defs" / "defs"


@pytest.fixture
def stage(database: sa.Engine, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An empty stage."""
    stripe = StripeSimulator()
    with running(stripe) as address, dg.DagsterInstance.ephemeral() as instance:
        environment = {
            "DATABASE_URL": database_url,
            "STRIPE_API_BASE": address,
            "VENUE_SYNC_HOME": str(tmp_path),
            "VENUE_SYNC_WORKERS": "4",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        engine = open_engine_for(
            read_settings(environment), database, specs=load_providers(DECLARATIONS), templates=FOLDER
        )
        yield Stage(instance, stripe, engine)
