"""The API on a real database, served on 127.0.0.1."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.store.database import open_engine
from sync_core.sync.engine import Engine, open_engine_for
from sync_defs.simulators import simulators
from sync_sims.server import running
from tests.fakes import FakeClock
from tests.sync_api.desk import V1, Desk, desk_on
from tests.world import DEFS, unhurried

PLENTY = "1000000"


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the fuzzer runs."""
    parser.addoption(
        "--fuzz-examples", type=int, default=None, help="Requests of the fuzzer per operation and kind; a long run."
    )


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine without a database of its own: declarations, mappings, vault and keys are made once."""
    home = str(tmp_path_factory.mktemp("api"))
    settings = read_settings({"VENUE_SYNC_HOME": home, "VENUE_SYNC_API_PER_MINUTE": PLENTY})
    nowhere = open_engine("postgresql://127.0.0.1:9/nowhere")
    return open_engine_for(settings, nowhere, specs=unhurried(load_providers(DEFS)), templates=mappings.FOLDER)


@pytest.fixture
def engine(loaded: Engine, database: sa.Engine) -> Engine:
    """The sync engine on a database of this test's own."""
    return replace(loaded, database=database)


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    """The API with two venues, of which the usual caller has blue-note."""
    with desk_on(engine) as desk:
        yield desk


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Where the simulated providers listen, by name."""
    folder: Path = tmp_path_factory.mktemp("providers")
    with ExitStack() as stack:
        bases = {name: stack.enter_context(running(each)) for name, each in simulators(folder).items()}
        for base in bases.values():
            unlimited = {"per_second": None, "per_endpoint_per_second": None}
            requests.put(f"{base}/_sim/limits", json=unlimited, timeout=10).raise_for_status()
        yield bases


@pytest.fixture
def stage(loaded: Engine, database: sa.Engine, providers: Mapping[str, str]) -> Iterator[Desk]:
    """The API, and the four simulated providers with an application of ours at each."""
    bases = {f"{name.upper()}_{kind}": base for name, base in providers.items() for kind in ("API_BASE", "OAUTH_BASE")}
    applications: dict[str, str] = {}
    for name, base in providers.items():
        requests.post(f"{base}/_sim/reset", timeout=10).raise_for_status()
        application = {"client_id": f"id-{name}", "secret": f"sk_test_{name}_application"}
        back = [f"{loaded.settings.api_url}{V1}/oauth/callback/{name}"]
        asked = application | {"redirect_uris": back}
        requests.put(f"{base}/_sim/applications", json=asked, timeout=10).raise_for_status()
        applications |= {f"{name.upper()}_CLIENT_ID": application["client_id"]}
        applications |= {f"{name.upper()}_CLIENT_SECRET": application["secret"]}
    settings = replace(loaded.settings, bases=bases, applications=applications)
    with desk_on(replace(loaded, database=database, settings=settings)) as desk:
        yield desk


@pytest.fixture
def still(loaded: Engine, database: sa.Engine) -> Iterator[Desk]:
    """The API with the source's allowance of 100 requests a minute, and a clock that moves when told to."""
    settings = replace(loaded.settings, api_per_minute=100)
    with desk_on(replace(loaded, database=database, settings=settings, clock=FakeClock())) as desk:
        yield desk
