"""Stripe's objects as the sync sees them: where they are listed, which events tell of them, how they look as records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sync_core.errors import ConfigurationError
from sync_core.providers.protocol import Remote

Object = Mapping[str, Any]

MARK = "venue_sync_id"
"""The metadata key under which a mapping puts the venue's own id of a record."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object: its list's path, its events (at most 20 types per request), what to expand in it.

    `removal` is the event after which the object cannot be retrieved any more, `filters` what makes the list whole,
    `sublist` a list inside the object of which Stripe shows the first ten only.
    """

    path: str
    events: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    removal: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict[str, str])
    sublist: str | None = None


_KINDS: Mapping[str, Kind] = {
    "products": Kind(
        path="/v1/products",
        events=("product.created", "product.updated", "product.deleted"),
        expand=("default_price",),
        removal="product.deleted",
    ),
    "customers": Kind(
        path="/v1/customers",
        events=("customer.created", "customer.updated", "customer.deleted"),
        removal="customer.deleted",
    ),
    "charges": Kind(
        path="/v1/charges",
        events=(
            "charge.captured",
            "charge.expired",
            "charge.failed",
            "charge.pending",
            "charge.refunded",
            "charge.succeeded",
            "charge.updated",
        ),
    ),
    "payment_intents": Kind(
        path="/v1/payment_intents",
        events=(
            "payment_intent.amount_capturable_updated",
            "payment_intent.canceled",
            "payment_intent.created",
            "payment_intent.partially_funded",
            "payment_intent.payment_failed",
            "payment_intent.processing",
            "payment_intent.requires_action",
            "payment_intent.succeeded",
        ),
    ),
    "refunds": Kind(
        path="/v1/refunds",
        events=("charge.refund.updated", "refund.created", "refund.failed", "refund.updated"),
    ),
    "balance_transactions": Kind(path="/v1/balance_transactions"),
    # An ended subscription stays, although its last event is called deleted; the list leaves it out unless asked.
    "subscriptions": Kind(
        path="/v1/subscriptions",
        events=(
            "customer.subscription.created",
            "customer.subscription.deleted",
            "customer.subscription.paused",
            "customer.subscription.pending_update_applied",
            "customer.subscription.pending_update_expired",
            "customer.subscription.resumed",
            "customer.subscription.trial_will_end",
            "customer.subscription.updated",
        ),
        filters={"status": "all"},
    ),
    # Not invoice.upcoming: it shows an invoice that does not exist yet and has no id.
    "invoices": Kind(
        path="/v1/invoices",
        events=(
            "invoice.created",
            "invoice.deleted",
            "invoice.finalization_failed",
            "invoice.finalized",
            "invoice.marked_uncollectible",
            "invoice.overdue",
            "invoice.overpaid",
            "invoice.paid",
            "invoice.payment_action_required",
            "invoice.payment_failed",
            "invoice.payment_succeeded",
            "invoice.sent",
            "invoice.updated",
            "invoice.voided",
            "invoice.will_be_due",
        ),
        removal="invoice.deleted",
        sublist="lines",
    ),
    "disputes": Kind(
        path="/v1/disputes",
        events=(
            "charge.dispute.closed",
            "charge.dispute.created",
            "charge.dispute.funds_reinstated",
            "charge.dispute.funds_withdrawn",
            "charge.dispute.updated",
        ),
    ),
}


def kind_of(entity: str) -> Kind:
    """The kind of object behind a declared entity.

    Raises:
        ConfigurationError: This client does not know the entity.
    """
    if entity not in _KINDS:
        raise ConfigurationError(f"Stripe has no entity {entity!r}; declare one of {', '.join(sorted(_KINDS))}.")
    return _KINDS[entity]


def moment(seconds: float) -> datetime:
    """A Unix time as an aware one."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def remote_of(found: Object, *, changed: int | None = None) -> Remote:
    """An object as a record. `changed` is the Unix time of an event about it, which is newer than its own stamp.

    Only products say when they changed. `created` is no substitute: a list shows an object as it is now, and taking it
    for as old as its creation would make the newest state look stale.
    """
    stamps = [stamp for stamp in (changed, found.get("updated")) if stamp is not None]
    return Remote(
        id=found["id"],
        record=_as_written(found),
        state=price_state(found),
        updated_at=moment(max(stamps)) if stamps else None,
        deleted=found.get("deleted") is True,
    )


def _as_written(found: Object) -> Object:
    """A dispute says by `submit` that its evidence goes to the bank, and by a count that it went: one name for both."""
    if found.get("object") != "dispute":
        return found
    return {**found, "submit": found["evidence_details"]["submission_count"] > 0}


def gone(remote_id: str, *, changed: int | None = None) -> Remote:
    """The record of an object that no longer exists."""
    when = None if changed is None else moment(changed)
    return Remote(id=remote_id, record={"id": remote_id, "deleted": True}, updated_at=when, deleted=True)


def price_state(product: Object) -> dict[str, Any]:
    """What a later change of a product's price must know: prices are objects of their own and cannot be changed."""
    price = product.get("default_price")
    if isinstance(price, Mapping):
        return {"price_id": price["id"], "amount": price.get("unit_amount"), "currency": price.get("currency")}
    return {} if price is None else {"price_id": price}


def product_id(mark: str) -> str:
    """The id we choose for a product, always the same for the same venue record: a second create is refused."""
    return f"vs_{blake2b(mark.encode(), digest_size=12).hexdigest()}"
