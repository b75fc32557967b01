"""Changing inventory: physical counts and adjustments, up to a hundred, all or none.

Sources: BatchChangeInventory, InventoryPhysicalCount and InventoryAdjustment in Square's specification; the limit of
100 is that of the older official SDK's documentation.
"""

from collections.abc import Iterable
from datetime import timedelta

from sync_sims.square.books import Books
from sync_sims.square.call import Call
from sync_sims.square.fields import Fields
from sync_sims.square.refusal import missing, not_found
from sync_sims.square.replay import Answer, once
from sync_sims.square.shelf import Row
from sync_sims.square.stock import STATES, Place, body_of, counted, place_of, quantity, written
from sync_sims.square.terms import APPLICATION_ID
from sync_sims.square.timestamps import stamp

_MOST = 100
_LONGEST_KEY = 128
_OLDEST = timedelta(hours=24)
_KINDS = {"PHYSICAL_COUNT": "physical_count", "ADJUSTMENT": "adjustment"}
_TRANSFER = "TRANSFER"


def batch_create_changes(call: Call) -> Answer:
    """POST /v2/inventory/changes/batch-create."""
    return once(call, lambda: _batch_create(call), longest=_LONGEST_KEY)


def _batch_create(call: Call) -> Answer:
    call.body.needed_array("changes", most=_MOST)
    skip_unchanged = call.body.flag("ignore_unchanged_counts") is not False
    changes = [read_change(call, given) for given in call.body.objects("changes")]
    touched: dict[Place, None] = {}
    made: list[Row] = []
    for change in changes:
        place = place_of(change)
        touched[place] = None
        if not (skip_unchanged and _repeats_count(call.books, change)):
            write_change(call, change)
            made.append(change)
    counts = [count for place in touched for count in _counts_at(call.books, place)]
    answer: Answer = {"counts": counts}
    return {**answer, "changes": made} if made else answer


def read_change(call: Call, given: Fields) -> Row:
    """Check one change and complete it.

    Raises:
        Refused: It is malformed, too old, in the future, or about something the seller does not have.
    """
    kind = given.choice("type", {*_KINDS, _TRANSFER})
    if kind is None:
        raise missing(given.path("type"))
    if kind == _TRANSFER:
        # A seller here has one location, so there is nowhere to transfer to.
        raise given.wrong("INVALID_VALUE", "Inventory changes of type TRANSFER cannot be created.", "type")
    body = given.needed_inner(_KINDS[kind])
    states = ("state",) if kind == "PHYSICAL_COUNT" else ("from_state", "to_state")
    change: Row = {"id": call.identifiers.change(call.books.inventory_changes.rows)}
    reference_id = body.text("reference_id", longest=255)
    if reference_id is not None:
        change["reference_id"] = reference_id
    change |= {"catalog_object_id": _variation(call.books, body), "catalog_object_type": "ITEM_VARIATION"}
    change |= {state: _state(body, state) for state in states}
    change |= {
        "location_id": _location(call.books, body),
        "quantity": _quantity(body),
        "source": {"product": "EXTERNAL_API", "application_id": APPLICATION_ID, "name": "Sandbox application"},
        "occurred_at": _occurred_at(call, body),
        "created_at": call.stamp,
    }
    if kind == "ADJUSTMENT" and change["from_state"] == change["to_state"]:
        raise body.wrong("INVALID_VALUE", "from_state and to_state must differ.", "to_state")
    return {"type": kind, _KINDS[kind]: change}


def _variation(books: Books, body: Fields) -> str:
    object_id = body.needed_text("catalog_object_id", longest=100)
    row = books.catalog.living(object_id)
    if row is None:
        raise not_found(f"Catalog object with ID `{object_id}` not found.", field=body.path("catalog_object_id"))
    if row["type"] != "ITEM_VARIATION":
        raise body.wrong("INVALID_VALUE", "Only objects of type ITEM_VARIATION have inventory.", "catalog_object_id")
    return object_id


def _location(books: Books, body: Fields) -> str:
    location_id = body.needed_text("location_id", longest=100)
    if location_id != books.location_id:
        raise not_found(f"Location with ID `{location_id}` not found.", field=body.path("location_id"))
    return location_id


def _state(body: Fields, name: str) -> str:
    state = body.choice(name, STATES)
    if state is None:
        raise missing(body.path(name))
    return state


def _quantity(body: Fields) -> str:
    number = quantity(body.needed_text("quantity", longest=26))
    if number is None:
        raise body.wrong(
            "INVALID_VALUE", "Quantity must be a decimal string with at most 5 decimal places.", "quantity"
        )
    return written(number)


def _occurred_at(call: Call, body: Fields) -> str:
    body.needed_text("occurred_at", longest=34)
    when = body.moment("occurred_at") or ""
    if when > call.stamp:
        raise body.wrong("INVALID_TIME", "occurred_at must not be in the future.", "occurred_at")
    if when < stamp(call.now - _OLDEST):
        raise body.wrong("INVALID_TIME", "occurred_at must not be more than 24 hours ago.", "occurred_at")
    return when


def _count_key(place: Place, state: str) -> str:
    return f"{place[0]} {place[1]} {state}"


def _counts_at(books: Books, place: Place) -> list[Row]:
    rows = books.inventory_counts.rows
    return [rows[key] for state in sorted(STATES) if (key := _count_key(place, state)) in rows]


def _repeats_count(books: Books, change: Row) -> bool:
    """Whether a physical count finds what is on the books already."""
    if change["type"] != "PHYSICAL_COUNT":
        return False
    body = body_of(change)
    known = books.inventory_counts.rows.get(_count_key(place_of(change), body["state"]))
    return known is not None and known["quantity"] == body["quantity"]


def write_change(call: Call, change: Row) -> None:
    """Note a change and bring the counts of its variation up to date."""
    books = call.books
    place = place_of(change)
    books.put(books.inventory_changes, body_of(change)["id"], change)
    for state, number in counted(books.inventory_changes.at(place)).items():
        key = _count_key(place, state)
        known = books.inventory_counts.rows.get(key)
        if known is None or known["quantity"] != written(number) or state in _states(change):
            count = {
                "catalog_object_id": place[0],
                "catalog_object_type": "ITEM_VARIATION",
                "state": state,
                "location_id": place[1],
                "quantity": written(number),
                "calculated_at": call.stamp,
            }
            books.put(books.inventory_counts, key, count)


def _states(change: Row) -> Iterable[str]:
    body = body_of(change)
    return [body[name] for name in ("state", "from_state", "to_state") if name in body]
