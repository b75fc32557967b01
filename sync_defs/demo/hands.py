"""The hands of people at the providers: each edits one record through the provider's public API with the venue's key."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from sync_core.errors import ProviderRefused

TIMEOUT = 60
TRIES = 60
SECONDS_BETWEEN_TRIES = 1.0
SLOW_DOWN = 429


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody sits: the provider's address and the venue's credential."""

    base: str
    key: str = field(repr=False)
    parts: Mapping[str, str] = field(repr=False)

    def ask(self, method: str, path: str, **how: Any) -> Any:
        """The provider's answer; who is told to slow down does so. Raises ProviderRefused when there is none."""
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        for _ in range(TRIES):
            answer = requests.request(method, f"{self.base}{path}", headers=headers, timeout=TIMEOUT, **how)
            if answer.ok:
                return answer.json()
            if answer.status_code != SLOW_DOWN:
                raise ProviderRefused(f"The provider answers {answer.status_code} to an edit of the demo.")
            time.sleep(SECONDS_BETWEEN_TRIES)
        raise ProviderRefused(f"The provider asked an edit of the demo to slow down {TRIES} times.")


Change = Callable[[Desk, str, str], None]
"""Changes one record: the desk, the record's id at the provider, the new value."""


@dataclass(frozen=True, slots=True)
class Hand:
    """What somebody at a provider changes of customers, and how; `farewell` takes one off the mailing list.

    `bills` moves invoices on and names them.
    """

    what: str
    change: Change
    dearer: Callable[[Desk, str], None] | None = None
    farewell: Callable[[Desk, str], None] | None = None
    bills: Callable[[Desk], Sequence[str]] | None = None


def _stripe_phone(desk: Desk, customer: str, phone: str) -> None:
    desk.ask("POST", f"/v1/customers/{customer}", data={"phone": phone})


def _stripe_bills(desk: Desk) -> Sequence[str]:
    """Send what is drafted; note that what was sent before has been paid in cash."""
    sent, drafted = (
        [found["id"] for found in desk.ask("GET", "/v1/invoices", params={"status": status})["data"]]
        for status in ("open", "draft")
    )
    for invoice in sent:
        desk.ask("POST", f"/v1/invoices/{invoice}/pay", data={"paid_out_of_band": "true"})
    for invoice in drafted:
        desk.ask("POST", f"/v1/invoices/{invoice}/finalize")
    return [*sent, *drafted]


def _square_phone(desk: Desk, customer: str, phone: str) -> None:
    found = desk.ask("GET", f"/v2/customers/{customer}")["customer"]
    desk.ask("PUT", f"/v2/customers/{customer}", json={"phone_number": phone, "version": found["version"]})


def _square_dearer(desk: Desk, item: str) -> None:
    found = desk.ask("GET", f"/v2/catalog/object/{item}")["object"]
    for variation in found["item_data"]["variations"]:
        price = variation["item_variation_data"].get("price_money")
        if price is not None:
            price["amount"] += 100
    desk.ask("POST", "/v2/catalog/object", json={"idempotency_key": uuid.uuid4().hex, "object": found})


def _mailchimp_member(desk: Desk, contact: str) -> str:
    audience = (
        desk.parts.get("list_id") or desk.ask("GET", "/3.0/lists", params={"fields": "lists.id"})["lists"][0]["id"]
    )
    return f"/3.0/lists/{audience}/members/{contact}"


def _mailchimp_city(desk: Desk, contact: str, city: str) -> None:
    desk.ask("PATCH", _mailchimp_member(desk, contact), json={"merge_fields": {"CITY": city}})


def _mailchimp_farewell(desk: Desk, contact: str) -> None:
    desk.ask("PATCH", _mailchimp_member(desk, contact), json={"status": "unsubscribed"})


def _quickbooks_phone(desk: Desk, customer: str, phone: str) -> None:
    _quickbooks_change(desk, "Customer", customer, {"PrimaryPhone": {"FreeFormNumber": phone}})


def _quickbooks_dearer(desk: Desk, item: str) -> None:
    _quickbooks_change(desk, "Item", item, {"UnitPrice": _quickbooks_found(desk, "Item", item)["UnitPrice"] + 1})


def _quickbooks_found(desk: Desk, kind: str, record: str) -> Any:
    path = f"/v3/company/{desk.parts['realm_id']}/{kind.lower()}/{record}"
    return desk.ask("GET", path, params={"minorversion": "75"})[kind]


def _quickbooks_change(desk: Desk, kind: str, record: str, fields: Mapping[str, Any]) -> None:
    found = _quickbooks_found(desk, kind, record)
    change = {"Id": record, "SyncToken": found["SyncToken"], "sparse": True, **fields}
    path = f"/v3/company/{desk.parts['realm_id']}/{kind.lower()}"
    desk.ask("POST", path, params={"minorversion": "75"}, json=change)


HANDS: Mapping[str, Hand] = {
    "stripe": Hand("phone", _stripe_phone, bills=_stripe_bills),
    "square": Hand("phone", _square_phone, dearer=_square_dearer),
    "quickbooks": Hand("phone", _quickbooks_phone, dearer=_quickbooks_dearer),
    "mailchimp": Hand("city", _mailchimp_city, farewell=_mailchimp_farewell),
}
