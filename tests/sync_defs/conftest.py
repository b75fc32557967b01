"""The command line as a person meets it: an environment, simulated providers, and one call that returns what was said."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from sync_core.venue.demo import generate_demo
from sync_defs.cli import run
from sync_sims.server import running
from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import UNLIMITED

STRIPE_KEY = "sk_test_commandline123456"
SQUARE_KEY = "EAAAcommandline123456"
CUSTOMERS = 20
"""Of each venue: no more than a test has to wait for, as the command line keeps to what providers really allow."""
VARIABLES = (
    "DATABASE_URL",
    "DAGSTER_HOME",
    "DAGSTER_DATABASE_URL",
    "VENUE_SYNC_STAGE",
    "VENUE_SYNC_WORKERS",
    "VENUE_SYNC_KMS_KEY_ID",
    "VENUE_SYNC_DECLARATIONS",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


Call = Callable[..., Said]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process, in an environment of its own."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VENUE_SYNC_HOME", str(tmp_path / "home"))

    def calling(*arguments: str) -> Said:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return calling


@pytest.fixture
def on_database(call: Call, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Call:
    """Commands on a migrated database without a venue."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return call


@pytest.fixture
def stripe_sim() -> StripeSimulator:
    simulator = StripeSimulator(limits=UNLIMITED, chance=random.Random(7))
    simulator.register(STRIPE_KEY, account_id="acct_1", name="Lantern Hall")
    return simulator


@pytest.fixture
def square_sim() -> SquareSimulator:
    simulator = SquareSimulator(chance=random.Random(7), currency="GBP")
    simulator.register(SQUARE_KEY, account_id="ML1", name="Lantern Hall")
    return simulator


@pytest.fixture
def at_work(
    on_database: Call,
    database: sa.Engine,
    monkeypatch: pytest.MonkeyPatch,
    stripe_sim: StripeSimulator,
    square_sim: SquareSimulator,
) -> Iterator[Call]:
    """Commands on a database with three of the demo's venues, and both providers simulated."""
    with running(stripe_sim) as stripe, running(square_sim) as square:
        monkeypatch.setenv("STRIPE_API_BASE", stripe)
        monkeypatch.setenv("SQUARE_API_BASE", square)
        monkeypatch.setenv("STRIPE_KEY", STRIPE_KEY)
        monkeypatch.setenv("SQUARE_KEY", SQUARE_KEY)
        generate_demo(database, venues=3, customers_per_venue=CUSTOMERS)
        yield on_database


@pytest.fixture
def connected(at_work: Call) -> Call:
    """Commands with Lantern Hall connected to both providers."""
    assert at_work("connect", "lantern-hall", "stripe", "--secret-env", "api_key=STRIPE_KEY").code == 0
    assert at_work("connect", "lantern-hall", "square", "--secret-env", "access_token=SQUARE_KEY").code == 0
    return at_work
