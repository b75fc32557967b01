"""What a seller does in an account through the provider's public API: people, prices, payments; each of few words.

Nobody's edit is lost to ours by the script's own doing: where a provider has versions the newest is named, and an edit
that was overtaken is made again.
"""

from abc import ABC, abstractmethod
from typing import Any, Final

import requests

from benchmarks.crowd import Account

NAME: Final = "chaos-script"
"""Under which the script calls, so that its calls can be told from ours."""
TRIES: Final = 20
CARD: Final = {"payment_method": "pm_card_visa", "confirm": "true"}
NO_REDIRECTS: Final = {
    "automatic_payment_methods[enabled]": "true",
    "automatic_payment_methods[allow_redirects]": "never",
}
_MINOR: Final = {"minorversion": "75"}


class Overtaken(Exception):
    """Somebody else changed the object in between."""


class Hand(ABC):
    """A seller at work in one account. `own` is the venue's column that only this provider's people change."""

    own: str
    sells: bool = False
    collection: str | None = "customers"

    def __init__(self, account: Account) -> None:
        self.account = account
        self._session = requests.Session()
        self._session.headers.update(
            {"Authorization": f"Bearer {account.key}", "Accept": "application/json", "X-Request-Source": NAME}
        )

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    @abstractmethod
    def arrive(self, email: str, name: str) -> str:
        """Somebody new; their id there."""

    @abstractmethod
    def edit(self, person: str, column: str, value: str) -> None:
        """Give a person another value of `own` or of the phone."""

    def find(self, email: str) -> str | None:
        """The id of who has this address there, though nobody here may know yet; None where that cannot be told.

        At Mailchimp it is not asked: without keys or versions, a repeat of ours writes over what is edited at that moment.
        """
        if self.collection is None:
            return None
        path = f"/_sim/accounts/{self.account.id}/objects/{self.collection}"
        held = self._session.get(f"{self.account.base}{path}", timeout=30).json()["objects"]
        return next((self.id_of(one) for one in held if self.email_of(one) == email), None)

    def id_of(self, shown: Any) -> str:
        """A customer's id."""
        return shown["id"]

    def email_of(self, shown: Any) -> str | None:
        """A customer's e-mail address."""
        return shown.get("email")

    def reprice(self, product: str, minor: int) -> None:
        """Another price of something that is sold; only where `sells`."""
        raise NotImplementedError(product, minor)

    def pay(self, person: str, minor: int) -> None:
        """A person pays; only where they can."""
        raise NotImplementedError(person, minor)

    def again(self, method: str, path: str, **given: Any) -> Any:
        """A request that must succeed, or was overtaken."""
        answer = self._session.request(method, f"{self.account.base}{path}", timeout=30, **given)
        if answer.status_code in (400, 409) and any(word in answer.text for word in ("VERSION_MISMATCH", "5010")):
            raise Overtaken
        if answer.status_code == 409 and "CONFLICT" in answer.text:
            raise Overtaken
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()


def insist(deed: Any, *given: Any) -> None:
    """Do it until nobody was faster."""
    for _ in range(TRIES):
        try:
            deed(*given)
        except Overtaken:
            continue
        return
    raise AssertionError(f"somebody was faster {TRIES} times")


class AtStripe(Hand):
    """Customers, and payments by card. A part of an address is no column of its own: Stripe replaces the whole."""

    own = "note"

    def arrive(self, email: str, name: str) -> str:
        """See `Hand`."""
        return self.again("POST", "/v1/customers", data={"email": email, "name": name})["id"]

    def edit(self, person: str, column: str, value: str) -> None:
        """See `Hand`."""
        field = {"note": "description", "phone": "phone"}[column]
        self.again("POST", f"/v1/customers/{person}", data={field: value})

    def pay(self, person: str, minor: int) -> None:
        """See `Hand`."""
        fields = {"amount": str(minor), "currency": "usd", "customer": person, **CARD, **NO_REDIRECTS}
        self.again("POST", "/v1/payment_intents", data=fields)


