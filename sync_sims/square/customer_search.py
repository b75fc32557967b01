"""Listing and searching customers, through an index that may lag behind the profiles.

Sources: ListCustomers, SearchCustomers, CustomerFilter and CustomerSortField in Square's specification. Time ranges
are taken as inclusive at the start and exclusive at the end.
"""

from collections.abc import Callable
from typing import Any

from sync_sims.square.call import Call, with_cursor
from sync_sims.square.customers import shown
from sync_sims.square.fields import Fields
from sync_sims.square.paging import Listing
from sync_sims.square.profiles import digits
from sync_sims.square.refusal import Refused, error
from sync_sims.square.shelf import Row

Keep = Callable[[Row], bool]
_PAGE = 100
_SORT_FIELDS = frozenset({"DEFAULT", "CREATED_AT"})
_ORDERS = frozenset({"ASC", "DESC"})


def list_customers(call: Call) -> dict[str, Any]:
    """GET /v2/customers."""
    query = call.query
    return _answer(
        call,
        query,
        keep=_not_deleted,
        sort_field=query.choice("sort_field", _SORT_FIELDS),
        sort_order=query.choice("sort_order", _ORDERS),
    )


def search_customers(call: Call) -> dict[str, Any]:
    """POST /v2/customers/search."""
    query = call.body.inner("query") or Fields({}, "query")
    sort = query.inner("sort") or Fields({}, "query.sort")
    filters = _filters(query.inner("filter"))

    def keep(row: Row) -> bool:
        return _not_deleted(row) and all(passes(row) for passes in filters)

    return _answer(
        call,
        call.body,
        keep=keep,
        sort_field=sort.choice("field", _SORT_FIELDS),
        sort_order=sort.choice("order", _ORDERS),
    )


def _answer(call: Call, given: Fields, *, keep: Keep, sort_field: str | None, sort_order: str | None) -> dict[str, Any]:
    limit = _limit(given)
    listing = Listing(
        shelf=call.books.customer_index.visible(now=call.now, lag_seconds=call.terms.customer_index_seconds),
        keep=keep,
        order=_by_creation if sort_field == "CREATED_AT" else _by_name,
        descending=sort_order == "DESC",
    )
    rows, cursor = call.page(listing, call.bookmark(given), limit=limit)
    answer = with_cursor({"customers": [shown(row) for row in rows]}, cursor)
    if given.flag("count"):
        answer["count"] = sum(1 for row in listing.shelf.rows.values() if keep(row))
    return answer


def _limit(given: Fields) -> int:
    """1 to 100; unlike other endpoints this one refuses what lies outside."""
    limit = given.whole("limit")
    if limit is None:
        return _PAGE
    if limit < 1:
        raise given.wrong("VALUE_TOO_LOW", "Field must be greater than or equal to 1", "limit")
    if limit > _PAGE:
        raise given.wrong("VALUE_TOO_HIGH", f"Field must be less than or equal to {_PAGE}", "limit")
    return limit


def _not_deleted(row: Row) -> bool:
    return "is_deleted" not in row


def _by_creation(row: Row) -> str:
    return row["created_at"]


def _by_name(row: Row) -> str:
    """The names together, else the first of the other fields that is there."""
    name = row.get("given_name", "") + row.get("family_name", "")
    return name or row.get("company_name") or row.get("email_address") or row.get("phone_number") or ""


def _filters(given: Fields | None) -> list[Keep]:
    if given is None:
        return []
    filters: list[Keep] = []
    for name, value in given.values.items():
        if value is None:
            continue
        maker = _MAKERS.get(name)
        if maker is None:
            raise Refused(501, error("NOT_IMPLEMENTED", f"The simulator has no filter {name}.", field=given.path(name)))
        filters.append(maker(given.needed_inner(name), name))
    return filters


def _time_range(given: Fields, name: str) -> Keep:
    start, end = given.moment("start_at"), given.moment("end_at")
    if start is not None and end is not None and start >= end:
        raise given.wrong("INVALID_TIME_RANGE", "The start of the range must be before its end.", "start_at")
    return lambda row: (start is None or row[name] >= start) and (end is None or row[name] < end)


def _text(given: Fields, name: str) -> Keep:
    exact, fuzzy = given.text("exact"), given.text("fuzzy")
    if (exact is None) == (fuzzy is None):
        raise given.wrong("BAD_REQUEST", "Exactly one of `exact` and `fuzzy` must be set.", "exact")
    plain = _plain_phone if name == "phone_number" else str.casefold
    if exact is not None:
        wanted = plain(exact)
        return lambda row: name in row and plain(row[name]) == wanted
    tokens = [plain(token) for token in (fuzzy or "").split()]
    return lambda row: name in row and all(token in plain(row[name]) for token in tokens)


def _plain_phone(text: str) -> str:
    return digits(text)


def _creation_source(given: Fields, name: str) -> Keep:
    values = set(given.texts("values") or ())
    if given.choice("rule", {"INCLUDE", "EXCLUDE"}) == "EXCLUDE":
        return lambda row: row[name] not in values
    return lambda row: row[name] in values


def _membership(given: Fields, name: str) -> Keep:
    every, some, none = (set(given.texts(rule) or ()) for rule in ("all", "any", "none"))

    def keep(row: Row) -> bool:
        mine = set(row.get(name, ()))
        return every <= mine and (not some or not some.isdisjoint(mine)) and none.isdisjoint(mine)

    return keep


_MAKERS: dict[str, Callable[[Fields, str], Keep]] = {
    "created_at": _time_range,
    "updated_at": _time_range,
    "email_address": _text,
    "phone_number": _text,
    "reference_id": _text,
    "creation_source": _creation_source,
    "group_ids": _membership,
    "segment_ids": _membership,
}
