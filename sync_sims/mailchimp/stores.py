"""Stores: where products, customers and orders belong to, each bound to one list for good.

Source: the specification's /ecommerce/stores. The client chooses the id.
"""

from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import bad_request, invalid
from sync_sims.mailchimp.finding import living_store
from sync_sims.mailchimp.shape import FLAG, NUMBER, TEXT, Shape, within
from sync_sims.mailchimp.shelf import Row

_PLACE = ("address1", "address2", "city", "province", "province_code", "postal_code", "country", "country_code")
_ADDRESS = Shape({**dict.fromkeys(_PLACE, TEXT), "longitude": NUMBER, "latitude": NUMBER})
_TEXTS = ("platform", "domain", "email_address", "money_format", "primary_locale", "timezone", "phone")
_UPDATE = {
    "name": TEXT,
    "currency_code": TEXT,
    "is_syncing": FLAG,
    **dict.fromkeys(_TEXTS, TEXT),
    "address": within(_ADDRESS),
}
UPDATE = Shape(_UPDATE)
CREATE = Shape({**_UPDATE, "id": TEXT, "list_id": TEXT}, required=("id", "list_id", "name", "currency_code"))


def write_new(call: Call, given: Row) -> Row:
    """Open a store."""
    if given["id"] in call.books.stores.rows:
        raise bad_request("A store with the provided ID already exists in the account.")
    if given["list_id"] not in call.books.lists.rows:
        raise invalid(("list_id", "The list does not exist."))
    row: Row = {
        **dict.fromkeys(_TEXTS, ""),
        "is_syncing": False,
        "created_at": call.stamp,
        "updated_at": call.stamp,
        **given,
        "address": {**dict.fromkeys(_PLACE, ""), "longitude": 0, "latitude": 0, **given.get("address", {})},
    }
    call.books.put(call.books.stores, row["id"], row)
    return row


def _shown(call: Call, row: Row) -> Row:
    unsupported = {"is_supported": False}
    answer = {
        **row,
        "automations": {"abandoned_cart": unsupported, "abandoned_browse": unsupported},
        "list_is_active": row["list_id"] in call.books.lists.rows,
    }
    return call.linked(answer, f"/ecommerce/stores/{row['id']}", "Ecommerce/Stores")


def read_stores(call: Call) -> Row:
    """GET /ecommerce/stores."""
    rows = list(call.books.stores.rows.values())
    page = [_shown(call, row) for row in call.asking.page(rows)]
    return call.collection("stores", page, total=len(rows), path="/ecommerce/stores")


def create_store(call: Call) -> Row:
    """POST /ecommerce/stores."""
    return _shown(call, write_new(call, call.given(CREATE)))


def read_store(call: Call) -> Row:
    """GET /ecommerce/stores/{store_id}."""
    return _shown(call, living_store(call))


def update_store(call: Call) -> Row:
    """PATCH /ecommerce/stores/{store_id}; the list stays."""
    row = living_store(call)
    changes = call.changes(UPDATE)
    if "address" in changes:
        changes["address"] = {**row["address"], **changes["address"]}
    changed = {**row, **changes, "updated_at": call.stamp}
    call.books.put(call.books.stores, row["id"], changed)
    return _shown(call, changed)


def delete_store(call: Call) -> None:
    """DELETE /ecommerce/stores/{store_id}, with everything in it."""
    store_id = living_store(call)["id"]
    books = call.books
    for shelf in (books.carts, books.orders, books.customers, books.products):
        for key in list(shelf.family(store_id)):
            books.remove(shelf, key)
    books.remove(books.stores, store_id)
