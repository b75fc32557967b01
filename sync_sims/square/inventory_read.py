"""Reading inventory: counts now, and the changes that led to them.

Sources: BatchRetrieveInventoryCounts, BatchRetrieveInventoryChanges and RetrieveInventoryCount in Square's
specification: counts come newest first, `updated_after` is by the server's time.
"""

from typing import Any

from sync_sims.square.call import Call, with_cursor
from sync_sims.square.fields import Fields
from sync_sims.square.paging import Listing
from sync_sims.square.refusal import not_found
from sync_sims.square.shelf import Row
from sync_sims.square.stock import STATES, UNTRACKED, body_of, happened

_PAGE = 100
_LARGEST_PAGE = 1000
_KINDS = frozenset({"PHYSICAL_COUNT", "ADJUSTMENT", "TRANSFER"})


def retrieve_counts(call: Call) -> dict[str, Any]:
    """GET /v2/inventory/{catalog_object_id}?location_ids=; an object without counts has none, one unknown is 404."""
    object_id = call.ids[0]
    if object_id not in call.books.catalog.rows:
        raise not_found(f"Catalog object with ID `{object_id}` not found.", field="catalog_object_id")
    text = call.query.text("location_ids") or ""
    locations = {part.strip() for part in text.split(",") if part.strip()}

    def keep(row: Row) -> bool:
        return row["catalog_object_id"] == object_id and (not locations or row["location_id"] in locations)

    listing = Listing(call.books.inventory_counts, keep=keep, order=_by_calculation, descending=True)
    rows, cursor = call.page(listing, call.bookmark(call.query), limit=_PAGE)
    return with_cursor({"counts": rows}, cursor)


def batch_retrieve_counts(call: Call) -> dict[str, Any]:
    """POST /v2/inventory/counts/batch-retrieve."""
    objects, locations = _set(call.body, "catalog_object_ids"), _set(call.body, "location_ids")
    states = _states(call.body) - UNTRACKED
    after = call.body.moment("updated_after")

    def keep(row: Row) -> bool:
        return (
            (not objects or row["catalog_object_id"] in objects)
            and (not locations or row["location_id"] in locations)
            and (not states or row["state"] in states)
            and (after is None or row["calculated_at"] > after)
        )

    listing = Listing(call.books.inventory_counts, keep=keep, order=_by_calculation, descending=True)
    rows, cursor = call.page(listing, call.bookmark(call.body), limit=_limit(call.body))
    return with_cursor({"counts": rows}, cursor)


def batch_retrieve_changes(call: Call) -> dict[str, Any]:
    """POST /v2/inventory/changes/batch-retrieve: oldest first by the client's time."""
    objects, locations = _set(call.body, "catalog_object_ids"), _set(call.body, "location_ids")
    kinds = _kinds(call.body)
    states = _states(call.body)
    after, before = call.body.moment("updated_after"), call.body.moment("updated_before")

    def keep(row: Row) -> bool:
        body = body_of(row)
        return (
            row["type"] in kinds
            and (not objects or body["catalog_object_id"] in objects)
            and (not locations or body["location_id"] in locations)
            and (
                not states
                or row["type"] != "ADJUSTMENT"
                or not states.isdisjoint((body["from_state"], body["to_state"]))
            )
            and (after is None or body["created_at"] > after)
            and (before is None or body["created_at"] < before)
        )

    listing = Listing(call.books.inventory_changes, keep=keep, order=happened)
    rows, cursor = call.page(listing, call.bookmark(call.body), limit=_limit(call.body))
    return with_cursor({"changes": rows}, cursor)


def retrieve_physical_count(call: Call) -> dict[str, Any]:
    """GET /v2/inventory/physical-counts/{id}."""
    return {"count": _change(call, "PHYSICAL_COUNT")}


def retrieve_adjustment(call: Call) -> dict[str, Any]:
    """GET /v2/inventory/adjustments/{id}."""
    return {"adjustment": _change(call, "ADJUSTMENT")}


def _change(call: Call, kind: str) -> Row:
    row = call.books.inventory_changes.rows.get(call.ids[0])
    if row is None or row["type"] != kind:
        raise not_found(f"Inventory change with ID `{call.ids[0]}` not found.")
    return body_of(row)


def _by_calculation(row: Row) -> str:
    return row["calculated_at"]


def _set(body: Fields, name: str) -> frozenset[str]:
    return frozenset(body.texts(name, most=1000) or ())


def _states(body: Fields) -> frozenset[str]:
    return _enumerated(body, "states", STATES)


def _kinds(body: Fields) -> frozenset[str]:
    return _enumerated(body, "types", _KINDS) or frozenset({"PHYSICAL_COUNT", "ADJUSTMENT"})


def _enumerated(body: Fields, name: str, allowed: frozenset[str]) -> frozenset[str]:
    given = _set(body, name)
    for value in given - allowed:
        raise body.wrong("INVALID_ENUM_VALUE", f"`{value}` is not a valid enum value for `{body.path(name)}`.", name)
    return given


def _limit(body: Fields) -> int:
    limit = body.whole("limit")
    if limit is None:
        return _PAGE
    if limit < 1:
        raise body.wrong("VALUE_TOO_LOW", "Field must be greater than or equal to 1", "limit")
    if limit > _LARGEST_PAGE:
        raise body.wrong("VALUE_TOO_HIGH", f"Field must be less than or equal to {_LARGEST_PAGE}", "limit")
    return limit
