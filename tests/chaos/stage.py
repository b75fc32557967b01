"""The stage of a run: a server, simulators, accounts, and all our processes, everything in processes of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import requests
import sqlalchemy as sa

import mappings
from benchmarks.crowd import PROVIDERS, Account, open_account
from benchmarks.doors import Doors, opened, until
from sync_api.signing import sign
from sync_core.clock import SystemClock
from sync_core.settings import Settings, read_settings
from sync_core.sync.engine import Engine, open_engine_for
from tests.chaos.hands import HANDS, Hand
from tests.chaos.script import Script, insisting
from tests.chaos.server import Server, server
from tests.chaos.trail import Trail
from tests.chaos.victims import Victim, Victims, at_work
from tests.chaos.worker import impatient
from tests.e2e.visitor import Visitor

BY_CONSENT: Final = ("square", "quickbooks", "mailchimp")
"""Connected by OAuth; Stripe by key."""
WEBHOOKS: Final = {"duplicates": 0.2, "reordered": 0.3, "bad_signatures": 0.05, "delay_seconds": 0.05}
_STALE = """
UPDATE sync.work SET seen_at = seen_at - interval '1 hour', claimed_at = claimed_at - interval '1 hour'
WHERE status = 'running' AND claimed_by = :name
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything of one run."""

    server: Server
    doors: Doors
    engine: Engine
    victims: Victims
    visitor: Visitor
    accounts: Mapping[str, Mapping[str, Account]]
    hands: Mapping[str, Mapping[str, Hand]]
    trail: Trail
    script: Script

    @property
    def venues(self) -> list[str]:
        """Their ids."""
        return list(self.accounts)

    def sql(self, statement: str, **values: Any) -> Any:
        """A statement that may run twice, as soon as the database is there."""
        return insisting(self.doors.database, statement, values)

    def faults(self, provider: str, faults: list[dict[str, Any]], *, seed: int) -> None:
        """Another weather."""
        self.doors.sim(provider, "POST", "faults", faults=faults, seed=seed)

    def fired(self) -> dict[str, int]:
        """How often what really went wrong at the providers, by kind."""
        counted: dict[str, int] = {}
        for provider in PROVIDERS:
            for kind, number in self.doors.sim(provider, "GET", "faults")["fired"].items():
                counted[kind] = counted.get(kind, 0) + number
        return counted


@contextmanager
def stage(folder: Path, *, venues: int, people: int, things: int, workers: int, chance: Random) -> Iterator[Stage]:
    """Everything up, connected, and nothing synced yet."""
    with ExitStack() as stack:
        postgres = stack.enter_context(server())
        doors = stack.enter_context(opened(folder, postgres.own.url))
        doors.environ["VENUE_SYNC_API_PER_MINUTE"] = "100000"
        doors.environ["VENUE_SYNC_WORKERS"] = "8"
        names = [f"hall-{place}" for place in range(venues)]
        for name in names:
            doors.venue(name)
        accounts = {
            name: {provider: open_account(doors.bases[provider], provider, name) for provider in PROVIDERS}
            for name in names
        }
        hands = {
            name: {provider: HANDS[provider](account) for provider, account in mine.items()}
            for name, mine in accounts.items()
        }
        for mine in hands.values():
            for hand in mine.values():
                stack.callback(hand.close)
        settings = read_settings(doors.environ)
        # Before anybody else is there: whoever comes first makes the key that signs it.
        visitor = Visitor(doors, _token(doors, settings, names))
        victims = stack.enter_context(at_work(_everyone(doors, workers), lambda: postgres.crashed_at))
        until(lambda: _answers(doors), seconds=90)
        _connect(doors, visitor, accounts)
        for place, provider in enumerate(PROVIDERS):
            doors.sim(provider, "DELETE", "calls")
            doors.sim(provider, "PUT", "limits", per_second=None, per_endpoint_per_second=None)
            doors.tell(provider, at_once=16, seed=place, **WEBHOOKS)
        engine = open_engine_for(settings, doors.database, specs=impatient(), templates=mappings.FOLDER)
        trail = Trail(folder / "script.log")
        script = Script(doors.database, hands, trail, chance)
        script.found(people, things)
        yield Stage(postgres, doors, engine, victims, visitor, accounts, hands, trail, script)


def _token(doors: Doors, settings: Settings, venues: Sequence[str]) -> str:
    """A venue_admin's of all venues."""
    now = SystemClock().now()
    made = sign(settings, subject="chaos", role="venue_admin", venues=venues, now=now, lasting=timedelta(hours=1))
    doors.secrets["token of the script"] = made
    return made


def _everyone(doors: Doors, workers: int) -> list[Victim]:
    port = doors.address.rpartition(":")[2]
    api = ("-m", "sync_defs", "--debug", "api", "--port", port)
    return [
        Victim("api", api, doors.logs / "api.log", doors.environ),
        *(
            Victim(
                name,
                ("-m", "tests.chaos.worker", name),
                doors.logs / f"{name}.log",
                doors.environ,
                before=partial(_half_an_hour_later, doors.database, name),
            )
            for name in (f"worker-{place}" for place in range(workers))
        ),
    ]


def _half_an_hour_later(database: sa.Engine, name: str) -> None:
    """What a dead worker had in hand goes to another one after half an hour, and nobody here waits that long."""
    insisting(database, _STALE, {"name": name})


def _answers(doors: Doors) -> bool:
    try:
        return requests.get(f"{doors.address}/health/ready", timeout=5).ok
    except requests.RequestException:
        return False


def _connect(doors: Doors, visitor: Visitor, accounts: Mapping[str, Mapping[str, Account]]) -> None:
    for venue, mine in accounts.items():
        for provider, account in mine.items():
            doors.secrets[f"{venue}/{provider}: key of the account"] = account.key
        key = {"apiKey": mine["stripe"].key}
        visitor.data("POST", "/connect/stripe", venueId=venue, credentials=key, environment="production")
        for provider in BY_CONSENT:
            visitor.let_in(visitor.page(provider, venue), provider, venue, mine[provider].id)
