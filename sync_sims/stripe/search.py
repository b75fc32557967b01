"""Search (docs.stripe.com/search): finds what was written some time ago, never what was written just now."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator
from typing import Any

from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.listing import DEFAULT_LIMIT
from sync_sims.stripe.parameters import Hash, Integer, Text
from sync_sims.stripe.query import compiled
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call

SEARCH = Hash({"limit": Integer(least=1, most=100), "page": Text(), "query": Text()}, required=("query",))


def search(call: Call, collection: str, given: dict[str, Any]) -> Object:
    """GET /v1/{collection}/search, newest first: matched as the index knows the objects, shown as they are now.

    Raises:
        ApiError: The query or the page token cannot be read.
    """
    query = compiled(collection, given["query"])
    shelf = call.shelf(collection)
    horizon = call.world.clock() - call.world.searchable_after

    def found() -> Iterator[Object]:
        for entry in shelf.newest_first(term=query.term):
            known = shelf.as_indexed(entry["id"], horizon=horizon)
            if known is not None and query.matches(known):
                yield entry

    limit = given.get("limit", DEFAULT_LIMIT)
    offset = _offset(given.get("page"))
    matches = list(found())
    data = matches[offset : offset + limit]
    more = len(matches) > offset + limit
    return {
        "object": "search_result",
        "url": f"/v1/{collection}/search",
        "has_more": more,
        "data": data,
        "next_page": urlsafe_b64encode(f"page:{offset + limit}".encode()).decode() if more else None,
        "total_count": len(matches),
    }


def _offset(page: str | None) -> int:
    if page is None:
        return 0
    try:
        word, _, number = urlsafe_b64decode(page).decode().partition(":")
        if word == "page":
            return int(number)
    except (NotBase64, ValueError):
        pass
    raise ApiError(f"Invalid page: {page}", param="page")
