"""What happens at Stripe without us: rows loaded through the same code as the API.

A row holds the parameters of the collection's creation as plain JSON, and `created` (unix seconds) where it happened
in the past. A row whose `id` exists already is an edit of that object; with `"deleted": true` it is its deletion.
"payments" are paid payment intents with their charges and balance transactions. Time passes by rows, too: a row of
"renewals" ends the current period of a subscription, a row of "disputes" opens one on a charge, and an edit of its
`status` is the bank's decision. A subscription's test card is attached to its customer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sync_sims.stripe import charges, customers, disputes, intents, invoices, prices, products, refunds, subscriptions
from sync_sims.stripe.form import form_of
from sync_sims.stripe.parameters import Hash
from sync_sims.stripe.payment_methods import attach_payment_method
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call


@dataclass(frozen=True, slots=True)
class _Kind:
    collection: str
    creation: Hash
    create: Callable[[Call, dict[str, Any]], Object]
    change: Hash | None = None
    update: Callable[[Call, str, dict[str, Any]], Object] | None = None
    delete: Callable[[Call, str], Object] | None = None


_KINDS: dict[str, _Kind] = {
    "customers": _Kind(
        "customers",
        customers.CREATE,
        customers.create_customer,
        customers.UPDATE,
        customers.update_customer,
        customers.delete_customer,
    ),
    "products": _Kind(
        "products",
        products.CREATE,
        products.create_product,
        products.UPDATE,
        products.update_product,
        products.delete_product,
    ),
    "prices": _Kind("prices", prices.CREATE, products.create_price, prices.UPDATE, prices.update_price),
    "payment_intents": _Kind(
        "payment_intents", intents.CREATE, intents.create_intent, intents.UPDATE, intents.update_intent
    ),
    "charges": _Kind("charges", Hash({}), lambda _, __: _refuse(), charges.UPDATE, charges.update_charge),
    "refunds": _Kind("refunds", refunds.CREATE, refunds.create_refund, refunds.UPDATE, refunds.update_refund),
    "subscriptions": _Kind(
        "subscriptions",
        subscriptions.CREATE,
        subscriptions.create_subscription,
        subscriptions.UPDATE,
        subscriptions.update_subscription,
        lambda call, key: subscriptions.cancel_subscription(call, key, {}),
    ),
    "renewals": _Kind("subscriptions", subscriptions.RENEWAL, subscriptions.renew),
    "invoices": _Kind(
        "invoices",
        invoices.SEEDED,
        invoices.bill,
        invoices.CHANGED,
        invoices.change_invoice,
        invoices.delete_invoice,
    ),
    "disputes": _Kind("disputes", disputes.OPENING, disputes.open_dispute, disputes.DECISION, disputes.decide_dispute),
}


def plant(call: Call, collection: str, row: dict[str, Any]) -> Object:
    """Carry out one row at `call.now`.

    Raises:
        ApiError: The API would refuse it.
        KeyError: Nothing can be seeded under this name.
    """
    given: dict[str, Any] = {name: value for name, value in row.items() if name != "created"}
    if collection == "payments":
        given.setdefault("payment_method", "pm_card_visa")
        given.setdefault("confirm", True)
        collection = "payment_intents"
    if collection not in _KINDS:
        raise KeyError(f"seed collection {collection!r}")
    kind = _KINDS[collection]
    object_id = str(given.get("id", ""))
    if collection == "subscriptions" and not object_id and "default_payment_method" in given:
        card = attach_payment_method(call, given["default_payment_method"], {"customer": given.get("customer", "")})
        given["default_payment_method"] = card["id"]
    existing = object_id in call.shelf(kind.collection)
    if existing and given.get("deleted") and kind.delete is not None:
        return kind.delete(call, object_id)
    if existing and kind.update is not None and kind.change is not None:
        given.pop("id")
        return kind.update(call, object_id, kind.change.read(form_of(given), "") or {})
    return kind.create(call, kind.creation.read(form_of(given), "") or {})


def _refuse() -> Object:
    raise ValueError("A charge comes from a payment: seed the collection 'payments'.")
