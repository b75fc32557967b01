"""The lines of invoices, and invoice items, which become lines (docs.stripe.com/api/invoices/line_item).

An invoice shows its first ten lines; all of them have a list of their own, oldest first.
"""

from typing import Any

from sync_sims.stripe.errors import missing_parameter
from sync_sims.stripe.listing import DEFAULT_LIMIT
from sync_sims.stripe.parameters import Currency, Hash, Integer, Metadata, Text, merged_metadata
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

SHOWN = 10
ITEM = Hash(
    {
        "amount": Integer(),
        "currency": Currency(),
        "customer": Text(),
        "description": Text(),
        "invoice": Text(),
        "metadata": Metadata(),
        "pricing": Hash({"price": Text()}),
        "quantity": Integer(least=0),
    }
)
LINES_FILTERS = {"limit": Integer(least=1, most=100), "starting_after": Text()}


def new_item(call: Call, given: dict[str, Any], *, customer: str, currency: str) -> Object:
    """An invoice item, priced by its `pricing` or its `amount`.

    Raises:
        ApiError: It has neither or both, the price is unknown, or its currency is not the invoice's.
    """
    quantity = given.get("quantity", 1)
    price = given.get("pricing", {}).get("price")
    refuse_unless(
        price is None or "amount" not in given, "You may only specify one of these parameters: amount, price."
    )
    if price is None:
        if "amount" not in given:
            raise missing_parameter("amount")
        amount, unit = given["amount"], given["amount"] / quantity if quantity else 0
        pricing = {"type": "price_details", "unit_amount_decimal": f"{unit:g}"}
        about = given.get("description")
    else:
        found = call.named("prices", price, param="pricing[price]")
        currency_given = found["currency"]
        refuse_unless(
            currency_given == currency,
            f"The currency of the invoice ({currency}) does not match that of the price ({currency_given}).",
            param="pricing[price]",
        )
        amount, pricing = found["unit_amount"] * quantity, pricing_of(found)
        about = given.get("description", product_name(call, found))
    return call.put(
        "invoiceitems",
        {
            "id": call.new_id("invoiceitems", "ii_"),
            "object": "invoiceitem",
            "amount": amount,
            "created": call.now,
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "date": call.now,
            "description": about,
            "discountable": True,
            "discounts": [],
            "invoice": given.get("invoice"),
            "livemode": call.livemode,
            "metadata": merged_metadata({}, given.get("metadata", {})),
            "parent": None,
            "period": {"start": call.now, "end": call.now},
            "pricing": pricing,
            "proration": False,
            "quantity": quantity,
            "quantity_decimal": str(quantity),
            "tax_rates": [],
            "test_clock": None,
        },
    )


def product_name(call: Call, price: Object) -> str:
    """What is sold at a price."""
    product = call.shelf("products").get(price["product"])
    return "" if product is None else product["name"]


def pricing_of(price: Object) -> dict[str, Any]:
    """How a line says what it costs by the piece."""
    return {
        "type": "price_details",
        "price_details": {"price": price["id"], "product": price["product"]},
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def line_of_item(call: Call, item: Object, *, invoice: str) -> Object:
    """An invoice item as a line."""
    details = {"invoice_item": item["id"], "proration": False, "proration_details": None, "subscription": None}
    parent = {"type": "invoice_item_details", "invoice_item_details": details, "subscription_item_details": None}
    return _line(
        call,
        invoice,
        of={name: item[name] for name in ("amount", "currency", "description", "period", "pricing", "quantity")},
        parent=parent,
        subscription=None,
    )


def line_of_subscription(call: Call, item: Object, *, invoice: str, currency: str) -> Object:
    """A subscription's item as a line for its current period."""
    details = {
        "invoice_item": None,
        "proration": False,
        "proration_details": None,
        "subscription": item["subscription"],
        "subscription_item": item["id"],
    }
    price, quantity = item["price"], item["quantity"]
    name = product_name(call, price)
    every = price["recurring"]["interval"]
    return _line(
        call,
        invoice,
        of={
            "amount": price["unit_amount"] * quantity,
            "currency": currency,
            "description": f"{quantity} x {name} (per {every})",
            "period": {"start": item["current_period_start"], "end": item["current_period_end"]},
            "pricing": pricing_of(price),
            "quantity": quantity,
        },
        parent={
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": details,
        },
        subscription=item["subscription"],
    )


def _line(call: Call, invoice: str, *, of: dict[str, Any], parent: dict[str, Any], subscription: str | None) -> Object:
    line = {
        "id": call.new_id("line_items", "il_"),
        "object": "line_item",
        **of,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": call.livemode,
        "metadata": {},
        "parent": parent,
        "pretax_credit_amounts": [],
        "quantity_decimal": str(of["quantity"]),
        "subscription": subscription,
        "subtotal": of["amount"],
        "taxes": [],
    }
    # Kept with their time, which the API does not show.
    call.put("line_items", {**line, "created": call.now})
    return line


def lines_of(call: Call, invoice: str) -> list[Object]:
    """All lines of an invoice, oldest first."""
    found = list(call.shelf("line_items").newest_first(term=("invoice", invoice)))
    return [{name: value for name, value in line.items() if name != "created"} for line in reversed(found)]


def shown_lines(lines: list[Object], invoice: str) -> Object:
    """What the invoice itself shows of its lines."""
    url = f"/v1/invoices/{invoice}/lines"
    return {"object": "list", "data": lines[:SHOWN], "has_more": len(lines) > SHOWN, "url": url}


def list_lines(call: Call, invoice_id: str, given: dict[str, Any]) -> Object:
    """GET /v1/invoices/{id}/lines.

    Raises:
        ApiError: There is no such invoice, or no such line to go on from.
    """
    call.addressed("invoices", invoice_id)
    lines = lines_of(call, invoice_id)
    after = given.get("starting_after")
    if after is not None:
        call.named("line_items", after, param="starting_after")
        lines = lines[1 + next((place for place, line in enumerate(lines) if line["id"] == after), len(lines)) :]
    limit = given.get("limit", DEFAULT_LIMIT)
    return {**shown_lines(lines, invoice_id), "data": lines[:limit], "has_more": len(lines) > limit}
