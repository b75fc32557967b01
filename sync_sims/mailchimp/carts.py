"""Carts of a store, which venues' shops leave behind; here they can be read alone, and seeded.

Source: the specification's /ecommerce/stores/{store_id}/carts.
"""

from sync_sims.mailchimp import customers, orders
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import not_found
from sync_sims.mailchimp.finding import living_store
from sync_sims.mailchimp.shape import NUMBER, TEXT, Shape, several, within
from sync_sims.mailchimp.shelf import Row

CART = Shape(
    {
        "id": TEXT,
        "customer": within(customers.CUSTOMER),
        "campaign_id": TEXT,
        "checkout_url": TEXT,
        "currency_code": TEXT,
        "order_total": NUMBER,
        "tax_total": NUMBER,
        "lines": several(within(orders.LINE)),
    },
    required=("id", "customer", "currency_code", "order_total", "lines"),
)


def write_cart(call: Call, store: Row, given: Row) -> Row:
    """Leave a cart behind, or change the one with this id."""
    key = f"{store['id']}/{given['id']}"
    before = call.books.carts.rows.get(key, {"created_at": call.stamp})
    customer = customers.write_customer(call, store, given["customer"]["id"], given["customer"])
    row: Row = {
        "campaign_id": "",
        "checkout_url": "",
        "tax_total": 0,
        **before,
        **{name: value for name, value in given.items() if name != "customer"},
        "customer_id": customer["id"],
        "updated_at": call.stamp,
        "store_id": store["id"],
    }
    call.books.put(call.books.carts, key, row)
    return row


def shown(call: Call, row: Row) -> Row:
    """A cart as the API shows it."""
    answer = {name: value for name, value in row.items() if name not in {"customer_id", "store_id"}}
    customer_key = f"{row['store_id']}/{row['customer_id']}"
    rows = call.books.customers
    answer["customer"] = customers.shown(call, rows.rows.get(customer_key) or rows.removed[customer_key])
    hidden = {"discount", "image_url", "product"}
    lines = orders.lines_shown(call, row["store_id"], row["lines"])
    answer["lines"] = [{name: value for name, value in line.items() if name not in hidden} for line in lines]
    return call.linked(answer, f"/ecommerce/stores/{row['store_id']}/carts/{row['id']}", "Ecommerce/Stores/Carts")


def read_carts(call: Call) -> Row:
    """GET …/carts."""
    store_id = living_store(call)["id"]
    rows = list(call.books.carts.family(store_id).values())
    page = [shown(call, row) for row in call.asking.page(rows)]
    path = f"/ecommerce/stores/{store_id}/carts"
    return call.collection("carts", page, total=len(rows), path=path, store_id=store_id)


def read_cart(call: Call) -> Row:
    """GET …/carts/{cart_id}."""
    row = call.books.carts.rows.get(f"{living_store(call)['id']}/{call.ids[1]}")
    if row is None:
        raise not_found()
    return shown(call, row)
