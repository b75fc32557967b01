"""The products of the store, each with one variant that holds price and article number.

A product's id is the venue's own; creating is an upsert under that id. What the venue has taken off sale is hidden,
so that no campaign recommends it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync_core.providers.bodies import nest
from sync_core.providers.mailchimp.calls import MailchimpCalls, Refused, segment
from sync_core.providers.mailchimp.contact import gone, refused
from sync_core.providers.mailchimp.fetching import PAGE_SIZE, gathered, in_order
from sync_core.providers.mailchimp.store import Store
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write

CURRENCY = "store.currency_code"
"""Not a product's field but its store's: a product in another currency has no place in it."""
_VARIANT = "variants[0]."


class Products:
    """The products of one audience's store."""

    def __init__(self, calls: MailchimpCalls, store: Store) -> None:
        self._calls = calls
        self._store = store

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of all products: Mailchimp does not say when one changed."""
        offset = (cursor or {}).get("offset") or 0
        while True:
            shown = self._calls.find(f"{self._store.path}/products", count=PAGE_SIZE, offset=offset) or {}
            records = [_remote(product) for product in shown.get("products", ())]
            last = len(records) < PAGE_SIZE
            offset = 0 if last else offset + PAGE_SIZE
            yield Page(records=records, cursor={"offset": offset}, last=last)
            if last:
                return

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out writes one after the other: Mailchimp's stores take no batches."""
        doors = {"create": self._create, "update": self._update, "delete": self._delete}
        return [_attempted(doors[batch.operation], write) for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By id."""
        found = {one.local_id: self._calls.find(self._path(_id_of(one.fields, one.local_id))) for one in sought}
        return {one.local_id: _remote(product) for one in sought if (product := found[one.local_id]) is not None}

    def fetch(self, ids: Sequence[str]) -> list[Remote]:
        """By id."""

        def one(product_id: str) -> Mapping[str, Any] | None:
            return self._calls.find(self._path(product_id))

        def page(offset: int) -> tuple[Sequence[Mapping[str, Any]], int]:
            shown = self._calls.find(f"{self._store.path}/products", count=PAGE_SIZE, offset=offset) or {}
            return shown.get("products", ()), shown.get("total_items", 0)

        return in_order(ids, gathered(ids, one=one, page=page, key="id"), remote=_remote)

    def _create(self, write: Write) -> Outcome:
        foreign = self._foreign(write)
        if foreign is not None:
            return foreign
        fields = {path: value for path, value in write.fields.items() if value is not None and path != CURRENCY}
        body = nest(fields)
        body["id"] = _id_of(write.fields, write.local_id)
        variant = {"id": body["id"], "title": body.get("title")} | _variant(body.get("variants", [{}])[0])
        answer = self._calls.put(self._path(body["id"]), {**body, "variants": [variant]})
        return Outcome(local_id=write.local_id, remote=_remote(answer))

    def _update(self, write: Write) -> Outcome:
        if write.remote_id is None:
            return refused(write, "NO_REMOTE_ID", "The record has no id at Mailchimp yet; it must be created first.")
        foreign = self._foreign(write)
        if foreign is not None:
            return foreign
        changed = {path: value for path, value in write.fields.items() if path not in (CURRENCY, "id")}
        product = nest({path: value or "" for path, value in changed.items() if not path.startswith(_VARIANT)})
        variant = _variant({path.removeprefix(_VARIANT): v for path, v in changed.items() if path.startswith(_VARIANT)})
        if "title" in product:
            variant["title"] = product["title"]
        where = self._path(write.remote_id)
        if variant:
            self._calls.patch(f"{where}/variants/{segment(write.remote_id)}", variant)
        answer = self._calls.patch(where, product) if product else self._calls.get(where)
        return Outcome(local_id=write.local_id, remote=_remote(answer))

    def _foreign(self, write: Write) -> Outcome | None:
        """A refusal, where the product's currency is not the store's."""
        currency = write.fields.get(CURRENCY)
        kept_in = self._store.foreign(currency)
        if kept_in is None:
            return None
        return refused(
            write, "CURRENCY", f"Mailchimp's store counts in {kept_in}; a product priced in {currency} stays out of it."
        )

    def _delete(self, write: Write) -> Outcome:
        if write.remote_id is None:
            return refused(write, "NO_REMOTE_ID", "The record has no id at Mailchimp yet; there is nothing to delete.")
        try:
            self._calls.delete(self._path(write.remote_id))
        except Refused as exc:
            if exc.status != 404:  # noqa: PLR2004 - HTTP
                raise
        return gone(write, write.remote_id)

    def _path(self, product_id: str) -> str:
        return f"{self._store.path}/products/{segment(product_id)}"


def _attempted(door: Any, write: Write) -> Outcome:
    try:
        return door(write)
    except Refused as exc:
        return refused(write, "NOT_FOUND" if exc.status == 404 else exc.code, str(exc))  # noqa: PLR2004 - HTTP


def _id_of(fields: Mapping[str, Json], local_id: str) -> str:
    return str(fields.get("id") or local_id)


def _variant(given: Mapping[str, Any]) -> dict[str, Any]:
    """A variant in Mailchimp's terms: an open price is none, and what is not on sale is hidden."""
    variant = {name: "" if value is None else value for name, value in given.items()}
    if "price" in variant:
        variant["price"] = variant["price"] or 0
    if "visibility" in variant:
        variant["visibility"] = "visible" if variant["visibility"] else "hidden"
    return variant


def _remote(product: Mapping[str, Any]) -> Remote:
    return Remote(id=product["id"], record=product)
