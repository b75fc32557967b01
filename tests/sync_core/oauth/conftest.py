"""Venues, an engine and the four simulated providers with an application of ours at each; time passes when told to."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
import sqlalchemy as sa

import mappings
from sync_core.mapping.compile import Mapping as Mapped
from sync_core.mapping.compile import load_mappings
from sync_core.oauth import Callback, Connected, begin, complete
from sync_core.settings import read_settings
from sync_core.spec.load import load_providers
from sync_core.spec.provider import ProviderSpec
from sync_core.store import connections, tokens
from sync_core.store.connections import Connection
from sync_core.store.tokens import Standing
from sync_core.sync.engine import Engine
from sync_core.vault.cache import DataKeyCache
from sync_core.vault.credentials import Vault
from sync_core.vault.local import LocalKeyring
from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.server import running
from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import UNLIMITED, Simulator
from tests.fakes import FakeClock
from tests.world import DEFS, unhurried

CALLBACK = "https://venues.example/callback"
SECRETS = {name: f"sk_test_{name}_application" for name in ("stripe", "square", "mailchimp", "quickbooks")}
LIVES = {"quickbooks": {"access": 3_600.0, "rotate_after": 86_400.0, "grace": 86_400.0}}
ENTITY = {"stripe": "customers", "square": "customers", "mailchimp": "members", "quickbooks": "customers"}


@dataclass(frozen=True)
class Place:
    """Everything that a connection by OAuth needs."""

    engine: Engine
    clock: FakeClock
    bases: Mapping[str, str]
    environ: Mapping[str, str] = field(repr=False)

    @property
    def master_key(self) -> Path:
        """The file of the local master key."""
        return Path(self.environ["VENUE_SYNC_HOME"]) / "local-master.key"

    def sim(self, provider: str, method: str, path: str, **body: Any) -> Any:
        """A call to a simulator's control endpoint."""
        answer = requests.request(method, f"{self.bases[provider]}/_sim/{path}", json=body or None, timeout=10)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def counts(self, provider: str) -> dict[str, int]:
        """What the authorisation server granted and refused."""
        return self.sim(provider, "GET", "grants")["counts"]

    def venue(self, name: str, *providers: str) -> str:
        """A venue with an account of its own name at each of these providers, not connected yet."""
        with self.engine.database.begin() as conn:
            conn.execute(
                sa.text("INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, 'USD')"), {"id": name}
            )
        for provider in providers:
            key = f"{name}-us19" if provider == "mailchimp" else f"key_of_{name}"
            self.sim(provider, "PUT", "accounts", credential=key, account_id=account(name), name=name)
        return name

    def begin(self, venue: str, provider: str, **more: Any) -> str:
        """The address that a person is sent to."""
        asked: dict[str, Any] = {"environment": "production", "user": "ada", "redirect_uri": CALLBACK}
        return begin(self.engine, venue, provider, **(asked | more)).url

    def answer(self, url: str, *, venue: str, decision: str = "allow") -> dict[str, str]:
        """What a person brings back who opens `url` and decides."""
        page = requests.get(url, timeout=10)
        assert page.status_code == 200, page.text
        fields = dict(parse_qsl(urlsplit(url).query)) | {"decision": decision, "account": account(venue)}
        back = requests.post(url.partition("?")[0], data=fields, allow_redirects=False, timeout=10)
        assert back.status_code == 302, back.text
        return {name: values[0] for name, values in parse_qs(urlsplit(back.headers["location"]).query).items()}

    def connect(self, venue: str, provider: str, **more: Any) -> Connected:
        """The whole dance."""
        came = self.answer(self.begin(venue, provider, **more), venue=venue)
        return complete(self.engine, Callback(provider, came, user="ada"))

    def connection(self, venue: str, provider: str) -> Connection:
        """How the connection stands."""
        with self.engine.database.connect() as conn:
            found = connections.find(conn, venue, provider)
        assert found is not None
        return found

    def standing(self, venue: str, provider: str) -> Standing:
        """How its tokens stand."""
        with self.engine.database.connect() as conn:
            found = tokens.standing(conn, self.connection(venue, provider).id)
        assert found is not None
        return found

    def rows(self, query: str, **values: Any) -> list[Any]:
        """The rows of a query."""
        with self.engine.database.connect() as conn:
            return [tuple(row) for row in conn.execute(sa.text(query), values)]


def account(venue: str) -> str:
    """A venue's account at every provider; for QuickBooks a company's id is digits."""
    return str(1_000_000 + sum(venue.encode()))


@pytest.fixture(scope="session")
def declared() -> tuple[Mapping[str, ProviderSpec], Mapping[tuple[str, str], Mapped]]:
    """The declarations and their mappings, read once."""
    specs = unhurried(load_providers(DEFS))
    return specs, load_mappings(specs, mappings.FOLDER)


@pytest.fixture(scope="session")
def outside() -> Iterator[tuple[FakeClock, dict[str, str]]]:
    """The four providers by one clock, and where they listen."""
    clock = FakeClock()

    def seconds() -> float:
        return clock.now().timestamp()

    simulators: dict[str, Simulator] = {
        "stripe": StripeSimulator(limits=UNLIMITED, clock=seconds),
        "square": SquareSimulator(now=clock.now),
        "mailchimp": MailchimpSimulator(limits=UNLIMITED, clock=seconds),
        "quickbooks": QuickBooksSimulator(limits=UNLIMITED, clock=seconds),
    }
    with ExitStack() as stack:
        yield clock, {name: stack.enter_context(running(simulator)) for name, simulator in simulators.items()}


@pytest.fixture
def place(
    outside: tuple[FakeClock, dict[str, str]],
    declared: tuple[Mapping[str, ProviderSpec], Mapping[tuple[str, str], Mapped]],
    database: sa.Engine,
    tmp_path: Path,
) -> Place:
    """A place where nobody is connected yet."""
    clock, bases = outside
    environ = {"VENUE_SYNC_HOME": str(tmp_path)}
    for name, base in bases.items():
        environ |= {f"{name.upper()}_{kind}": base for kind in ("API_BASE", "OAUTH_BASE")}
        environ |= {f"{name.upper()}_CLIENT_ID": f"id-{name}", f"{name.upper()}_CLIENT_SECRET": SECRETS[name]}
    keyring = LocalKeyring(tmp_path / "local-master.key", environment="development")
    engine = Engine(
        database=database,
        specs=declared[0],
        mappings=declared[1],
        vault=Vault(DataKeyCache(keyring, clock=clock)),
        settings=read_settings(environ),
        clock=clock,
    )
    made = Place(engine, clock, bases, environ)
    for name in bases:
        made.sim(name, "POST", "reset")
        made.sim(name, "PUT", "grants", **LIVES.get(name, {}))
        made.sim(name, "PUT", "applications", client_id=f"id-{name}", secret=SECRETS[name], redirect_uris=[CALLBACK])
    return made
