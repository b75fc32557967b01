"""People at the providers: customers of an account, made and renamed one by one through the provider's public API."""

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import requests

from sync_defs.demo.world import OPENINGS

PROVIDERS: Final = tuple(OPENINGS)
SLOW_DOWN: Final = 429
PAUSE: Final = 0.2
_here = threading.local()


@dataclass(slots=True)
class Person:
    """A customer at a provider: the id and first name there, and what the next change must say (QuickBooks' SyncToken)."""

    id: str
    name: str
    version: str = ""


@dataclass(slots=True)
class Account:
    """A venue's account at one provider, and who is in it. Changes go in by the seller's own key."""

    provider: str
    venue: str
    base: str
    id: str
    key: str = field(repr=False)
    audience: str = ""
    people: list[Person] = field(default_factory=list[Person])

    @property
    def credential(self) -> dict[str, str]:
        """What a venue connects with by key."""
        names = {"stripe": "api_key", "mailchimp": "api_key"}
        return {names.get(self.provider, "access_token"): self.key, **OPENINGS[self.provider].parts(self.id)}

    def invite(self, number: int) -> None:
        """So many new customers."""
        for _ in range(number):
            self.people.append(_WAYS[self.provider].make(self, f"guest{next(_numbers)}"))

    def rename(self, person: Person, given_name: str) -> None:
        """Give a customer another first name, with one call."""
        _WAYS[self.provider].rename(self, person, given_name)
        person.name = given_name

    def ask(self, method: str, path: str, **how: Any) -> Any:
        """The provider's answer; who is told to slow down does so. Raises HTTPError when it refuses."""
        session: requests.Session | None = getattr(_here, "session", None)
        if session is None:
            session = _here.session = requests.Session()
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        while True:
            answer = session.request(method, f"{self.base}{path}", headers=headers, timeout=60, **how)
            if answer.status_code != SLOW_DOWN:
                break
            time.sleep(PAUSE)
        answer.raise_for_status()
        return answer.json()


def open_account(base: str, provider: str, venue: str) -> Account:
    """A fresh account of a venue at a simulated provider."""
    opening = OPENINGS[provider]
    account = Account(provider, venue, base, opening.account(), opening.key())
    body = {"credential": account.key, "account_id": account.id, "name": venue}
    requests.put(f"{base}/_sim/accounts", json=body, timeout=60).raise_for_status()
    if provider == "mailchimp":
        account.audience = account.ask("GET", "/3.0/lists")["lists"][0]["id"]
    return account


@dataclass(frozen=True, slots=True)
class _Ways:
    """How one provider's customers are made and renamed."""

    make: Callable[[Account, str], Person]
    rename: Callable[[Account, Person, str], None]


_numbers = itertools.count(1)


def _stripe_make(account: Account, name: str) -> Person:
    made = account.ask("POST", "/v1/customers", data={"name": name, "email": f"{name}@example.com"})
    return Person(made["id"], name)


def _stripe_rename(account: Account, person: Person, given_name: str) -> None:
    account.ask("POST", f"/v1/customers/{person.id}", data={"name": given_name})


def _square_make(account: Account, name: str) -> Person:
    body = {"idempotency_key": secrets.token_hex(16), "given_name": name, "email_address": f"{name}@example.com"}
    return Person(account.ask("POST", "/v2/customers", json=body)["customer"]["id"], name)


def _square_rename(account: Account, person: Person, given_name: str) -> None:
    account.ask("PUT", f"/v2/customers/{person.id}", json={"given_name": given_name})


def _mailchimp_make(account: Account, name: str) -> Person:
    body = {"email_address": f"{name}@venue-guests.com", "status": "subscribed", "merge_fields": {"FNAME": name}}
    return Person(account.ask("POST", f"/3.0/lists/{account.audience}/members", json=body)["id"], name)


def _mailchimp_rename(account: Account, person: Person, given_name: str) -> None:
    path = f"/3.0/lists/{account.audience}/members/{person.id}"
    account.ask("PATCH", path, json={"merge_fields": {"FNAME": given_name}})


def _quickbooks_make(account: Account, name: str) -> Person:
    made = _quickbooks(account, {"DisplayName": name, "GivenName": name})
    return Person(made["Id"], name, made["SyncToken"])


def _quickbooks_rename(account: Account, person: Person, given_name: str) -> None:
    change = {"Id": person.id, "SyncToken": person.version, "sparse": True, "GivenName": given_name}
    person.version = _quickbooks(account, change)["SyncToken"]


def _quickbooks(account: Account, body: Mapping[str, Any]) -> Any:
    path = f"/v3/company/{account.id}/customer"
    return account.ask("POST", path, params={"minorversion": "75"}, json=body)["Customer"]


_WAYS: Final[Mapping[str, _Ways]] = {
    "stripe": _Ways(_stripe_make, _stripe_rename),
    "square": _Ways(_square_make, _square_rename),
    "mailchimp": _Ways(_mailchimp_make, _mailchimp_rename),
    "quickbooks": _Ways(_quickbooks_make, _quickbooks_rename),
}
