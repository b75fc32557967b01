"""What happens at Mailchimp without us: rows written by the code of the API, without its door.

Every row may say `at`, an ISO 8601 time, for when it happened; a row that names what exists already is a change to it, and
with `"is_deleted": true` its removal. `list_id` and `store_id` may be left out where the account has only one.
"""

import dataclasses
from collections.abc import Callable
from datetime import datetime

from sync_sims.mailchimp import automations, carts, customers, lists, merge_fields, orders, products, stores, tags
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.campaign_seeds import sow_campaign, sow_report
from sync_sims.mailchimp.errors import invalid
from sync_sims.mailchimp.finding import member_on
from sync_sims.mailchimp.identifiers import subscriber_hash
from sync_sims.mailchimp.member_view import MemberView
from sync_sims.mailchimp.member_write import write_member
from sync_sims.mailchimp.members import CREATE, archive_member, forget_member
from sync_sims.mailchimp.routes import find
from sync_sims.mailchimp.shape import TEXT, Shape, choice, read
from sync_sims.mailchimp.shelf import Row, Shelf

Seed = Callable[[Call, Row], Row]


def sow(call: Call, collection: str, row: Row) -> Row:
    """Let one row happen.

    Raises:
        ApiError: The API would refuse it.
        KeyError: Nothing can be seeded under this name.
    """
    if collection not in SEEDS:
        raise KeyError(f"seed collection {collection!r}")
    moment = call.now if "at" not in row else datetime.fromisoformat(row["at"]).timestamp()
    given = {name: value for name, value in row.items() if name not in {"at", "is_deleted"}}
    there = dataclasses.replace(call, now=moment, body=given)
    if row.get("is_deleted"):
        return _removed(there, collection, given)
    return SEEDS[collection](there, given)


def _only(shelf: Shelf, row: Row, name: str) -> str:
    """The id in `row`, or that of the only thing on the shelf."""
    if name in row:
        if row[name] not in shelf.rows:
            raise KeyError(f"{name} {row[name]!r}")
        return row[name]
    if len(shelf.rows) != 1:
        raise invalid((name, f"The account has {len(shelf.rows)} {shelf.name}: say which."))
    return next(iter(shelf.rows))


def _list_of(call: Call, row: Row) -> str:
    return _only(call.books.lists, row, "list_id")


def _store_of(call: Call, row: Row) -> Row:
    return call.books.stores.rows[_only(call.books.stores, row, "store_id")]


def sow_member(call: Call, row: Row) -> Row:
    """Profile fields with `tags` -> a member who did it in person: who unsubscribes so cannot be subscribed by the API.

    `contact_id` or `id` names somebody whose `email_address` changes; `status` may be "archived" too.
    """
    list_id = _list_of(call, row)
    name = row.get("contact_id") or row.get("id") or row.get("email_address", "")
    before = member_on(call, list_id, name)
    archived = row.get("status") == "archived"
    given = read({key: value for key, value in row.items() if not (archived and key == "status")}, CREATE, partial=True)
    status = given.get("status") or ("subscribed" if before is None else before["status"])
    ban = f"{list_id}/{subscriber_hash(given.get('email_address', ''))}"
    if ban in call.books.forgotten.rows:
        call.books.remove(call.books.forgotten, ban)
    after = write_member(call, list_id, before, given=given, status=status, skip_merge_validation=True)
    after = tags.set_all(call, after, given["tags"]) if "tags" in given else after
    if archived and after["status"] != "archived":
        archive_member(dataclasses.replace(call, ids=(list_id, after["id"])))
        after = call.books.members.rows[f"{list_id}/{after['id']}"]
    return MemberView(call, list_id)(after)


def sow_list(call: Call, row: Row) -> Row:
    """`{name, …}` -> a list, or a change to the one with this `id`."""
    if row.get("id") in call.books.lists.rows:
        return lists.update_list(dataclasses.replace(call, ids=(row["id"],)))
    return lists.shown(call, write_list(call, row))


