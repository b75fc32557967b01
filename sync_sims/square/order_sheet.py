"""What an order comes to: its lines as they are sent, and every sum that Square works out of them.

Sources: Order and OrderLineItem in Square's specification: a line's total is its base price times its quantity, a base
price given beside a catalog object overrides the catalog's. Taxes, discounts, tips and service charges are not simulated,
so their sums are always zero.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sync_sims.square.call import Call
from sync_sims.square.fields import Fields
from sync_sims.square.money import money
from sync_sims.square.refusal import Refused, error, missing, not_found
from sync_sims.square.shelf import Row
from sync_sims.square.stock import quantity, written

_LONGEST_QUANTITY = 12
_MOST_METADATA = 10
_NOT_SIMULATED = ("taxes", "discounts", "service_charges", "fulfillments", "modifiers", "applied_taxes")
_SUMS = ("tax", "discount", "tip", "service_charge")


def read_line(call: Call, given: Fields, *, uid: str) -> Row:
    """One line item as it is kept, priced.

    Raises:
        Refused: It has no quantity or price, or names something that is not in the catalog.
    """
    refuse_what_is_not_simulated(given)
    number = quantity(given.needed_text("quantity", longest=_LONGEST_QUANTITY))
    if not number:
        raise given.wrong("INVALID_VALUE", "Quantity must be a decimal greater than zero.", "quantity")
    line: Row = {"uid": uid, "quantity": written(number), **_sold(call, given)}
    note, kept = given.text("note", longest=2000), read_metadata(given)
    line |= {name: value for name, value in (("note", note), ("metadata", kept)) if value}
    price = money(given, "base_price_money", books=call.books) or line.pop("catalog_price", None)
    line.pop("catalog_price", None)
    if price is None:
        raise missing(given.path("base_price_money"))
    total = int((price["amount"] * number).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    sums = {"amount": total, "currency": price["currency"]}
    nothing = {**sums, "amount": 0}
    return {
        **line,
        "base_price_money": price,
        "variation_total_price_money": sums,
        "gross_sales_money": sums,
        "total_tax_money": nothing,
        "total_discount_money": nothing,
        "total_service_charge_money": nothing,
        "total_money": sums,
    }


def _sold(call: Call, given: Fields) -> Row:
    """What a line sells: a variation of the catalog, something by its name, or an amount and nothing else."""
    name, object_id = given.text("name", longest=512), given.text("catalog_object_id", longest=192)
    if object_id is None:
        return {"name": name, "item_type": "ITEM"} if name else {"item_type": "CUSTOM_AMOUNT"}
    row = call.books.catalog.living(object_id)
    if row is None or row["type"] != "ITEM_VARIATION":
        raise not_found(
            f"Item variation with catalog object ID `{object_id}` not found.", field=given.path("catalog_object_id")
        )
    data = row["item_variation_data"]
    item = call.books.catalog.rows[data["item_id"]]
    sold: Row = {
        "catalog_object_id": object_id,
        "catalog_version": row["version"],
        "name": name or item["item_data"]["name"],
        "item_type": "ITEM",
    }
    if data.get("name"):
        sold["variation_name"] = data["name"]
    return sold | ({"catalog_price": data["price_money"]} if "price_money" in data else {})


def read_metadata(given: Fields) -> dict[str, str]:
    """Up to ten private notes of the application: keys of at most 60 characters, values of at most 255."""
    kept = given.inner("metadata")
    if kept is None:
        return {}
    if len(kept.values) > _MOST_METADATA:
        raise given.wrong("TOO_MANY_MAP_ENTRIES", "Map must not contain more than 10 entries.", "metadata")
    for name in kept.values:
        if len(name) > 60:
            raise given.wrong("MAP_KEY_LENGTH_TOO_LONG", "Key must not be longer than 60 characters.", "metadata")
    found = {name: kept.text(name, longest=255) for name in kept.values}
    return {name: value for name, value in found.items() if value is not None}


def refuse_what_is_not_simulated(given: Fields) -> None:
    """Say so instead of passing over what would change the sums."""
    for name in _NOT_SIMULATED:
        if given.values.get(name):
            raise Refused(501, error("NOT_IMPLEMENTED", f"The simulator has no {name}.", field=given.path(name)))


def summed(order: Row, *, currency: str) -> Row:
    """The order with the sums of its lines, and what is still to be paid."""
    total = sum(line["total_money"]["amount"] for line in order.get("line_items", ()))
    paid = sum(tender["amount_money"]["amount"] for tender in order.get("tenders", ()))

    def amount(value: int) -> dict[str, Any]:
        return {"amount": value, "currency": currency}

    return {
        **order,
        "total_money": amount(total),
        **{f"total_{name}_money": amount(0) for name in _SUMS},
        "net_amounts": {"total_money": amount(total), **{f"{name}_money": amount(0) for name in _SUMS}},
        "net_amount_due_money": amount(total - paid),
    }
