"""A Mailchimp account with one audience, on a simulator whose time is the test's own, and the client bound to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync_core.providers.mailchimp import connect
from sync_core.providers.mailchimp.contact import hash_of
from sync_core.providers.protocol import Provider
from sync_sims.mailchimp.simulator import MailchimpSimulator
from sync_sims.wire import UNLIMITED
from tests.fakes import FakeClock
from tests.sync_core.providers.outside import Outside, account_at, spec_of

KEY = "0123456789abcdef0123456789abcdef-us19"
ENTITIES = ("members", "store_products", "store_orders", "campaigns", "journey_triggers")


@dataclass(frozen=True)
class MailchimpAccount:
    """Both sides of the wire."""

    outside: Outside
    session: requests.Session
    provider: Provider
    clock: FakeClock

    def bound(self, *, on_delete: str = "archive", list_id: str | None = None) -> Provider:
        """Another client of the account."""
        return bound(self.outside, self.session, self.clock, on_delete=on_delete, list_id=list_id)

    def at_mailchimp(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """What somebody does or sees there without us."""
        headers = {"Authorization": f"Bearer {KEY}"}
        address = f"{self.outside.base}/3.0{path}"
        answer = requests.request(method, address, json=body, params=params, headers=headers, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    @property
    def list_id(self) -> str:
        """The audience."""
        return self.at_mailchimp("GET", "/lists")["lists"][0]["id"]

    def member(self, address: str) -> Any:
        """One contact as it is at Mailchimp."""
        return self.at_mailchimp("GET", f"/lists/{self.list_id}/members/{hash_of(address)}")

    def add(self, address: str, status: str = "subscribed", **merge_fields: str) -> Any:
        """Somebody signs up without us."""
        body = {"email_address": address, "status": status, "merge_fields": merge_fields}
        return self.at_mailchimp("POST", f"/lists/{self.list_id}/members", body)

    def change(self, address: str, **fields: Any) -> Any:
        """Somebody changes a contact without us."""
        return self.at_mailchimp("PATCH", f"/lists/{self.list_id}/members/{hash_of(address)}", fields)

    def archive(self, address: str) -> None:
        """Somebody puts a contact away."""
        self.at_mailchimp("DELETE", f"/lists/{self.list_id}/members/{hash_of(address)}")


def bound(
    outside: Outside, session: requests.Session, clock: FakeClock, *, on_delete: str, list_id: str | None = None
) -> Provider:
    spec = spec_of("mailchimp", version="3.0", entities=ENTITIES)
    members = spec.entities["members"].model_copy(update={"on_delete": on_delete})
    spec = spec.model_copy(update={"entities": {**spec.entities, "members": members}})
    secret = {"api_key": KEY} | ({"list_id": list_id} if list_id else {})
    return connect(spec=spec, session=session, base=outside.base, secret=secret, sandbox=False, clock=clock)


@pytest.fixture
def mailchimp() -> Iterator[MailchimpAccount]:
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
    simulator = MailchimpSimulator(limits=UNLIMITED, clock=lambda: clock.now().timestamp())
    with account_at(simulator, clock=clock, credential=KEY) as (outside, session):
        yield MailchimpAccount(outside, session, bound(outside, session, clock, on_delete="archive"), clock)
