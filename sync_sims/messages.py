"""Webhooks as the providers write and sign them, from what changed.

Sources: docs.stripe.com/webhooks, developer.squareup.com/docs/webhooks, developer.intuit.com (webhooks, CloudEvents) and
mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import urlencode

import orjson

from sync_sims.changes import Change, Row

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Message:
    """The body of one webhook; it is signed when it is sent."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Style:
    """How an application has its webhooks: `old_form` is QuickBooks' notification before CloudEvents."""

    chance: Random
    now: Callable[[], datetime]
    old_form: bool = False


def messages_of(provider: str, changes: Sequence[Change], style: Style) -> list[Message]:
    """The webhooks that `provider` sends of these changes, which happened together."""
    return list(_WRITERS[provider](changes, style))


def signed(provider: str, message: Message, *, secret: str, url: str, now: float) -> dict[str, str]:
    """The headers that prove the message; none where Mailchimp was given no secret to sign with."""
    key, stamp = secret.encode(), str(int(now))
    match provider:
        case "stripe" | "mailchimp":
            if provider == "mailchimp" and not secret:
                return {}
            name = "Stripe-Signature" if provider == "stripe" else "X-Mailchimp-Signature"
            mac = hmac.new(key, f"{stamp}.".encode() + message.body, hashlib.sha256).hexdigest()
            return {name: f"t={stamp},v1={mac}"}
        case "square":
            return {"x-square-hmacsha256-signature": _b64(key, url.encode() + message.body)}
        case _:
            return {"intuit-signature": _b64(key, message.body)}


