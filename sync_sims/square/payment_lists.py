"""Lists of payments and refunds by time, newest first unless asked otherwise.

Sources: ListPayments and ListPaymentRefunds in Square's specification: `begin_time` is inclusive and defaults to one
year ago, a limit above 100 is 100. Ends of ranges are taken as exclusive.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sync_sims.square.call import Call, with_cursor
from sync_sims.square.fields import Fields
from sync_sims.square.paging import Listing
from sync_sims.square.shelf import Row, Shelf
from sync_sims.square.timestamps import stamp

_PAGE = 100
_YEAR = timedelta(days=365)
_RANGES = (
    ("created_at", "begin_time", "end_time"),
    ("updated_at", "updated_at_begin_time", "updated_at_end_time"),
)


def list_payments(call: Call) -> dict[str, Any]:
    """GET /v2/payments."""
    query = call.query
    location_id, total = query.text("location_id"), query.whole("total")
    last_4, brand = query.text("last_4"), query.text("card_brand")

    def keep(row: Row) -> bool:
        card = row.get("card_details", {}).get("card", {})
        return (
            (location_id is None or row["location_id"] == location_id)
            and (total is None or row["total_money"]["amount"] == total)
            and (last_4 is None or card.get("last_4") == last_4)
            and (brand is None or card.get("card_brand") == brand)
        )

    return _list(call, call.books.payments, name="payments", keep=keep)


def list_refunds(call: Call) -> dict[str, Any]:
    """GET /v2/refunds."""
    query = call.query
    location_id, status, source = query.text("location_id"), query.text("status"), query.text("source_type")

    def keep(row: Row) -> bool:
        return (
            (location_id is None or row["location_id"] == location_id)
            and (status is None or row["status"] == status)
            and (source is None or row["destination_type"] == source)
        )

    return _list(call, call.books.refunds, name="refunds", keep=keep)


def _list(call: Call, shelf: Shelf, *, name: str, keep: Callable[[Row], bool]) -> dict[str, Any]:
    query = call.query
    sort_field = (query.choice("sort_field", {"CREATED_AT", "UPDATED_AT"}) or "CREATED_AT").lower()
    descending = query.choice("sort_order", {"ASC", "DESC"}) != "ASC"
    # The default start moves with the clock: the first page settles it, or each page would be another query.
    bookmark = call.bookmark(query, pinned={"begin_time": query.moment("begin_time") or stamp(call.now - _YEAR)})
    ranges = _ranges(query, begin_time=bookmark.pinned["begin_time"])

    def within(row: Row) -> bool:
        for field, start, end in ranges:
            if (start is not None and row[field] < start) or (end is not None and row[field] >= end):
                return False
        return keep(row)

    listing = Listing(shelf, keep=within, order=lambda row: row[sort_field], descending=descending)
    rows, cursor = call.page(listing, bookmark, limit=_limit(query))
    return with_cursor({name: rows}, cursor)


def _ranges(query: Fields, *, begin_time: str) -> list[tuple[str, str | None, str | None]]:
    ranges: list[tuple[str, str | None, str | None]] = []
    for field, begin, end in _RANGES:
        start = begin_time if begin == "begin_time" else query.moment(begin)
        finish = query.moment(end)
        if start is not None and finish is not None and start > finish:
            raise query.wrong("INVALID_TIME_RANGE", f"`{begin}` must be before `{end}`.", begin)
        ranges.append((field, start, finish))
    return ranges


def _limit(query: Fields) -> int:
    limit = query.whole("limit")
    if limit is None or limit > _PAGE:
        return _PAGE
    if limit < 1:
        raise query.wrong("VALUE_TOO_LOW", "Field must be greater than or equal to 1", "limit")
    return limit