def write_list(call: Call, row: Row) -> Row:
    """Create a list as somebody does who fills in nothing but its name."""
    name = row["name"]
    given: Row = {
        "contact": {"company": name, "address1": "1 Main Street", "city": "Springfield", "country": "US"},
        "permission_reminder": "You signed up at our box office.",
        "campaign_defaults": {"from_name": name, "from_email": "", "subject": "", "language": "en"},
        "email_type_option": False,
        **row,
    }
    chosen = {"id": row["id"]} if "id" in row else {}
    return lists.write_new(call, {**read(given, lists.SHAPE), **chosen})


def sow_merge_field(call: Call, row: Row) -> Row:
    """Fields of a merge field -> a new one, or a change to the one with this `merge_id`."""
    list_id = _list_of(call, row)
    if "merge_id" in row:
        return merge_fields.update_merge_field(dataclasses.replace(call, ids=(list_id, str(row["merge_id"]))))
    return merge_fields.create_merge_field(dataclasses.replace(call, ids=(list_id,)))


def sow_store(call: Call, row: Row) -> Row:
    """Fields of a store -> a new one, or a change to the one with this `id`."""
    if row.get("id") in call.books.stores.rows:
        return stores.update_store(dataclasses.replace(call, ids=(row["id"],)))
    given = {"list_id": _list_of(call, row), "currency_code": "USD", **row}
    return stores.create_store(dataclasses.replace(call, body=given))


def _sow_in_store(upsert: Seed, shape: Shape) -> Seed:
    """Make a seed of what PUT does in a store."""

    def sow_one(call: Call, row: Row) -> Row:
        store = _store_of(call, row)
        given = {name: value for name, value in row.items() if name in shape.fields}
        return upsert(dataclasses.replace(call, ids=(store["id"], row["id"]), body=given), row)

    return sow_one


def sow_cart(call: Call, row: Row) -> Row:
    """Fields of a cart -> a cart left behind."""
    return carts.shown(call, carts.write_cart(call, _store_of(call, row), read(row, carts.CART)))


def sow_automation(call: Call, row: Row) -> Row:
    """`{title, status?, emails_sent?, …}` -> a classic automation."""
    return automations.shown(call, automations.write_automation(call, read(row, automations.SEED)))


def sow_journey(call: Call, row: Row) -> Row:
    """`{journey_id, step_id, list_id?}` -> a step of a journey that the API may start."""
    journey: Row = {
        "journey_id": str(row["journey_id"]),
        "step_id": str(row["step_id"]),
        "list_id": _list_of(call, row),
    }
    call.books.put(call.books.journeys, f"{journey['journey_id']}/{journey['step_id']}", journey)
    return journey


def sow_tag(call: Call, row: Row) -> Row:
    """`{name, list_id?}` -> a tag that nobody has yet."""
    given = read(row, Shape({"name": TEXT, "type": choice("static")}, required=("name",)))
    return tags.write_segment(call, _list_of(call, row), given["name"])


def _removed(call: Call, collection: str, row: Row) -> Row:
    """Delete what the row names; a member is forgotten."""
    if collection == "members":
        list_id = _list_of(call, row)
        name = row.get("contact_id") or row.get("id") or row.get("email_address", "")
        forget_member(dataclasses.replace(call, ids=(list_id, name)))
        return {"is_deleted": True}
    inside = collection in {"products", "customers", "orders"}
    path = f"/ecommerce/stores/{_store_of(call, row)['id']}/{collection}" if inside else f"/{collection}"
    found = find("DELETE", f"/3.0{path}/{row['id']}")
    if found is None:
        raise KeyError(f"removal of {collection}")
    found[0].endpoint(dataclasses.replace(call, ids=found[1]))
    return {"id": row["id"], "is_deleted": True}


SEEDS: dict[str, Seed] = {
    "lists": sow_list,
    "members": sow_member,
    "merge_fields": sow_merge_field,
    "segments": sow_tag,
    "stores": sow_store,
    "products": _sow_in_store(lambda call, _: products.upsert_product(call), products.PRODUCT),
    "customers": _sow_in_store(lambda call, _: customers.upsert_customer(call), customers.CUSTOMER),
    "orders": _sow_in_store(lambda call, _: orders.upsert_order(call), orders.ORDER),
    "carts": sow_cart,
    "campaigns": sow_campaign,
    "reports": sow_report,
    "automations": sow_automation,
    "journeys": sow_journey,
}
