"""One authorised request on its way to an endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync_sims.square.books import Books
from sync_sims.square.fields import Fields, Parameters
from sync_sims.square.identifiers import Identifiers
from sync_sims.square.paging import Bookmark, Listing, Pager
from sync_sims.square.shelf import Row
from sync_sims.square.terms import Terms
from sync_sims.square.timestamps import stamp


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint works with: the seller's books, the time, and what was sent."""

    books: Books
    now: datetime
    endpoint: str
    ids: tuple[str, ...]
    body: Fields
    query: Parameters
    terms: Terms
    identifiers: Identifiers
    pager: Pager

    @property
    def stamp(self) -> str:
        """The time of the request as Square writes it."""
        return stamp(self.now)

    def sent(self) -> dict[str, Any]:
        """The query a cursor belongs to: everything sent, except the cursor."""
        asked = {**self.query.values, **self.body.values, "account": self.books.account_id, "endpoint": self.endpoint}
        asked.pop("cursor", None)
        return {**asked, "ids": self.ids}

    def bookmark(self, given: Fields, *, pinned: Mapping[str, Any] | None = None) -> Bookmark:
        """Where the client stands; `given` holds the cursor, `pinned` what a first page settles."""
        return self.pager.open(
            self.sent(),
            cursor=given.text("cursor"),
            now=self.now,
            lifetime=self.terms.cursor_seconds,
            pinned=pinned,
        )

    def page(self, listing: Listing, bookmark: Bookmark, *, limit: int) -> tuple[list[Row], str | None]:
        """One page of a listing and the next cursor."""
        return self.pager.page(listing, bookmark, limit=limit, now=self.now)


def with_cursor(body: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    """An answer with its cursor; the last page has none, and an empty list is left out."""
    filled = {name: value for name, value in body.items() if value != []}
    return filled if cursor is None else {**filled, "cursor": cursor}
