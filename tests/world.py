"""A small world for tests of the whole way: a real database, real simulators over HTTP, and an engine between them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

import mappings
from sync_core.settings import Settings, read_settings
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec, RateSpec
from sync_core.store import connections
from sync_core.store.connections import Connection
from sync_core.sync.engine import Engine, open_engine_for
from sync_core.sync.report import EntityReport, Mode
from sync_sims.server import running
from sync_sims.square.simulator import SquareSimulator
from sync_sims.stripe.simulator import StripeSimulator
from sync_sims.wire import Simulator

DEFS = Path(__file__).parents[1] / "sync_defs" / "defs"
PARTS = {"stripe": "api_key", "square": "access_token", "mailchimp": "api_key"}
KEYS = {"stripe": "sk_test_{venue}", "square": "EAAA-{venue}", "mailchimp": "{venue}-us19"}


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """Venues with accounts at running simulators. `bases` are the simulators' addresses by provider."""

    database: sa.Engine
    engine: Engine
    bases: Mapping[str, str]
    settings: Settings

    def venue(self, name: str = "blue-note", *, currency: str = "USD", providers: tuple[str, ...] = ("stripe",)) -> str:
        """A venue with a fresh account at each of `providers`."""
        with self.database.begin() as conn:
            conn.execute(
                sa.text("INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, :currency)"),
                {"id": name, "currency": currency},
            )
        for provider in providers:
            self.sim(provider, "PUT", "accounts", credential=key(name, provider), account_id=account(name), name=name)
            self.engine.connect(name, provider, {PARTS[provider]: key(name, provider)}, environment="production")
        return name

    def sim(self, provider: str, method: str, path: str, **body: Any) -> Any:
        """A call to a simulator's control endpoint."""
        answer = requests.request(method, f"{self.bases[provider]}/_sim/{path}", json=body or None, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def objects(self, provider: str, venue: str, collection: str) -> list[dict[str, Any]]:
        """What the provider holds of a venue's account, deleted objects included."""
        return self.sim(provider, "GET", f"accounts/{account(venue)}/objects/{collection}")["objects"]

    def calls(self, provider: str) -> dict[str, Any]:
        """What was called since `forget_calls`."""
        return self.sim(provider, "GET", "calls")

    def forget_calls(self) -> None:
        """Count calls from now on."""
        for provider in self.bases:
            self.sim(provider, "DELETE", "calls")

    def faults(self, provider: str, *faults: Mapping[str, Any], seed: int = 1) -> None:
        """Let the provider misbehave."""
        self.sim(provider, "POST", "faults", seed=seed, faults=list(faults))

    def no_faults(self, provider: str) -> None:
        """Let the provider behave again."""
        self.sim(provider, "DELETE", "faults")

    def connection(self, venue: str, provider: str) -> Connection:
        """The venue's connection as it stands."""
        with self.database.connect() as conn:
            found = connections.find(conn, venue, provider)
        assert found is not None
        return found

    def sync(self, venue: str, provider: str, entity: str, mode: Mode | None = None) -> EntityReport:
        """One sync, whatever comes of it."""
        return self.engine.sync(self.connection(venue, provider), entity, mode=mode or Mode(), run_id="test")

    def insert(self, table: str, venue: str, **values: Any) -> None:
        """A new row of the venue's."""
        row = {"venue_id": venue, **values}
        names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        self.sql(f"INSERT INTO venue.{table} ({names}) VALUES ({places})", **row)

    def sql(self, statement: str, **values: Any) -> None:
        """A change in the database, committed."""
        with self.database.begin() as conn:
            conn.execute(sa.text(statement), values)

    def rows(self, query: str, **values: Any) -> list[Any]:
        """The rows of a query."""
        with self.database.connect() as conn:
            return [tuple(row) for row in conn.execute(sa.text(query), values)]


def key(venue: str, provider: str) -> str:
    """The venue's credential at a simulator."""
    return KEYS[provider].format(venue=venue.replace("-", "_") if provider == "stripe" else venue)


def account(venue: str) -> str:
    """The venue's account id at a simulator."""
    return f"acct_{venue.replace('-', '')}"


def unhurried(specs: Mapping[str, ProviderSpec]) -> dict[str, ProviderSpec]:
    """The declarations with allowances that no test waits for."""
    plenty = RateSpec(per_second=5_000)
    return {
        name: spec.model_copy(
            update={"limits": spec.limits.model_copy(update={"production": plenty, "sandbox": plenty})}
        )
        for name, spec in specs.items()
    }


def fresh_simulators() -> dict[str, Simulator]:
    """A simulator of each provider, without accounts and without files."""
    return {"stripe": StripeSimulator(), "square": SquareSimulator()}


@contextmanager
def world(
    database: sa.Engine, home: Path, simulators: Callable[[], Mapping[str, Simulator]] = fresh_simulators
) -> Iterator[World]:
    """A world on `database`, with simulators of its own that have no rate limits."""
    with ExitStack() as stack:
        bases = {name: stack.enter_context(running(simulator)) for name, simulator in simulators().items()}
        for base in bases.values():
            unlimited = {"per_second": None, "per_endpoint_per_second": None}
            requests.put(f"{base}/_sim/limits", json=unlimited, timeout=10).raise_for_status()
        environ = {"VENUE_SYNC_HOME": str(home)} | {f"{name.upper()}_API_BASE": base for name, base in bases.items()}
        settings = read_settings(environ)
        engine = open_engine_for(settings, database, specs=unhurried(load_providers(DEFS)), templates=mappings.FOLDER)
        yield World(database=database, engine=engine, bases=bases, settings=settings)
