"""The stage for a measurement: a database, simulators in a process of their own, and an engine without rate limits."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

import mappings
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec, RateSpec
from sync_core.store import connections
from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import upgrade
from sync_core.sync.engine import Engine, open_engine_for
from sync_core.sync.report import EntityReport, Mode

DEFS = Path(__file__).parents[1] / "sync_defs" / "defs"
KEYS = {
    "stripe": "sk_test_bench_{venue}",
    "square": "EAAA-bench-{venue}",
    "quickbooks": "eyJ-bench-{venue}",
    "mailchimp": "0bench{venue}-us19",
}
PARTS: Mapping[str, Callable[[str, str], dict[str, str]]] = {
    "stripe": lambda key, _: {"api_key": key},
    "square": lambda key, _: {"access_token": key},
    "quickbooks": lambda key, company: {"access_token": key, "realm_id": company},
    "mailchimp": lambda key, _: {"api_key": key},
}
"""What a venue connects with, of its key and its account's id."""

_SIMULATORS = """
import json, signal, sys
from contextlib import ExitStack
from sync_sims.mailchimp.simulator import MailchimpSimulator
from sync_sims.quickbooks.simulator import QuickBooksSimulator
from sync_sims.server import running
from sync_sims.square.simulator import SquareSimulator
from sync_sims.stripe.simulator import StripeSimulator
with ExitStack() as stack:
    made = {"stripe": StripeSimulator(), "square": SquareSimulator(), "quickbooks": QuickBooksSimulator()}
    made["mailchimp"] = MailchimpSimulator()
    print(json.dumps({name: stack.enter_context(running(sim)) for name, sim in made.items()}), flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a measurement plays on. `url` is the database's address, `home` the folder of its keys."""

    database: sa.Engine
    engine: Engine
    bases: dict[str, str]
    url: str
    home: str

    def venues(self, names: list[str], *, provider: str) -> None:
        """Venues with an account each."""
        for name in names:
            with self.database.begin() as conn:
                conn.execute(
                    sa.text(
                        "INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, 'USD') ON CONFLICT DO NOTHING"
                    ),
                    {"id": name},
                )
            key = KEYS[provider].format(venue=name)
            body = {"credential": key, "account_id": f"acct_{name}", "name": name}
            requests.put(f"{self.bases[provider]}/_sim/accounts", json=body, timeout=30).raise_for_status()
            secret = PARTS[provider](key, f"acct_{name}")
            self.engine.connect(name, provider, secret, environment="production")

    def customers(self, venue: str, count: int) -> None:
        """`count` customers of a venue."""
        with self.database.begin() as conn:
            conn.execute(
                sa.text(
                    "INSERT INTO venue.customers (venue_id, id, given_name, family_name, email, city, country) "
                    "SELECT :venue, 'c' || n, 'Given ' || n, 'Family ' || n, 'c' || n || '@example.com', 'Cork', 'IE' "
                    "FROM generate_series(1, :count) AS n"
                ),
                {"venue": venue, "count": count},
            )

    def products(self, venue: str, count: int) -> None:
        """`count` products of a venue."""
        with self.database.begin() as conn:
            conn.execute(
                sa.text(
                    "INSERT INTO venue.products (venue_id, id, kind, name, price_minor, currency, sku) "
                    "SELECT :venue, 'p' || n, 'ticket', 'Seat ' || n, n, 'USD', 'S' || n "
                    "FROM generate_series(1, :count) AS n"
                ),
                {"venue": venue, "count": count},
            )

    def sync(self, venue: str, provider: str, entity: str, mode: Mode | None = None) -> EntityReport:
        """One sync that must succeed."""
        with self.database.connect() as conn:
            connection = connections.find(conn, venue, provider)
        if connection is None:
            raise SystemExit(f"{venue} is not connected to {provider}")
        report = self.engine.sync(connection, entity, mode=mode or Mode(), run_id="benchmark")
        if report.status != "succeeded":
            raise SystemExit(f"{venue}/{provider}/{entity}: {report.error}")
        return report


@contextmanager
def stage() -> Iterator[Stage]:
    """Everything up, and down again afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="venue-sync-bench-") as folder,
        subprocess.Popen([sys.executable, "-c", _SIMULATORS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sims,
    ):
        server = EmbeddedPostgres(Path(folder))
        server.start()
        try:
            if sims.stdout is None:
                raise SystemExit("the simulators have no output")
            bases: dict[str, str] = json.loads(sims.stdout.readline())
            for base in bases.values():
                unlimited = {"per_second": None, "per_endpoint_per_second": None}
                requests.put(f"{base}/_sim/limits", json=unlimited, timeout=30).raise_for_status()
            on = on_stage(server.url, bases, folder)
            yield on
            on.database.dispose()
        finally:
            if sims.stdin is not None:
                sims.stdin.close()
            server.stop()
            server.remove()


def on_stage(url: str, bases: dict[str, str], home: str) -> Stage:
    """The engine on a database and simulators that run already."""
    database = open_engine(url)
    upgrade(database)
    environ = {"VENUE_SYNC_HOME": home} | {f"{name.upper()}_API_BASE": at for name, at in bases.items()}
    specs = {name: _unlimited(spec) for name, spec in load_providers(DEFS).items()}
    engine = open_engine_for(read_settings(environ), database, specs=specs, templates=mappings.FOLDER)
    return Stage(database, engine, bases, url, home)


def _unlimited(spec: ProviderSpec) -> ProviderSpec:
    plenty = RateSpec(per_second=100_000)
    return spec.model_copy(update={"limits": spec.limits.model_copy(update={"production": plenty})})


def timed(work: Any) -> tuple[float, Any]:
    """Seconds that `work()` took, and what it returned."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
