"""A Square account and a venue's tables as records that can be laid side by side; the fields are compared by hand.

A product of the venue is known by the user data of its item's variation, which no buyer sees.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record
from sync_sims.judge_square_sales import payments_order
from sync_sims.judge_stripe import clean

Row = Mapping[str, Any]
PAID = {
    "COMPLETED": "succeeded",
    "PENDING": "pending",
    "APPROVED": "pending",
    "CANCELED": "canceled",
    "FAILED": "failed",
}


def customers_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's customers as Square should show them."""
    for row in rows:
        fields = {
            "given name": clean(row["given_name"]),
            "family name": clean(row["family_name"]),
            "company": clean(row["company"]),
            "e-mail": clean(row["email"]),
            "phone": clean(row["phone"]),
            "street": clean(row["address_line1"]),
            "city": clean(row["city"]),
            "region": clean(row["region"]),
            "postcode": clean(row["postcode"]),
            "country": (clean(row["country"]) or "").upper() or None,
        }
        yield Record(key=row["id"], id=row["id"], name=_full(fields), fields=fields)


def customers_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
    """Square's profiles; one made at Square has no venue id, so `known` (remote id -> venue's id) may name it."""
    for shown in held.customers:
        address = shown.get("address") or {}
        fields = {
            "given name": clean(shown.get("given_name")),
            "family name": clean(shown.get("family_name")),
            "company": clean(shown.get("company_name")),
            "e-mail": clean(shown.get("email_address")),
            "phone": clean(shown.get("phone_number")),
            "street": clean(address.get("address_line_1")),
            "city": clean(address.get("locality")),
            "region": clean(address.get("administrative_district_level_1")),
            "postcode": clean(address.get("postal_code")),
            "country": clean(address.get("country")),
        }
        key = shown.get("reference_id") or known.get(shown["id"]) or ("unknown", shown["id"])
        yield Record(key=key, id=shown["id"], name=_full(fields), fields=fields)


def _full(fields: Mapping[str, str | None]) -> str:
    return " ".join(part for part in (fields["given name"], fields["family name"]) if part)


def products_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's products as Square should show them."""
    for row in rows:
        fields = {
            "name": clean(row["name"]),
            "article number": clean(row["sku"]),
            "price": row["price_minor"],
            "currency": row["currency"],
            "active": row["active"],
        }
        yield Record(key=row["id"], id=row["id"], name=row["name"], fields=fields)


def products_of_account(held: Holdings, *, known: Mapping[str, str], deleted: frozenset[str]) -> Iterator[Record]:
    """Square's items; `known` names those made at Square, and those of `deleted` ids may stay if they are archived."""
    for item in held.products:
        data = item["item_data"]
        variation = _variation(item)["item_variation_data"]
        active = not data.get("is_archived", False)
        key = _product(item, known)
        if key in deleted and not active:
            continue
        money = variation.get("price_money") or {}
        fields = {
            "name": clean(data.get("name")),
            "article number": clean(variation.get("sku")),
            "price": money.get("amount"),
            "currency": money.get("currency"),
            "active": active,
        }
        yield Record(key=key, id=item["id"], name=data.get("name") or "", fields=fields)


def stock_of_venue(rows: Iterable[Row], products: Iterable[Row]) -> Iterator[Record]:
    """The venue's stock of products that it still has."""
    names = {row["id"]: row["name"] for row in products}
    for row in rows:
        if row["id"] in names:
            yield Record(key=row["id"], id=row["id"], name=names[row["id"]], fields={"quantity": row["quantity"]})


def stock_of_account(held: Holdings, *, known: Mapping[str, str], deleted: frozenset[str]) -> Iterator[Record]:
    """Square's counts of items on sale or archived, by the venue's id of the product."""
    items = {_variation(item)["id"]: item for item in held.products}
    for count in held.counts:
        item = items.get(count["catalog_object_id"])
        if item is None or count["state"] != "IN_STOCK":
            continue
        data = item["item_data"]
        key = _product(item, known)
        if key in deleted and data.get("is_archived", False):
            continue
        fields = {"quantity": int(count["quantity"])}
        yield Record(key=key, id=count["catalog_object_id"], name=data.get("name") or "", fields=fields)


def orders_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The payments that the venue's completed orders call for; an order that costs nothing calls for none."""
    for row in rows:
        if row["provider"] == "square" and row["status"] == "completed" and row["total_minor"] > 0:
            fields = {"amount": row["total_minor"], "currency": row["currency"]}
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def orders_of_account(held: Holdings) -> Iterator[Record]:
    """Square's completed payments by the order that they are for; those for no order are not an order's business."""
    named = payments_order(held)
    for shown in held.payments:
        if named[shown["id"]] and shown["status"] == "COMPLETED":
            money = shown["amount_money"]
            fields = {"amount": money["amount"], "currency": money["currency"]}
            yield Record(key=named[shown["id"]], id=shown["id"], name="", fields=fields)


def payments_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of Square's payments."""
    for row in rows:
        if row["provider"] == "square":
            yield Record(
                key=row["id"],
                id=row["id"],
                name="",
                fields={
                    "amount": row["amount_minor"],
                    "refunded": row["refunded_minor"],
                    "currency": row["currency"],
                    "status": row["status"],
                    "order": row["order_id"],
                },
            )


def payments_of_account(held: Holdings) -> Iterator[Record]:
    """Square's payments."""
    named = payments_order(held)
    for shown in held.payments:
        yield Record(
            key=shown["id"],
            id=shown["id"],
            name="",
            fields={
                "amount": shown["amount_money"]["amount"],
                "refunded": (shown.get("refunded_money") or {}).get("amount", 0),
                "currency": shown["amount_money"]["currency"],
                "status": PAID.get(shown["status"], shown["status"]),
                "order": clean(named[shown["id"]]),
            },
        )


def refunds_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's refunds of what was paid at Square; nothing but payment and amount tells two of them apart."""
    for row in rows:
        if row["provider"] == "square":
            fields = {"currency": row["currency"], "reason": clean(row["reason"])}
            yield Record(key=(row["payment_id"], row["amount_minor"]), id=row["id"], name="", fields=fields)


def refunds_of_account(held: Holdings) -> Iterator[Record]:
    """Square's refunds."""
    for shown in held.refunds:
        money = shown["amount_money"]
        fields = {"currency": money["currency"], "reason": clean(shown.get("reason"))}
        yield Record(key=(shown["payment_id"], money["amount"]), id=shown["id"], name="", fields=fields)


def _product(item: Json, known: Mapping[str, str]) -> str | tuple[str, str]:
    marked = _variation(item)["item_variation_data"].get("user_data")
    return marked or known.get(item["id"]) or ("unknown", item["id"])


def _variation(item: Json) -> Json:
    return item["item_data"]["variations"][0]
