"""What people do in a venue's account while the storm blows: customers come, change again and again and go; some pay.

Every deed is done over HTTP with the venue's own key, and drawn from one seeded chance. What was changed how often is
counted here, because nothing may happen to the venue's rows more often than that.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import requests

from sync_sims.judge import Account

GIVEN = ("Ada", "Bo", "Zoë", "李", "Ngozi", "O'Hara")
CITIES = ("Cork", "Reno", "Oslo", "Łódź")


class Person:
    """One customer as whoever changes them knows them; `shown` is the provider's last answer."""

    def __init__(self, remote_id: str, shown: Mapping[str, Any]) -> None:
        self.remote_id = remote_id
        self.shown = shown


class Deeds(ABC):
    """What is done in one account; `tell` is called after each request, when something may have changed.

    `changed` counts the changes of each customer, `paid` maps payments to payers, `gone` left.
    """

    def __init__(self, account: Account, chance: Random, tell: Callable[[], None]) -> None:
        self.venue = account.venue
        self.changed: Counter[str] = Counter()
        self.paid: dict[str, str] = {}
        self.gone: set[str] = set()
        self.writes = 0
        self._account = account
        self._chance = chance
        self._tell = tell
        self._people: list[Person] = []
        self._number = 0
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {account.key}"
        self._session.headers["Accept"] = "application/json"

    def do(self) -> None:
        """One deed: of those who are there some are changed all the time and most hardly ever."""
        self._number += 1
        chance, people = self._chance, self._people
        what = chance.random()
        if len(people) < 5 or what < 0.15:
            people.append(self.arrive(self._number))
            self.changed[people[-1].remote_id] += 1
            return
        place = int(len(people) * chance.random() ** 3)
        if what < 0.2:
            gone = people.pop(place)
            self.changed[gone.remote_id] += 1
            self.gone.add(gone.remote_id)
            self.leave(gone)
        elif what < 0.3:
            self.pay(people[place], self._number)
        else:
            self.changed[people[place].remote_id] += 1
            self.change(people[place], self._number)

    def close(self) -> None:
        """Hang up."""
        self._session.close()

    @abstractmethod
    def arrive(self, number: int) -> Person:
        """Somebody new."""

    @abstractmethod
    def change(self, person: Person, number: int) -> None:
        """Something about them is different now."""

    @abstractmethod
    def leave(self, person: Person) -> None:
        """They are taken out."""

    @abstractmethod
    def pay(self, person: Person, number: int) -> None:
        """They buy something, or whatever else there is that names them."""

    def ask(self, method: str, path: str, **given: Any) -> Any:
        """A request that must succeed."""
        self.writes += method != "GET"
        answer = self._session.request(method, f"{self._account.base}{path}", timeout=30, **given)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        self._tell()
        return answer.json() if answer.content else None

    def word(self, number: int) -> str:
        """A name that nobody else has."""
        return f"{self._chance.choice(GIVEN)} {number}"

    def city(self) -> str:
        """Somewhere."""
        return self._chance.choice(CITIES)


class AtStripe(Deeds):
    """Customers, and charges with a card; some are given back in part."""

    def arrive(self, number: int) -> Person:
        """A customer."""
        made = self.ask("POST", "/v1/customers", data={"name": self.word(number), "email": f"s{number}@x.example"})
        return Person(made["id"], made)

    def change(self, person: Person, number: int) -> None:
        """Another name or another town."""
        fields = {"name": self.word(number)} if number % 2 else {"address[city]": self.city(), "phone": str(number)}
        self.ask("POST", f"/v1/customers/{person.remote_id}", data=fields)

    def leave(self, person: Person) -> None:
        """Deleted for good."""
        self.ask("DELETE", f"/v1/customers/{person.remote_id}")

    def pay(self, person: Person, number: int) -> None:
        """A payment, and now and then a refund."""
        fields = {
            "amount": str(1_000 + number),
            "currency": "usd",
            "customer": person.remote_id,
            "payment_method": "pm_card_visa",
            "confirm": "true",
            "automatic_payment_methods[enabled]": "true",
            "automatic_payment_methods[allow_redirects]": "never",
        }
        charge = self.ask("POST", "/v1/payment_intents", data=fields)["latest_charge"]
        self.paid[charge] = person.remote_id
        if number % 3 == 0:
            self.ask("POST", "/v1/refunds", data={"charge": charge, "amount": "100"})


class AtSquare(Deeds):
    """Customers, payments with their orders, refunds, and products on the shelf."""

    def arrive(self, number: int) -> Person:
        """A customer."""
        body = {
            "idempotency_key": f"c{number}",
            "given_name": self.word(number),
            "email_address": f"q{number}@x.example",
        }
        made = self.ask("POST", "/v2/customers", json=body)["customer"]
        return Person(made["id"], made)

    def change(self, person: Person, number: int) -> None:
        """Another name or another town."""
        fields = {"given_name": self.word(number)} if number % 2 else {"address": {"locality": self.city()}}
        self.ask("PUT", f"/v2/customers/{person.remote_id}", json=fields)

    def leave(self, person: Person) -> None:
        """Deleted for good."""
        self.ask("DELETE", f"/v2/customers/{person.remote_id}")

    def pay(self, person: Person, number: int) -> None:
        """A payment, then perhaps a refund; or something new to sell."""
        if number % 4 == 0:
            self._offer(number)
            return
        money = {"amount": 1_000 + number, "currency": "USD"}
        body = {"idempotency_key": f"p{number}", "source_id": "cnon:card-nonce-ok", "amount_money": money}
        made = self.ask("POST", "/v2/payments", json=body | {"customer_id": person.remote_id})["payment"]
        self.paid[made["id"]] = person.remote_id
        if number % 3 == 0:
            part = {"amount": 100, "currency": "USD"}
            refund = {"idempotency_key": f"r{number}", "payment_id": made["id"], "amount_money": part}
            self.ask("POST", "/v2/refunds", json=refund)

    def _offer(self, number: int) -> None:
        price = {"amount": 900 + number, "currency": "USD"}
        data = {"name": "Regular", "pricing_type": "FIXED_PRICING", "price_money": price}
        variation = {"type": "ITEM_VARIATION", "id": "#one", "item_variation_data": data}
        item = {"type": "ITEM", "id": "#item", "item_data": {"name": f"Mug {number}", "variations": [variation]}}
        self.ask("POST", "/v2/catalog/object", json={"idempotency_key": f"o{number}", "object": item})


