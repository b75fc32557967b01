"""A Stripe account and a venue's tables as records that can be laid side by side; the fields are compared by hand.

The amounts: docs.stripe.com/currencies, "Special cases" (ISK and UGX in hundredths, MGA in whole ariary).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record

Row = Mapping[str, Any]
TIMES_A_HUNDRED = frozenset({"ISK", "UGX"})
BY_A_HUNDRED = frozenset({"MGA"})


def units(minor: int | None, currency: str) -> int | None:
    """An amount of the venue's tables as Stripe writes it."""
    if minor is None:
        return None
    if currency in TIMES_A_HUNDRED:
        return minor * 100
    return minor // 100 if currency in BY_A_HUNDRED else minor


def clean(text: str | None) -> str | None:
    """A text without blanks around it; an empty one is none."""
    return (text or "").strip() or None


def customers_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's customers as Stripe should show them."""
    for row in rows:
        names = [part for part in (clean(row["given_name"]), clean(row["family_name"])) if part]
        yield Record(
            key=row["id"],
            id=row["id"],
            name=" ".join(names),
            fields={
                "name": " ".join(names) or None,
                "e-mail": clean(row["email"]),
                "phone": clean(row["phone"]),
                "street": clean(row["address_line1"]),
                "city": clean(row["city"]),
                "region": clean(row["region"]),
                "postcode": clean(row["postcode"]),
                "country": (clean(row["country"]) or "").upper() or None,
            },
        )


def customers_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
    """Stripe's customers; one made at Stripe has no venue id, so `known` (remote id -> venue's id) may name it."""
    for shown in held.customers:
        address = shown.get("address") or {}
        key = (shown.get("metadata") or {}).get("venue_sync_id") or known.get(shown["id"]) or ("unknown", shown["id"])
        yield Record(
            key=key,
            id=shown["id"],
            name=shown.get("name") or "",
            fields={
                "name": clean(shown.get("name")),
                "e-mail": clean(shown.get("email")),
                "phone": clean(shown.get("phone")),
                "street": clean(address.get("line1")),
                "city": clean(address.get("city")),
                "region": clean(address.get("state")),
                "postcode": clean(address.get("postal_code")),
                "country": clean(address.get("country")),
            },
        )


def products_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's products as Stripe should show them."""
    for row in rows:
        priced = row["price_minor"] is not None
        yield Record(
            key=row["id"],
            id=row["id"],
            name=row["name"],
            fields={
                "name": clean(row["name"]),
                "price": units(row["price_minor"], row["currency"]),
                "currency": row["currency"].lower() if priced else None,
                "active": row["active"],
            },
        )


def products_of_account(held: Holdings, *, deleted: frozenset[str]) -> Iterator[Record]:
    """Stripe's products; those of `deleted` venue ids may stay, as long as they are archived.

    What is sold by subscription was made at Stripe and is none of the venue's products.
    """
    for shown in held.products:
        key = (shown.get("metadata") or {}).get("venue_sync_id") or ("unknown", shown["id"])
        if key in deleted and not shown["active"]:
            continue
        price: Json = shown.get("default_price") or {}
        if price.get("recurring"):
            continue
        yield Record(
            key=key,
            id=shown["id"],
            name=shown["name"],
            fields={
                "name": clean(shown["name"]),
                "price": price.get("unit_amount"),
                "currency": price.get("currency"),
                "active": shown["active"],
            },
        )


def orders_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The payments that the venue's orders call for; an order that costs nothing calls for none."""
    for row in rows:
        if row["provider"] == "stripe" and row["total_minor"] > 0:
            yield Record(
                key=row["id"],
                id=row["id"],
                name="",
                fields={"amount": units(row["total_minor"], row["currency"]), "currency": row["currency"].lower()},
            )


def orders_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's successful charges by the order that they are for; those for no order are not an order's business."""
    for shown in held.payments:
        order = (shown.get("metadata") or {}).get("order_id")
        if order and shown["status"] == "succeeded":
            fields = {"amount": shown["amount"], "currency": shown["currency"]}
            yield Record(key=order, id=shown["id"], name="", fields=fields)


def payments_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of Stripe's charges."""
    for row in rows:
        if row["provider"] == "stripe":
            yield Record(
                key=row["id"],
                id=row["id"],
                name="",
                fields={
                    "amount": units(row["amount_minor"], row["currency"]),
                    "refunded": units(row["refunded_minor"], row["currency"]),
                    "currency": row["currency"].lower(),
                    "status": row["status"],
                    "order": row["order_id"],
                },
            )


def payments_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's charges."""
    for shown in held.payments:
        yield Record(
            key=shown["id"],
            id=shown["id"],
            name="",
            fields={
                "amount": shown["amount"],
                "refunded": shown["amount_refunded"],
                "currency": shown["currency"],
                "status": shown["status"],
                "order": clean((shown.get("metadata") or {}).get("order_id")),
            },
        )


def refunds_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's refunds of what was paid at Stripe."""
    for row in rows:
        if row["provider"] == "stripe":
            amount = units(row["amount_minor"], row["currency"])
            fields = {"amount": amount, "currency": row["currency"].lower(), "payment": row["payment_id"]}
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def refunds_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's refunds; one made at Stripe has Stripe's id at the venue too."""
    for shown in held.refunds:
        fields = {"amount": shown["amount"], "currency": shown["currency"], "payment": shown.get("charge")}
        key = (shown.get("metadata") or {}).get("venue_sync_id") or shown["id"]
        yield Record(key=key, id=shown["id"], name="", fields=fields)


def attempts_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of Stripe's payment intents."""
    for row in rows:
        if row["provider"] == "stripe":
            amount = units(row["amount_minor"], row["currency"])
            fields = {"amount": amount, "currency": row["currency"].lower(), "status": row["status"]}
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def attempts_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's payment intents."""
    for shown in held.attempts:
        fields = {"amount": shown["amount"], "currency": shown["currency"], "status": shown["status"]}
        yield Record(key=shown["id"], id=shown["id"], name="", fields=fields)


def entries_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of Stripe's books."""
    for row in rows:
        if row["provider"] == "stripe":
            currency = row["currency"]
            fields = {
                "amount": units(row["amount_minor"], currency),
                "fee": units(row["fee_minor"], currency),
                "net": units(row["net_minor"], currency),
                "currency": currency.lower(),
                "source": row["source"],
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def entries_of_account(held: Holdings) -> Iterator[Record]:
    """Stripe's balance transactions."""
    for shown in held.entries:
        fields = {name: shown.get(name) for name in ("amount", "fee", "net", "currency", "source")}
        yield Record(key=shown["id"], id=shown["id"], name="", fields=fields)
