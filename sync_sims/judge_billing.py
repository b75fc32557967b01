"""What Stripe bills and what its payers contest, beside what the venue knows of it: records to be laid side by side."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record
from sync_sims.judge_stripe import clean, units

Row = Mapping[str, Any]


def _of_stripe(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if row["provider"] == "stripe")


def _at(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def subscriptions_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of Stripe's subscriptions, its own wishes included."""
    for row in _of_stripe(rows):
        yield Record(
            key=row["id"],
            id=row["id"],
            name="",
            fields={
                "status": row["status"],
                "price": units(row["price_minor"], row["currency"]),
                "currency": row["currency"].lower(),
                "quantity": row["quantity"],
                "every": (row["interval_count"], row["interval"]),
                "ends with its period": row["cancel_at_period_end"],
                "period": (row["period_start"], row["period_end"]),
                "end": row["ended_at"],
            },
        )


def subscriptions_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's subscriptions, by their first item: all items of one have the same period."""
    for shown in held.subscriptions:
        item = shown["items"]["data"][0]
        price, every = item["price"], item["price"]["recurring"]
        yield Record(
            key=shown["id"],
            id=shown["id"],
            name="",
            fields={
                "status": shown["status"],
                "price": price["unit_amount"],
                "currency": shown["currency"],
                "quantity": item["quantity"],
                "every": (every["interval_count"], every["interval"]),
                "ends with its period": shown["cancel_at_period_end"],
                "period": (_at(item["current_period_start"]), _at(item["current_period_end"])),
                "end": _at(shown["ended_at"]),
            },
        )


def invoices_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of Stripe's invoices."""
    for row in _of_stripe(rows):
        currency = row["currency"]
        yield Record(
            key=row["id"],
            id=row["id"],
            name=row["number"] or "",
            fields={
                "status": row["status"],
                "total": units(row["total_minor"], currency),
                "due": units(row["due_minor"], currency),
                "currency": currency.lower(),
                "memo": row["memo"],
                "subscription": row["subscription_id"],
                "lines": [
                    (line["description"], line["quantity"], units(line["amount_minor"], currency))
                    for line in row["lines"]
                ],
            },
        )


def invoices_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's invoices with all their lines."""
    for shown in held.invoices:
        made_by: Json = ((shown.get("parent") or {}).get("subscription_details")) or {}
        yield Record(
            key=shown["id"],
            id=shown["id"],
            name=shown["number"] or "",
            fields={
                "status": shown["status"],
                "total": shown["total"],
                "due": shown["amount_remaining"],
                "currency": shown["currency"],
                "memo": clean(shown["description"]),
                "subscription": made_by.get("subscription"),
                "lines": [
                    (clean(line["description"]), line["quantity"], line["amount"]) for line in shown["lines"]["data"]
                ],
            },
        )


def disputes_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of disputes, and its answers to them."""
    for row in _of_stripe(rows):
        yield Record(
            key=row["id"],
            id=row["id"],
            name="",
            fields={
                "payment": row["payment_id"],
                "amount": units(row["amount_minor"], row["currency"]),
                "currency": row["currency"].lower(),
                "reason": row["reason"],
                "status": row["status"],
                "evidence": clean(row["evidence"]),
                "product": clean(row["evidence_product"]),
                "e-mail": clean(row["evidence_email"]),
                "submitted": row["evidence_submitted"],
            },
        )


def disputes_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's disputes."""
    for shown in held.disputes:
        evidence = shown["evidence"]
        yield Record(
            key=shown["id"],
            id=shown["id"],
            name="",
            fields={
                "payment": shown["charge"],
                "amount": shown["amount"],
                "currency": shown["currency"],
                "reason": shown["reason"],
                "status": shown["status"],
                "evidence": clean(evidence["uncategorized_text"]),
                "product": clean(evidence["product_description"]),
                "e-mail": clean(evidence["customer_email_address"]),
                "submitted": shown["evidence_details"]["submission_count"] > 0,
            },
        )