def _b64(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def _stripe(changes: Sequence[Change], style: Style) -> Iterator[Message]:
    del style
    for change in changes:
        if change.collection == "events" and change.after is not None:
            event = {**change.after, "account": change.account, "pending_webhooks": 1}
            yield Message(orjson.dumps(event), JSON)


# Collection, the event's family, and the name under which the event shows the object (None: it shows it in parts).
_SQUARE = {
    "customers": ("customer", "customer"),
    "payments": ("payment", "payment"),
    "refunds": ("refund", "refund"),
    "orders": ("order", None),
    "loyalty_accounts": ("loyalty.account", "loyalty_account"),
    "loyalty_events": ("loyalty.event", "loyalty_event"),
}


def _square(changes: Sequence[Change], style: Style) -> Iterator[Message]:
    """The catalogue's version and the counts are told once for all that changed together."""
    by_account: dict[str, list[Change]] = {}
    for change in changes:
        by_account.setdefault(change.account, []).append(change)
    for account, mine in by_account.items():
        stamp = _stamp(style.now())
        if any(change.collection == "catalog" for change in mine):
            shown = {"catalog_version": {"updated_at": stamp}}
            yield _square_event(account, "catalog.version.updated", ("catalog_version", None, shown), style)
        counts = [change.after for change in mine if change.collection == "inventory_counts" and change.after]
        if counts:
            shown = {"inventory_counts": counts}
            yield _square_event(account, "inventory.count.updated", ("inventory_counts", None, shown), style)
        for change in mine:
            if change.collection in _SQUARE and change.after is not None:
                yield _square_change(account, change, change.after, style)


def _square_change(account: str, change: Change, row: Row, style: Style) -> Message:
    family, name = _SQUARE[change.collection]
    verb = "deleted" if row.get("is_deleted") else "created" if change.before is None else "updated"
    if name is None:
        name = f"order_{verb}"
        parts = ("location_id", "state", "version", "created_at", "updated_at")
        row = {"order_id": row["id"], **{part: row[part] for part in parts if part in row}}
    return _square_event(account, f"{family}.{verb}", (name, change.key, {name: row}), style)


def _square_event(account: str, kind: str, data: tuple[str, str | None, Row], style: Style) -> Message:
    object_type, object_id, shown = data
    told: dict[str, Any] = {"type": object_type, "id": object_id or _uuid(style.chance), "object": shown}
    if kind.endswith(".deleted"):
        told["deleted"] = True
    event = {
        "merchant_id": account,
        "type": kind,
        "event_id": _uuid(style.chance),
        "created_at": _stamp(style.now()),
        "data": told,
    }
    return Message(orjson.dumps(event), JSON)


# Nothing is told of what is not in this list: of inventory adjustments, codes and the company itself.
_QUICKBOOKS = frozenset(
    [
        "Account",
        "Bill",
        "BillPayment",
        "Customer",
        "Deposit",
        "Employee",
        "Invoice",
        "Item",
        "Payment",
        "PaymentMethod",
        "Purchase",
        "RefundReceipt",
        "SalesReceipt",
        "Vendor",
    ]
)
_OLD_WORDS = {"created": "Create", "updated": "Update", "deleted": "Delete"}


def _quickbooks(changes: Sequence[Change], style: Style) -> Iterator[Message]:
    """One notification of all that changed together, which may be of several companies."""
    told = [
        (change.account, change.collection, change.key, _quickbooks_verb(change))
        for change in changes
        if change.collection in _QUICKBOOKS and change.after is not None
    ]
    if not told:
        return
    stamp = _stamp(style.now())
    if not style.old_form:
        yield Message(orjson.dumps([_cloud_event(*one, stamp, style) for one in told]), JSON)
        return
    by_realm: dict[str, list[Row]] = {}
    for realm, entity, key, verb in told:
        changed = {"name": entity, "id": key, "operation": _OLD_WORDS[verb], "lastUpdated": stamp}
        by_realm.setdefault(realm, []).append(changed)
    notifications = [{"realmId": realm, "dataChangeEvent": {"entities": rows}} for realm, rows in by_realm.items()]
    yield Message(orjson.dumps({"eventNotifications": notifications}), JSON)


def _quickbooks_verb(change: Change) -> str:
    if change.after is not None and change.after.get("status") == "Deleted":
        return "deleted"
    return "created" if change.before is None else "updated"


def _cloud_event(realm: str, entity: str, key: str, verb: str, stamp: str, style: Style) -> Row:  # noqa: PLR0917 - as told
    return {
        "specversion": "1.0",
        "id": _uuid(style.chance),
        "source": "intuit.simulated=",
        "type": f"qbo.{entity.lower()}.{verb}.v1",
        "datacontenttype": "application/json",
        "time": stamp,
        "intuitentityid": key,
        "intuitaccountid": realm,
        "data": {},
    }


def _mailchimp(changes: Sequence[Change], style: Style) -> Iterator[Message]:
    fired = style.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    moved = {
        change.before["contact_id"]: change.before
        for change in changes
        if change.collection == "members" and change.after is None and change.before is not None
    }
    for change in changes:
        if change.collection == "members" and change.after is not None:
            fields = _member_event(change.before, change.after, moved)
        elif change.collection == "campaigns" and change.after is not None and change.after["status"] == "sent":
            fields = {"type": "campaign", "id": change.key, "status": "sent"}
        else:
            continue
        kind = fields.pop("type")
        form = {"type": kind, "fired_at": fired, **{f"data[{name}]": value for name, value in fields.items()}}
        yield Message(urlencode(form).encode(), FORM)


def _member_event(before: Row | None, row: Row, moved: Mapping[str, Row]) -> dict[str, str]:
    common = {"list_id": row["list_id"], "id": row.get("unique_email_id") or row["id"]}
    former = moved.get(row["contact_id"])
    if former is not None and former["email_address"] and former["email_address"] != row["email_address"]:
        addresses = {"new_email": row["email_address"], "old_email": former["email_address"]}
        return {"type": "upemail", "list_id": row["list_id"], "new_id": common["id"], **addresses}
    known = before or former
    email = row["email_address"] or (known or {}).get("email_address", "")
    status, was = row["status"], known["status"] if known else None
    named = {**common, "email": email}
    if status == "archived":
        return {"type": "unsubscribe", "action": "delete", "reason": "manual", **named}
    if status == "cleaned" and was != status:
        return {"type": "cleaned", "reason": "hard", **named}
    if status == "unsubscribed" and was != status:
        return {"type": "unsubscribe", "action": "unsub", "reason": "manual", **named}
    merges = {f"merges][{tag}": str(value) for tag, value in row["merge_fields"].items() if isinstance(value, str)}
    return {"type": "profile" if was == status else "subscribe", **named, **merges}


_WRITERS: Mapping[str, Callable[[Sequence[Change], Style], Iterator[Message]]] = {
    "stripe": _stripe,
    "square": _square,
    "quickbooks": _quickbooks,
    "mailchimp": _mailchimp,
}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _uuid(chance: Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
