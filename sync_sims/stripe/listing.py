"""List pages: newest first, cursors by object id, at most 100 (docs.stripe.com/api/pagination)."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from sync_sims.stripe.parameters import Integer, Kind, Moment, Text
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

DEFAULT_LIMIT = 10
PAGING: dict[str, Kind] = {
    "limit": Integer(least=1, most=100),
    "starting_after": Text(),
    "ending_before": Text(),
    "created": Moment(),
}


def page_of(
    call: Call,
    collection: str,
    given: dict[str, Any],
    *,
    wanted: Callable[[Object], bool] = lambda _: True,
    term: tuple[str, str] | None = None,
) -> Object:
    """One page of the objects that `wanted` accepts; `term` preselects by an indexed field.

    Raises:
        ApiError: Both cursors are given, or a cursor names no object of the collection.
    """
    shelf = call.shelf(collection)
    after, before = given.get("starting_after"), given.get("ending_before")
    refuse_unless(
        after is None or before is None,
        "You may only specify one of these parameters: ending_before, starting_after.",
    )
    for param, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor is not None and cursor not in shelf:
            call.named(collection, cursor, param=param)
    limit = given.get("limit", DEFAULT_LIMIT)
    found: Iterator[Object]
    if before is None:
        found = shelf.newest_first(after=after, created=given.get("created"), term=term)
    else:
        found = shelf.oldest_first(before=before, created=given.get("created"), term=term)
    taken = list(islice(filter(wanted, found), limit + 1))
    data = taken[:limit]
    if before is not None:
        data.reverse()
    return {"object": "list", "url": f"/v1/{collection}", "has_more": len(taken) > limit, "data": data}


def filtered_page(call: Call, collection: str, given: dict[str, Any], *, fields: tuple[str, ...]) -> Object:
    """A page of the objects whose `fields` equal the given filters."""
    asked = [(name, given[name]) for name in fields if name in given]
    shelf = call.shelf(collection)
    term = next(((name, value) for name, value in asked if shelf.indexes(name)), None)
    return page_of(
        call,
        collection,
        given,
        wanted=lambda entry: all(entry.get(name) == value for name, value in asked),
        term=term,
    )
