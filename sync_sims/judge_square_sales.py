"""Square's orders and loyalty accounts as records that can be laid side by side with the venue's tables.

An order of the venue's bears its id as reference; another is known at the venue by Square's own id. One that Square made
around a payment for an order of the venue's is that payment and no order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record
from sync_sims.judge_stripe import clean

Row = Mapping[str, Any]
STATES = {"OPEN": "open", "DRAFT": "open", "COMPLETED": "completed", "CANCELED": "canceled"}


def orders_of_venue(rows: Iterable[Row], held: Holdings) -> Iterator[Record]:
    """What the venue wants to be paid at Square, and what it knows of Square's orders.

    A completed order that Square has no order for was paid there without one: its payment is compared, elsewhere.
    """
    there = {record.key for record in orders_of_account(held)}
    for row in rows:
        if row["provider"] == "square" and (row["status"] != "completed" or row["id"] in there):
            yield Record(key=row["id"], id=row["id"], name="", fields=_fields(row["status"], row, row["lines"]))


def _fields(status: str, row: Row, lines: Sequence[Row]) -> dict[str, Any]:
    return {
        "status": status,
        "total": row["total_minor"],
        "currency": row["currency"],
        "sold at": row["ordered_at"],
        "lines": [(clean(line["description"]), line["quantity"], line["amount_minor"]) for line in lines],
    }


def orders_of_account(held: Holdings) -> Iterator[Record]:
    """Square's orders of both kinds."""
    paying = {shown["id"]: shown for shown in held.payments}
    for shown in held.orders:
        lines = shown.get("line_items", [])
        sums = not shown.get("reference_id") and all(line["item_type"] == "CUSTOM_AMOUNT" for line in lines)
        payments = [
            paying[tender["payment_id"]] for tender in shown.get("tenders", ()) if tender["payment_id"] in paying
        ]
        if sums and any(payment.get("reference_id") for payment in payments):
            continue
        sold_at = (shown.get("metadata") or {}).get("ordered_at") or shown["created_at"]
        row = {
            "total_minor": shown["total_money"]["amount"],
            "currency": shown["total_money"]["currency"],
            "ordered_at": datetime.fromisoformat(sold_at),
        }
        fields = _fields(STATES[shown["state"]], row, list(_lines(lines)))
        yield Record(key=shown.get("reference_id") or shown["id"], id=shown["id"], name="", fields=fields)


def _lines(items: Iterable[Json]) -> Iterator[dict[str, Any]]:
    """Lines as the venue has them: what went as two of different prices is one, and a weight is no number of pieces."""
    places: dict[str, dict[str, Any]] = {}
    for item in items:
        mark = (item.get("metadata") or {}).get("venue_line")
        whole = item["quantity"].isdigit()
        amount = item["total_money"]["amount"]
        if mark == "beyond":
            continue
        if mark is not None and mark in places:
            places[mark]["quantity"] += int(item["quantity"])
            places[mark]["amount_minor"] += amount
            continue
        line = {
            "description": item.get("name"),
            "quantity": int(item["quantity"]) if whole else None,
            "amount_minor": amount,
        }
        places[mark or item["uid"]] = line
    yield from places.values()


def payments_order(held: Holdings) -> Mapping[str, str]:
    """The venue's order of each of Square's payments: what it bears, else its order's, else the order's own id."""
    orders = {shown["id"]: shown.get("reference_id") or shown["id"] for shown in held.orders}
    return {shown["id"]: shown.get("reference_id") or orders.get(shown.get("order_id"), "") for shown in held.payments}


def accounts_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of its customers' points."""
    for row in rows:
        if row["provider"] == "square":
            fields = {
                "points": row["points"],
                "lifetime points": row["lifetime_points"],
                "phone": row["phone"],
                "customer": row["customer_id"],
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def accounts_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
    """The accounts of Square's loyalty program."""
    for shown in held.loyalty:
        fields = {
            "points": shown["balance"],
            "lifetime points": shown["lifetime_points"],
            "phone": shown["mapping"]["phone_number"],
            "customer": known.get(shown.get("customer_id", "")),
        }
        yield Record(key=shown["id"], id=shown["id"], name="", fields=fields)
