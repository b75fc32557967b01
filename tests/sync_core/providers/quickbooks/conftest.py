"""A QuickBooks company on a simulator whose time is the test's own, and the client bound to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync_core.providers.protocol import Provider
from sync_core.providers.quickbooks import connect
from sync_sims.quickbooks import QuickBooksSimulator, Terms
from sync_sims.wire import UNLIMITED
from tests.fakes import FakeClock
from tests.sync_core.providers.outside import ACCOUNT, Outside, account_at, spec_of

TOKEN = "eyJ-test-token-of-hall-7"
ENTITIES = (
    "customers",
    "items",
    "sales_receipts",
    "invoices",
    "payments",
    "refund_receipts",
    "deposits",
    "bills",
    "bill_payments",
    "purchases",
    "reports",
)


@dataclass(frozen=True)
class QuickBooksCompany:
    """Both sides of the wire."""

    outside: Outside
    session: requests.Session
    provider: Provider
    clock: FakeClock
    terms: Terms

    def by_hand(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        """What an accountant does in QuickBooks."""
        answer = requests.request(
            method,
            f"{self.outside.base}/v3/company/{ACCOUNT}/{path}",
            params={"minorversion": "75", **params},
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"},
            timeout=5,
        )
        assert answer.ok, answer.text
        return answer.json()


def bound(outside: Outside, session: requests.Session, clock: FakeClock, *, token: str = TOKEN) -> Provider:
    return connect(
        spec=spec_of("quickbooks", version="75", entities=ENTITIES),
        session=session,
        base=outside.base,
        secret={"access_token": token, "realm_id": ACCOUNT},
        sandbox=True,
        clock=clock,
    )


@pytest.fixture
def quickbooks() -> Iterator[QuickBooksCompany]:
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
    terms = Terms()
    simulator = QuickBooksSimulator(limits=UNLIMITED, clock=lambda: clock.now().timestamp(), terms=terms)
    with account_at(simulator, clock=clock, credential=TOKEN) as (outside, session):
        yield QuickBooksCompany(outside, session, bound(outside, session, clock), clock, terms)
