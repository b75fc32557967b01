"""One authorised request on its way to an endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sync_sims.mailchimp.asking import Asking
from sync_sims.mailchimp.books import Books
from sync_sims.mailchimp.identifiers import Identifiers
from sync_sims.mailchimp.moments import stamp
from sync_sims.mailchimp.shape import Shape, read
from sync_sims.mailchimp.shelf import Row
from sync_sims.mailchimp.terms import Terms


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint works with: the account's books, the time, and what was sent.

    `address` is where the client reached the simulator, "http://127.0.0.1:4242"; `outside` says that nobody called:
    the outside world acts by itself.
    """

    books: Books
    now: float
    ids: tuple[str, ...]
    body: dict[str, Any]
    asking: Asking
    terms: Terms
    identifiers: Identifiers
    address: str
    outside: bool = False

    @property
    def stamp(self) -> str:
        """The time of the request, to the second."""
        return stamp(self.now)

    def given(self, shape: Shape) -> dict[str, Any]:
        """The body, which must have the shape."""
        return read(self.body, shape)

    def changes(self, shape: Shape) -> dict[str, Any]:
        """The body of a partial update."""
        return read(self.body, shape, partial=True)

    def link(self, rel: str, path: str, method: str, schema: str) -> dict[str, str]:
        """One entry of `_links`."""
        host = f"https://{self.books.facts['datacenter']}.api.mailchimp.com"
        target = f"{host}/schema/3.0/Definitions/{schema}/Response.json"
        return {"rel": rel, "href": f"{host}/3.0{path}", "method": method, "targetSchema": target}

    def linked(self, row: Row, path: str, schema: str) -> Row:
        """The row with its links, unless the client does not want any."""
        if not self.asking.links:
            return row
        parent = path.rsplit("/", 1)[0] or "/"
        links = [self.link("self", path, "GET", schema), self.link("parent", parent, "GET", schema)]
        return {**row, "_links": links}

    def collection(self, name: str, rows: Sequence[Any], *, total: int, path: str, **more: Any) -> Row:
        """A page of a collection with the total number of its items."""
        links = [self.link("self", path, "GET", name.title())]
        return {name: list(rows), **more, "total_items": total, "_links": links}
