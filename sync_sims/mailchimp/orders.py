"""Orders of a store, and orders of all stores together.

Source: the specification's /ecommerce/stores/{store_id}/orders, where 3.0.85 has PUT, and /ecommerce/orders. Neither has a
filter by time. An order is cancelled by `cancelled_at_foreign`; its products must be there before it.
A change names lines, and those that it does not name stay (github.com/mailchimp/mc-woocommerce/issues/115); the last one is
not deleted but with its order (github.com/mailchimp/APIv3-examples/issues/48).
"""

from collections.abc import Iterable
from typing import Any

from sync_sims.mailchimp import customers
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import bad_request, not_found
from sync_sims.mailchimp.finding import living_store
from sync_sims.mailchimp.products import PRODUCT, write_product
from sync_sims.mailchimp.shape import MOMENT, NUMBER, OBJECT, TEXT, WHOLE, Kind, Shape, choice, several, within
from sync_sims.mailchimp.shelf import Row

_PLACE = ("name", "company", "address1", "address2", "city", "province", "province_code", "postal_code", "country")
_ADDRESS_TEXTS = (*_PLACE, "country_code", "phone")
_ADDRESS = Shape({**dict.fromkeys(_ADDRESS_TEXTS, TEXT), "longitude": NUMBER, "latitude": NUMBER})
_LINE_FIELDS: dict[str, Kind] = {
    "id": TEXT,
    "product_id": TEXT,
    "product_variant_id": TEXT,
    "quantity": WHOLE,
    "price": NUMBER,
    "discount": NUMBER,
    "product": within(PRODUCT),
}
LINE = Shape(_LINE_FIELDS, required=("id", "product_id", "product_variant_id", "quantity", "price"))
_PROMO = Shape(
    {"code": TEXT, "amount_discounted": NUMBER, "type": choice("fixed", "percentage")},
    required=("code", "amount_discounted", "type"),
)
_TEXTS = (
    "financial_status",
    "fulfillment_status",
    "campaign_id",
    "landing_site",
    "order_url",
    "tracking_number",
    "tracking_carrier",
    "tracking_url",
    "tracking_code",
)
_MOMENTS = ("processed_at_foreign", "updated_at_foreign", "cancelled_at_foreign")
_SUMS = ("discount_total", "tax_total", "shipping_total")
ORDER = Shape(
    {
        "id": TEXT,
        "customer": within(customers.INLINE),
        "currency_code": TEXT,
        "order_total": NUMBER,
        "lines": several(within(LINE)),
        **dict.fromkeys(_TEXTS, TEXT),
        **dict.fromkeys(_MOMENTS, MOMENT),
        **dict.fromkeys(_SUMS, NUMBER),
        "tracking_code": choice("prec"),
        "shipping_address": within(_ADDRESS),
        "billing_address": within(_ADDRESS),
        "promos": several(within(_PROMO)),
        "outreach": OBJECT,
    },
    required=("id", "customer", "currency_code", "order_total", "lines"),
)


def write_order(call: Call, store: Row, order_id: str, given: Row) -> Row:
    """Create the order or change the one that is there; unchanged, it is not written."""
    key = f"{store['id']}/{order_id}"
    before = call.books.orders.rows.get(key)
    row: Row = {**(before or _blank(call, store)), **given, "id": order_id}
    if "customer" in given:
        customer = given["customer"]
        known = f"{store['id']}/{customer['id']}" in call.books.customers.rows
        if not known and "opt_in_status" not in customer:
            raise bad_request("A new customer needs opt_in_status.")
        row["customer_id"] = customers.write_customer(call, store, customer["id"], customer)["id"]
        del row["customer"]
    if "lines" in given:
        kept = {line["id"]: line for line in (before or {"lines": []})["lines"]}
        row["lines"] = list((kept | {line["id"]: _line(call, store, line) for line in given["lines"]}).values())
    for name in ("shipping_address", "billing_address"):
        row[name] = {**_no_address(), **row[name]}
    if row != before:
        call.books.put(call.books.orders, key, row)
    return row


def _no_address() -> Row:
    return {**dict.fromkeys(_ADDRESS_TEXTS, ""), "longitude": 0, "latitude": 0}


def _blank(call: Call, store: Row) -> Row:
    blank: Row = {**dict.fromkeys(_TEXTS, ""), **dict.fromkeys(_MOMENTS, ""), **dict.fromkeys(_SUMS, 0)}
    places: Row = {"shipping_address": {}, "billing_address": {}}
    return {**blank, **places, "promos": [], "processed_at_foreign": call.stamp, "store_id": store["id"]}


