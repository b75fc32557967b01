"""A Square seller on a simulator whose time is the test's own, and the client bound to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import requests

from sync_core.providers.protocol import Provider
from sync_core.providers.square import connect
from sync_sims.square import SquareSimulator, Terms
from sync_sims.wire import UNLIMITED
from tests.fakes import FakeClock
from tests.sync_core.providers.outside import Outside, account_at, spec_of

TOKEN = "EAAAEtest-token-of-hall-7"
ENTITIES = (
    "products",
    "customers",
    "inventory",
    "payments",
    "refunds",
    "orders",
    "loyalty_accounts",
    "loyalty_points",
)


@dataclass(frozen=True)
class SquareAccount:
    """Both sides of the wire."""

    outside: Outside
    session: requests.Session
    provider: Provider
    clock: FakeClock
    terms: Terms

    def archiving(self) -> Provider:
        """A client whose declaration archives products instead of deleting them."""
        return bound(self.outside, self.session, self.clock, on_delete="archive")


def bound(outside: Outside, session: requests.Session, clock: FakeClock, *, on_delete: str = "delete") -> Provider:
    spec = spec_of("square", version="2026-09-16", on_delete=on_delete, entities=ENTITIES)
    return connect(
        spec=spec, session=session, base=outside.base, secret={"access_token": TOKEN}, sandbox=True, clock=clock
    )


@pytest.fixture
def square() -> Iterator[SquareAccount]:
    # The simulator's Date header is the machine's; its own time starts there and moves with the test.
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
    terms = Terms(unknown_fields="refuse")
    simulator = SquareSimulator(limits=UNLIMITED, now=clock.now, terms=terms)
    with account_at(simulator, clock=clock, credential=TOKEN) as (outside, session):
        yield SquareAccount(outside, session, bound(outside, session, clock), clock, terms)
