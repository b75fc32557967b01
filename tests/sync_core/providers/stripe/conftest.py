"""A Stripe account on a simulator whose time is the test's own, and the client bound to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import requests

from sync_core.providers.protocol import Provider
from sync_core.providers.stripe import connect
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import UNLIMITED
from tests.fakes import FakeClock
from tests.sync_core.providers.outside import Outside, account_at, spec_of

KEY = "sk_test_abc"
ENTITIES = ("products", "customers", "charges", "payment_intents", "refunds", "balance_transactions")


@dataclass(frozen=True)
class StripeAccount:
    """Both sides of the wire."""

    outside: Outside
    session: requests.Session
    provider: Provider
    clock: FakeClock

    def archiving(self) -> Provider:
        """A client whose declaration archives products instead of deleting them."""
        return bound(self.outside, self.session, self.clock, on_delete="archive")


def bound(outside: Outside, session: requests.Session, clock: FakeClock, *, on_delete: str = "delete") -> Provider:
    spec = spec_of("stripe", version="2026-10-28.endive", on_delete=on_delete, entities=ENTITIES)
    return connect(spec=spec, session=session, base=outside.base, secret={"api_key": KEY}, sandbox=True, clock=clock)


@pytest.fixture
def stripe() -> Iterator[StripeAccount]:
    # The simulator's Date header is the machine's; its own time starts there and moves with the test.
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
    simulator = StripeSimulator(limits=UNLIMITED, clock=lambda: clock.now().timestamp())
    with account_at(simulator, clock=clock, credential=KEY) as (outside, session):
        yield StripeAccount(outside, session, bound(outside, session, clock), clock)