def _line(call: Call, store: Row, given: Row) -> Row:
    """A line of an order.

    Raises:
        ApiError: The product or the variant does not exist, and did not come along.
    """
    product = call.books.products.rows.get(f"{store['id']}/{given['product_id']}")
    if product is None and "product" in given:
        product = write_product(call, store["id"], given["product_id"], given["product"])
    if product is None:
        raise bad_request(f"A product with the ID {given['product_id']} does not exist in this store.")
    if all(variant["id"] != given["product_variant_id"] for variant in product["variants"]):
        raise bad_request(f"A variant with the ID {given['product_variant_id']} does not exist for this product.")
    return {"discount": 0, **{name: value for name, value in given.items() if name != "product"}}


def _shown(call: Call, row: Row) -> Row:
    store_id = row["store_id"]
    answer = {name: value for name, value in row.items() if name not in {"customer_id", "tracking_code", "outreach"}}
    if row["tracking_code"]:
        answer["tracking_code"] = row["tracking_code"]
    if "outreach" in row:
        answer["outreach"] = row["outreach"]
    customer = call.books.customers.rows.get(f"{store_id}/{row['customer_id']}")
    if customer is None:
        customer = call.books.customers.removed[f"{store_id}/{row['customer_id']}"]
    answer["customer"] = customers.shown(call, customer)
    answer["lines"] = lines_shown(call, store_id, row["lines"])
    return call.linked(answer, f"/ecommerce/stores/{store_id}/orders/{row['id']}", "Ecommerce/Stores/Orders")


def lines_shown(call: Call, store_id: str, lines: Iterable[Row]) -> list[Row]:
    """Lines with the titles that their products have now."""
    return [{**line, **_titles(call, store_id, line)} for line in lines]


def _titles(call: Call, store_id: str, line: Row) -> dict[str, Any]:
    product = call.books.products.rows.get(f"{store_id}/{line['product_id']}", {"title": "", "variants": []})
    variant = next((one for one in product["variants"] if one["id"] == line["product_variant_id"]), {})
    return {
        "product_title": product["title"],
        "product_variant_title": variant.get("title", ""),
        "image_url": variant.get("image_url") or product.get("image_url", ""),
    }


def _wanted(call: Call, rows: Iterable[Row]) -> list[Row]:
    """The orders that the filters let pass."""
    customer, campaign = call.asking.text("customer_id"), call.asking.text("campaign_id")
    outreach, has_outreach = call.asking.text("outreach_id"), call.asking.flag("has_outreach")
    return [
        row
        for row in rows
        if customer in {None, row["customer_id"]}
        and campaign in {None, row["campaign_id"]}
        and outreach in {None, row.get("outreach", {}).get("id")}
        and has_outreach in {None, "outreach" in row or bool(row["campaign_id"])}
    ]


def read_all_orders(call: Call) -> Row:
    """GET /ecommerce/orders."""
    rows = _wanted(call, call.books.orders.rows.values())
    page = [_shown(call, row) for row in call.asking.page(rows)]
    return call.collection("orders", page, total=len(rows), path="/ecommerce/orders")


def read_orders(call: Call) -> Row:
    """GET …/orders."""
    store_id = living_store(call)["id"]
    rows = _wanted(call, call.books.orders.family(store_id).values())
    page = [_shown(call, row) for row in call.asking.page(rows)]
    path = f"/ecommerce/stores/{store_id}/orders"
    return call.collection("orders", page, total=len(rows), path=path, store_id=store_id)


def _living(call: Call) -> Row:
    row = call.books.orders.rows.get(f"{living_store(call)['id']}/{call.ids[1]}")
    if row is None:
        raise not_found()
    return row


def create_order(call: Call) -> Row:
    """POST …/orders."""
    store = living_store(call)
    given = call.given(ORDER)
    if f"{store['id']}/{given['id']}" in call.books.orders.rows:
        raise bad_request("An order with the provided ID already exists in the account for this list.")
    return _shown(call, write_order(call, store, given["id"], given))


def read_order(call: Call) -> Row:
    """GET …/orders/{order_id}."""
    return _shown(call, _living(call))


def upsert_order(call: Call) -> Row:
    """PUT …/orders/{order_id}."""
    store = living_store(call)
    known = f"{store['id']}/{call.ids[1]}" in call.books.orders.rows
    given = call.changes(ORDER) if known else call.given(ORDER)
    return _shown(call, write_order(call, store, call.ids[1], given))


def update_order(call: Call) -> Row:
    """PATCH …/orders/{order_id}."""
    _living(call)
    return _shown(call, write_order(call, living_store(call), call.ids[1], call.changes(ORDER)))


def delete_order(call: Call) -> None:
    """DELETE …/orders/{order_id}."""
    row = _living(call)
    call.books.remove(call.books.orders, f"{row['store_id']}/{row['id']}")


def delete_line(call: Call) -> None:
    """DELETE …/orders/{order_id}/lines/{line_id}."""
    row = _living(call)
    left = [line for line in row["lines"] if line["id"] != call.ids[2]]
    if len(left) == len(row["lines"]):
        raise not_found()
    if not left:
        raise bad_request("In order to delete this line item, delete the parent resource.")
    call.books.put(call.books.orders, f"{row['store_id']}/{row['id']}", {**row, "lines": left})
