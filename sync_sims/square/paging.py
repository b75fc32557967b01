"""Cursors: opaque, bound to the query that made them, good for a few minutes.

A cursor names the last row seen, not a position, so rows written while a client pages neither repeat nor shift others.
"""

import base64
import binascii
import hashlib
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sync_sims.square.refusal import Refused, invalid
from sync_sims.square.shelf import Row, Shelf

_KEPT_LISTINGS = 64
_SEAL = 8


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a client stands in a query; `pinned` holds what its first page settled for the others."""

    query: str
    pinned: Mapping[str, Any]
    after: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows a query returns, and in which order; the key breaks ties."""

    shelf: Shelf
    keep: Callable[[Row], bool]
    order: Callable[[Row], Any]
    descending: bool = False


class Pager:
    """Cuts listings into pages; an unchanged shelf is sorted once per query."""

    def __init__(self) -> None:
        self._sorted: OrderedDict[tuple[str, bytes], tuple[Shelf, int, list[tuple[Any, str]]]] = OrderedDict()

    def open(
        self,
        asked: Mapping[str, Any],
        *,
        cursor: str | None,
        now: datetime,
        lifetime: float,
        pinned: Mapping[str, Any] | None = None,
    ) -> Bookmark:
        """Find the place a cursor stands for; `asked` is the query without it.

        Raises:
            Refused: INVALID_CURSOR: made up, too old, or made by another query.
        """
        query = hashlib.blake2b(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
        if not cursor:
            return Bookmark(query=query, pinned=pinned or {}, after=None)
        said = _decoded(cursor)
        if said["q"] != query or now.timestamp() - said["t"] > lifetime:
            raise _invalid_cursor()
        return Bookmark(query=query, pinned=said["p"], after=(said["o"], said["k"]))

    def page(self, listing: Listing, bookmark: Bookmark, *, limit: int, now: datetime) -> tuple[list[Row], str | None]:
        """The next rows after the bookmark and the cursor to go on with, None at the end."""
        entries = self._entries(listing, bookmark)
        chosen = _slice(entries, after=bookmark.after, limit=limit, descending=listing.descending)
        rows = [listing.shelf.rows[key] for _, key in chosen[:limit]]
        if len(chosen) <= limit:
            return rows, None
        order, key = chosen[limit - 1]
        said = {"q": bookmark.query, "t": now.timestamp(), "p": bookmark.pinned, "o": order, "k": key}
        return rows, _encoded(said)

    def _entries(self, listing: Listing, bookmark: Bookmark) -> list[tuple[Any, str]]:
        """All of the listing's rows as (order, key), ascending."""
        shelf = listing.shelf
        name = (bookmark.query, orjson.dumps(bookmark.pinned, option=orjson.OPT_SORT_KEYS))
        known = self._sorted.get(name)
        if known is not None and known[0] is shelf and known[1] == shelf.revision:
            self._sorted.move_to_end(name)
            return known[2]
        entries = sorted((listing.order(row), key) for key, row in shelf.rows.items() if listing.keep(row))
        self._sorted[name] = (shelf, shelf.revision, entries)
        self._sorted.move_to_end(name)
        while len(self._sorted) > _KEPT_LISTINGS:
            self._sorted.popitem(last=False)
        return entries


def _slice(
    entries: list[tuple[Any, str]], *, after: tuple[Any, ...] | None, limit: int, descending: bool
) -> list[tuple[Any, str]]:
    """Up to one more than `limit` entries after the last one seen."""
    if descending:
        end = len(entries) if after is None else bisect_left(entries, after)
        return entries[max(0, end - limit - 1) : end][::-1]
    start = 0 if after is None else bisect_right(entries, after)
    return entries[start : start + limit + 1]


def _encoded(said: dict[str, Any]) -> str:
    payload = orjson.dumps(said)
    return base64.urlsafe_b64encode(_seal(payload) + payload).decode().rstrip("=")


def _decoded(cursor: str) -> dict[str, Any]:
    try:
        whole = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        raise _invalid_cursor() from None
    payload = whole[_SEAL:]
    if whole[:_SEAL] != _seal(payload):
        raise _invalid_cursor()
    said: dict[str, Any] = orjson.loads(payload)
    order = said["o"]
    return {**said, "o": tuple(order) if isinstance(order, list) else order}


def _seal(payload: bytes) -> bytes:
    """What a cursor made elsewhere lacks."""
    return hashlib.blake2b(payload, digest_size=_SEAL, person=b"cursor").digest()


def _invalid_cursor() -> Refused:
    return invalid("INVALID_CURSOR", "The pagination cursor is invalid.", field="cursor")