class AtMailchimp(Deeds):
    """Contacts of an audience: they subscribe, change, move to another address and take themselves off."""

    def __init__(self, account: Account, chance: Random, tell: Callable[[], None]) -> None:
        super().__init__(account, chance, tell)
        self._list = f"/3.0/lists/{self.ask('GET', '/3.0/lists')['lists'][0]['id']}/members"

    def arrive(self, number: int) -> Person:
        """A contact."""
        fields = {"FNAME": self.word(number)}
        body = {"email_address": f"m{number}@x.example", "status": "subscribed", "merge_fields": fields}
        made = self.ask("POST", self._list, json=body)
        return Person(made["contact_id"], made)

    def change(self, person: Person, number: int) -> None:
        """Another name, or another address, which changes what the contact is called."""
        body: dict[str, Any] = {"merge_fields": {"FNAME": self.word(number)}}
        if number % 5 == 0:
            body = {"email_address": f"m{number}@x.example"}
        person.shown = self.ask("PATCH", f"{self._list}/{person.shown['id']}", json=body)

    def leave(self, person: Person) -> None:
        """Off the list; an archived contact stays a customer of the venue, which is no matter of the storm."""
        self.ask("PATCH", f"{self._list}/{person.shown['id']}", json={"status": "unsubscribed"})

    def pay(self, person: Person, number: int) -> None:
        """They take themselves off the list; whoever has done so only changes."""
        self.changed[person.remote_id] += 1
        if person.shown["status"] == "subscribed":
            body = {"status": "unsubscribed"}
            person.shown = self.ask("PATCH", f"{self._list}/{person.shown['id']}", json=body)
        else:
            self.change(person, number)


class AtQuickBooks(Deeds):
    """Customers, and invoices, of which some are deleted again."""

    def __init__(self, account: Account, chance: Random, tell: Callable[[], None]) -> None:
        super().__init__(account, chance, tell)
        self._books = f"/v3/company/{account.parts['realm_id']}"
        asked = {"query": "SELECT * FROM Account WHERE AccountType = 'Income'", "minorversion": "75"}
        income = self.ask("GET", f"{self._books}/query", params=asked)["QueryResponse"]["Account"][0]
        body = {"Name": "Evening", "Type": "NonInventory", "IncomeAccountRef": {"value": income["Id"]}}
        self._item = self._post("item", body)["Id"]

    def arrive(self, number: int) -> Person:
        """A customer."""
        body = {"DisplayName": f"Guest {number}", "GivenName": self.word(number), "FamilyName": f"Guest {number}"}
        made = self._post("customer", body)
        return Person(made["Id"], made)

    def change(self, person: Person, number: int) -> None:
        """Another name or another town."""
        self._update(person, {"GivenName": self.word(number)} if number % 2 else {"BillAddr": {"City": self.city()}})

    def leave(self, person: Person) -> None:
        """Made inactive, which is all that can be done to a customer; one of whom there are invoices stays in use.

        The judge could not say whose those invoices are.
        """
        if person.remote_id in self.paid.values():
            self.gone.discard(person.remote_id)
            self._update(person, {"GivenName": "Farewell"})
        else:
            self._update(person, {"Active": False})

    def pay(self, person: Person, number: int) -> None:
        """An invoice; every third one was a mistake."""
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": number,
            "SalesItemLineDetail": {"ItemRef": {"value": self._item}},
        }
        made = self._post("invoice", {"CustomerRef": {"value": person.remote_id}, "Line": [line]})
        if number % 3 == 0:
            self._post("invoice", {"Id": made["Id"], "SyncToken": made["SyncToken"]}, operation="delete")
        else:
            self.paid[made["Id"]] = person.remote_id

    def _update(self, person: Person, fields: Mapping[str, Any]) -> None:
        held = {"Id": person.remote_id, "SyncToken": person.shown["SyncToken"], "sparse": True}
        person.shown = self._post("customer", {**held, **fields})

    def _post(self, name: str, body: Mapping[str, Any], **query: str) -> Any:
        answer = self.ask("POST", f"{self._books}/{name}", params={"minorversion": "75", **query}, json=body)
        return answer[name.capitalize()]


AT: Mapping[str, Callable[[Account, Random, Callable[[], None]], Deeds]] = {
    "stripe": AtStripe,
    "square": AtSquare,
    "mailchimp": AtMailchimp,
    "quickbooks": AtQuickBooks,
}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody in every account; who acts next is chance."""

    deeds: tuple[Deeds, ...]
    chance: Random

    def act(self) -> None:
        """One deed somewhere."""
        self.chance.choice(self.deeds).do()
