"""Searching orders, by time, state, customer and source, newest first unless asked otherwise.

Source: SearchOrders in Square's specification: ranges of time are inclusive, and who filters by a time must sort by it.
"""

from typing import Any

from sync_sims.square.call import Call, with_cursor
from sync_sims.square.fields import Fields
from sync_sims.square.paging import Listing
from sync_sims.square.refusal import missing
from sync_sims.square.shelf import Row

_PAGE = 500
_LARGEST_PAGE = 1000
_MOST = 10
_STATES = frozenset({"OPEN", "COMPLETED", "CANCELED", "DRAFT"})
_TIMES = ("created_at", "updated_at", "closed_at")


def search_orders(call: Call) -> dict[str, Any]:
    """POST /v2/orders/search."""
    body = call.body
    body.needed_array("location_ids", most=_MOST)
    locations = frozenset(body.texts("location_ids") or ())
    query = body.inner("query") or Fields({}, "query")
    given = query.inner("filter") or Fields({}, query.path("filter"))
    sort = query.inner("sort")
    field, descending = _order(sort)
    begin, end = _range(given, field if sort is not None else None)
    states, customers, sources = _chosen(given)
    bookmark = call.bookmark(body, pinned={"end": end or call.stamp})

    def keep(row: Row) -> bool:
        return (
            row["location_id"] in locations
            and field in row
            and (begin is None or row[field] >= begin)
            and ((begin is None and end is None) or row[field] <= bookmark.pinned["end"])
            and (not states or row["state"] in states)
            and (not customers or row.get("customer_id") in customers)
            and (not sources or row["source"]["name"] in sources)
        )

    listing = Listing(call.books.orders, keep=keep, order=lambda row: row[field], descending=descending)
    rows, cursor = call.page(listing, bookmark, limit=_limit(body))
    if body.flag("return_entries"):
        entries = [_entry(row) for row in rows]
        return with_cursor({"order_entries": entries}, cursor)
    return with_cursor({"orders": rows}, cursor)


def _entry(row: Row) -> Row:
    entry = {"order_id": row["id"], "location_id": row["location_id"]}
    return {**entry, "version": row["version"]} if "version" in row else entry


def _order(sort: Fields | None) -> tuple[str, bool]:
    if sort is None:
        return "created_at", True
    field = sort.choice("sort_field", {name.upper() for name in _TIMES})
    if field is None:
        raise missing(sort.path("sort_field"))
    return field.lower(), sort.choice("sort_order", {"ASC", "DESC"}) != "ASC"


def _range(given: Fields, sorted_by: str | None) -> tuple[str | None, str | None]:
    times = given.inner("date_time_filter")
    if times is None:
        return None, None
    named = [name for name in _TIMES if times.inner(name) is not None]
    if len(named) != 1:
        raise given.wrong("BAD_REQUEST", "Exactly one range of time must be given.", "date_time_filter")
    if named[0] != sorted_by:
        raise given.wrong("BAD_REQUEST", "The sort field must be that of the date_time_filter.", "date_time_filter")
    span = times.needed_inner(named[0])
    begin, end = span.moment("start_at"), span.moment("end_at")
    if begin is not None and end is not None and begin > end:
        raise span.wrong("INVALID_TIME_RANGE", "`start_at` must be before `end_at`.", "start_at")
    return begin, end


def _chosen(given: Fields) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    state = given.inner("state_filter")
    states = frozenset(state.texts("states") or ()) if state is not None else frozenset[str]()
    for value in states - _STATES:
        raise given.wrong("INVALID_ENUM_VALUE", f"`{value}` is not a state of an order.", "state_filter.states")
    customer, source = given.inner("customer_filter"), given.inner("source_filter")
    customers = customer.texts("customer_ids", most=_MOST) if customer is not None else None
    sources = source.texts("source_names", most=_MOST) if source is not None else None
    return states, frozenset(customers or ()), frozenset(sources or ())


def _limit(body: Fields) -> int:
    limit = body.whole("limit")
    if limit is None:
        return _PAGE
    if limit < 1:
        raise body.wrong("VALUE_TOO_LOW", "Field must be greater than or equal to 1", "limit")
    if limit > _LARGEST_PAGE:
        raise body.wrong("VALUE_TOO_HIGH", f"Field must be less than or equal to {_LARGEST_PAGE}", "limit")
    return limit