class AtSquare(Hand):
    """Customers, prices in the catalogue, and payments at the till."""

    own = "region"
    sells = True
    _paid = 0

    def email_of(self, shown: Any) -> str | None:
        """See `Hand`."""
        return shown.get("email_address")

    def arrive(self, email: str, name: str) -> str:
        """See `Hand`."""
        body = {"idempotency_key": email, "email_address": email, "given_name": name}
        return self.again("POST", "/v2/customers", json=body)["customer"]["id"]

    def edit(self, person: str, column: str, value: str) -> None:
        """See `Hand`."""
        path = f"/v2/customers/{person}"
        shown = self.again("GET", path)["customer"]
        fields: dict[str, Any] = {"phone_number": value}
        if column == "region":
            fields = {"address": {**shown.get("address", {}), "administrative_district_level_1": value}}
        self.again("PUT", path, json={"version": shown["version"], **fields})

    def reprice(self, product: str, minor: int) -> None:
        """See `Hand`."""
        shown = self.again("GET", f"/v2/catalog/object/{product}")["object"]
        for variation in shown["item_data"]["variations"]:
            variation["item_variation_data"]["price_money"] = {"amount": minor, "currency": "USD"}
        body = {"idempotency_key": f"{product}-{minor}-{shown['version']}", "object": shown}
        self.again("POST", "/v2/catalog/object", json=body)

    def pay(self, person: str, minor: int) -> None:
        """See `Hand`."""
        self._paid += 1
        money = {"amount": minor, "currency": "USD"}
        body = {"idempotency_key": f"paid-{self._paid}", "source_id": "cnon:card-nonce-ok", "amount_money": money}
        self.again("POST", "/v2/payments", json={**body, "customer_id": person})


class AtMailchimp(Hand):
    """Contacts of the audience; a merge field that the audience does not have yet would be passed over in silence."""

    own = "family_name"
    collection = None

    def arrive(self, email: str, name: str) -> str:
        """See `Hand`."""
        body = {"email_address": email, "status": "subscribed", "merge_fields": {"FNAME": name}}
        return self.again("POST", f"/3.0/lists/{self.account.audience}/members", json=body)["contact_id"]

    def edit(self, person: str, column: str, value: str) -> None:
        """See `Hand`."""
        tag = {"family_name": "LNAME", "phone": "PHONE"}[column]
        path = f"/3.0/lists/{self.account.audience}/members/{person}"
        self.again("PATCH", path, json={"merge_fields": {tag: value}})


class AtQuickBooks(Hand):
    """Customers and items of the books."""

    own = "address_line1"
    sells = True

    def id_of(self, shown: Any) -> str:
        """See `Hand`."""
        return shown["Id"]

    def email_of(self, shown: Any) -> str | None:
        """See `Hand`."""
        return shown.get("PrimaryEmailAddr", {}).get("Address")

    def arrive(self, email: str, name: str) -> str:
        """See `Hand`."""
        body = {"DisplayName": email, "GivenName": name, "PrimaryEmailAddr": {"Address": email}}
        return self._write("customer", body)["Id"]

    def edit(self, person: str, column: str, value: str) -> None:
        """See `Hand`."""
        shown = self._read("customer", person)
        fields: dict[str, Any] = {"PrimaryPhone": {"FreeFormNumber": value}}
        if column == "address_line1":
            fields = {"BillAddr": {**shown.get("BillAddr", {}), "Line1": value}}
        self._write("customer", {"Id": person, "SyncToken": shown["SyncToken"], "sparse": True, **fields})

    def reprice(self, product: str, minor: int) -> None:
        """See `Hand`."""
        shown = self._read("item", product)
        body = {"Id": product, "SyncToken": shown["SyncToken"], "sparse": True, "UnitPrice": minor / 100}
        self._write("item", body)

    def _read(self, kind: str, one: str) -> Any:
        path = f"/v3/company/{self.account.id}/{kind}/{one}"
        return self.again("GET", path, params=_MINOR)[kind.capitalize()]

    def _write(self, kind: str, body: Any) -> Any:
        path = f"/v3/company/{self.account.id}/{kind}"
        return self.again("POST", path, params=_MINOR, json=body)[kind.capitalize()]


HANDS: Final[dict[str, type[Hand]]] = {
    "stripe": AtStripe,
    "square": AtSquare,
    "mailchimp": AtMailchimp,
    "quickbooks": AtQuickBooks,
}
