"""What all requests share: the accounts' shelves, the clock, the ids, the fees. And what one request may do with it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sync_sims.stripe.errors import ApiError, missing_object
from sync_sims.stripe.shelf import Object, Shelf

VERSION = "2026-10-28.endive"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _shelves() -> dict[str, Shelf]:
    return {
        "products": Shelf(searchable=True),
        "prices": Shelf(indexed=("product", "lookup_key"), searchable=True),
        "customers": Shelf(indexed=("email",), searchable=True),
        "payment_intents": Shelf(indexed=("customer",), searchable=True),
        "payment_methods": Shelf(),
        "charges": Shelf(indexed=("customer", "payment_intent"), searchable=True),
        "refunds": Shelf(indexed=("charge", "payment_intent")),
        "balance_transactions": Shelf(indexed=("source",)),
        "subscriptions": Shelf(),
        "invoices": Shelf(),
        "invoiceitems": Shelf(indexed=("customer",)),
        "line_items": Shelf(indexed=("invoice",)),
        "disputes": Shelf(indexed=("charge", "payment_intent")),
        "events": Shelf(),
    }


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer given for an idempotency key, with what identifies its request."""

    path: str
    fingerprint: str
    status: int
    body: Any
    request_id: str
    at: float


@dataclass(slots=True)
class Holdings:
    """All that one account has at Stripe."""

    account_id: str
    name: str
    shelves: dict[str, Shelf] = field(default_factory=_shelves)
    answers: dict[str, StoredAnswer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fees:
    """Stripe's price for a card payment: a percentage and a fixed part in minor units, rounded half up."""

    percent: Decimal = Decimal("2.9")
    fixed: int = 30

    def on(self, amount: int) -> int:
        """The fee on an amount, in minor units of its currency."""
        share = (Decimal(amount) * self.percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return int(share) + self.fixed


@dataclass(frozen=True, slots=True)
class World:
    """Clock (unix seconds), chance, fees and how long search takes to learn of a write, in seconds."""

    clock: Callable[[], float]
    chance: random.Random
    fees: Fees
    searchable_after: float

    def new_id(self, prefix: str, *, length: int = 24) -> str:
        """A fresh id in Stripe's spelling."""
        return prefix + "".join(self.chance.choices(_ALPHABET, k=length))


@dataclass(slots=True)
class Call:
    """One request being carried out: `now` in unix seconds; `written` is what it stored, in order."""

    world: World
    holdings: Holdings
    now: int
    livemode: bool
    request_id: str | None
    idempotency_key: str | None
    written: list[tuple[str, Object]] = field(default_factory=list)

    def shelf(self, collection: str) -> Shelf:
        """The account's objects of one kind."""
        return self.holdings.shelves[collection]

    def new_id(self, collection: str, prefix: str, *, length: int = 24) -> str:
        """An id that the collection does not hold yet."""
        shelf = self.shelf(collection)
        object_id = self.world.new_id(prefix, length=length)
        while object_id in shelf:
            object_id = self.world.new_id(prefix, length=length)
        return object_id

    def put(self, collection: str, entry: Object) -> Object:
        """Store a new or changed object."""
        at = self.world.clock()
        self.shelf(collection).put(entry, at=at, horizon=at - self.world.searchable_after)
        self.written.append((collection, entry))
        return entry

    def named(self, collection: str, object_id: str, *, param: str) -> Object:
        """The live object that a parameter names.

        Raises:
            ApiError: 400, there is none.
        """
        return self._live(collection, object_id, param=param, status=400)

    def addressed(self, collection: str, object_id: str) -> Object:
        """The live object that the path names.

        Raises:
            ApiError: 404, there is none.
        """
        return self._live(collection, object_id, param=_PATH_PARAMS.get(collection, "id"), status=404)

    def _live(self, collection: str, object_id: str, *, param: str, status: int) -> Object:
        entry = self.shelf(collection).get(object_id)
        if entry is None or entry.get("deleted"):
            raise missing_object(KINDS[collection], object_id, param=param, status=status)
        return entry


KINDS: dict[str, str] = {
    "products": "product",
    "prices": "price",
    "customers": "customer",
    "payment_intents": "payment_intent",
    "payment_methods": "PaymentMethod",
    "charges": "charge",
    "refunds": "refund",
    "balance_transactions": "balance transaction",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "invoiceitems": "invoiceitem",
    "line_items": "line_item",
    "disputes": "dispute",
    "events": "event",
}
# What Stripe calls the id in the path when it does not call it "id".
_PATH_PARAMS = {"payment_intents": "intent", "prices": "price"}

COLLECTION_OF_PREFIX: dict[str, str] = {
    "price": "prices",
    "cus": "customers",
    "pi": "payment_intents",
    "pm": "payment_methods",
    "ch": "charges",
    "re": "refunds",
    "txn": "balance_transactions",
    "sub": "subscriptions",
    "in": "invoices",
    "dp": "disputes",
    "evt": "events",
}


def refuse_unless(condition: object, message: str, *, param: str | None = None, code: str | None = None) -> None:
    """Raise a 400 unless the condition holds.

    Raises:
        ApiError: It does not hold.
    """
    if not condition:
        raise ApiError(message, param=param, code=code)
