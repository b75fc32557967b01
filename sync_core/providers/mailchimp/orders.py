"""Orders of the store: what was bought, when, by whom, for Mailchimp to count and to recommend by.

An order's id is the venue's own; creating is an upsert under that id. Its customer travels inside it, which saves a
call each: the store knows its customers by an id of ours, for which the hash of the address is taken, because to
Mailchimp a customer is an address (mailchimp.com/developer/marketing/docs/e-commerce, "Customers").

Stays true: nobody is subscribed. A customer is always sent with opt_in_status false, which makes of an address that
the audience does not have a transactional contact and changes nothing about one that it has.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any

from sync_core.mapping.currencies import DECIMALS
from sync_core.providers.bodies import nest
from sync_core.providers.mailchimp.calls import MailchimpCalls, Refused, segment
from sync_core.providers.mailchimp.contact import gone, hash_of, refused
from sync_core.providers.mailchimp.fetching import PAGE_SIZE, gathered, in_order
from sync_core.providers.mailchimp.store import Store
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write

OTHER = "venue-sync-other"
"""The product of lines that are no product's, and of orders without lines: every line must have one."""
LINES, STATUS, CANCELLED, CURRENCY = "lines", "financial_status", "cancelled", "currency_code"
CANCELLED_AT = "cancelled_at_foreign"
BUYER = "customer.email_address"


class Orders:
    """The orders of one audience's store."""

    def __init__(self, calls: MailchimpCalls, store: Store) -> None:
        self._calls = calls
        self._store = store
        self._other_is_there = False

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of all orders: Mailchimp does not say when one changed."""
        offset = (cursor or {}).get("offset") or 0
        while True:
            shown, _ = self._page(offset)
            last = len(shown) < PAGE_SIZE
            offset = 0 if last else offset + PAGE_SIZE
            yield Page(records=[_remote(order) for order in shown], cursor={"offset": offset}, last=last)
            if last:
                return

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out writes one after the other: Mailchimp's stores take no batches."""
        doors = {"create": self._create, "update": self._update, "delete": self._delete}
        return [self._attempted(doors[batch.operation], write) for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By id."""
        found = {one.local_id: self._one(str(one.fields.get("id") or one.local_id)) for one in sought}
        return {local_id: _remote(order) for local_id, order in found.items() if order is not None}

    def fetch(self, ids: Sequence[str]) -> list[Remote]:
        """By id."""
        return in_order(ids, gathered(ids, one=self._one, page=self._page, key="id"), remote=_remote)

    def _create(self, write: Write) -> Outcome:
        body = self._body(write.fields, str(write.fields.get(CURRENCY) or ""))
        body["id"] = str(write.fields.get("id") or write.local_id)
        body[LINES] = body.get(LINES) or [self._whole(write.fields.get("order_total"))]
        return Outcome(local_id=write.local_id, remote=_remote(self._calls.put(self._path(body["id"]), body)))

    def _update(self, write: Write) -> Outcome:
        if write.remote_id is None:
            return refused(write, "NO_REMOTE_ID", "The record has no id at Mailchimp yet; it must be created first.")
        where = self._path(write.remote_id)
        body: dict[str, Any] = self._body(
            write.fields, str(write.fields.get(CURRENCY) or write.remote_state.get(CURRENCY) or "")
        )
        if STATUS in write.fields and write.remote_state.get(CANCELLED_AT):
            # How to undo a cancellation is not documented; an empty text is how Mailchimp shows that there was none.
            body.setdefault(CANCELLED_AT, "")
        if LINES in body and not body[LINES]:
            total = write.fields.get("order_total", (self._one(write.remote_id) or {}).get("order_total"))
            body[LINES] = [self._whole(total)]
        # A change that names no ids may travel as one; lines and customers have theirs in an upsert alone.
        named = {LINES, "customer"} & body.keys()
        order = self._calls.put(where, {**body, "id": write.remote_id}) if named else self._calls.patch(where, body)
        if LINES in body:
            wanted = {line["id"] for line in body[LINES]}
            # Lines that a change does not name stay where they are (github.com/mailchimp/mc-woocommerce/issues/115).
            for line in order[LINES]:
                if line["id"] not in wanted:
                    self._calls.delete(f"{where}/lines/{segment(line['id'])}")
        return Outcome(local_id=write.local_id, remote=_remote(order))

    def _delete(self, write: Write) -> Outcome:
        if write.remote_id is None:
            return refused(write, "NO_REMOTE_ID", "The record has no id at Mailchimp yet; there is nothing to delete.")
        if self._one(write.remote_id) is not None:
            self._calls.delete(self._path(write.remote_id))
        return gone(write, write.remote_id)

    def _attempted(self, door: Any, write: Write) -> Outcome:
        kept_in = self._store.foreign(write.fields.get(CURRENCY))
        if kept_in is not None:
            reason = f"Mailchimp's store counts in {kept_in}; an order in {write.fields[CURRENCY]} stays out of it."
            return refused(write, "CURRENCY", reason)
        try:
            return door(write)
        except Refused as exc:
            return refused(write, "NOT_FOUND" if exc.status == 404 else exc.code, str(exc))  # noqa: PLR2004 - HTTP

    def _body(self, fields: Mapping[str, Json], currency: str) -> dict[str, Any]:
        """What is sent of `fields`; the amounts of lines are in `currency`."""
        body = nest({path: value for path, value in fields.items() if value is not None and path not in (BUYER, LINES)})
        if fields.get(STATUS) == CANCELLED:
            body[CANCELLED_AT] = self._calls.clock.now().isoformat(timespec="seconds")
        if fields.get(BUYER):
            address = fields[BUYER]
            body["customer"] = {"id": hash_of(address), "email_address": address, "opt_in_status": False}
        if LINES in fields:
            body[LINES] = [self._line(line, currency) for line in fields[LINES] or ()]
        return body

    def _line(self, line: Mapping[str, Any], currency: str) -> dict[str, Any]:
        """A line whose price per piece, rounded up, less its discount comes to its amount exactly."""
        product = line.get("product_id") or self._other()
        amount, pieces = Decimal(repr(line["amount"])), line["quantity"]
        price = (amount / pieces).quantize(Decimal(1).scaleb(-DECIMALS.get(currency, 2)), rounding=ROUND_CEILING)
        return {
            "id": str(line["id"]),
            "product_id": product,
            "product_variant_id": product,
            "quantity": pieces,
            "price": float(price),
            "discount": float(price * pieces - amount),
        }

    def _whole(self, total: Any) -> dict[str, Any]:
        """One line for a whole order."""
        other = self._other()
        return {"id": "1", "product_id": other, "product_variant_id": other, "quantity": 1, "price": total or 0}

    def _other(self) -> str:
        """The id of the product of what is none, which is made now if this client has not seen to it before."""
        if not self._other_is_there:
            variant = {"id": OTHER, "title": "Other", "visibility": "hidden"}
            body = {"id": OTHER, "title": "Other", "variants": [variant]}
            self._calls.put(f"{self._store.path}/products/{OTHER}", body)
            self._other_is_there = True
        return OTHER

    def _one(self, order_id: str) -> Mapping[str, Any] | None:
        return self._calls.find(self._path(order_id))

    def _page(self, offset: int) -> tuple[Sequence[Mapping[str, Any]], int]:
        shown = self._calls.find(f"{self._store.path}/orders", count=PAGE_SIZE, offset=offset) or {}
        return shown.get("orders", ()), shown.get("total_items", 0)

    def _path(self, order_id: str) -> str:
        return f"{self._store.path}/orders/{segment(order_id)}"


def _remote(order: Mapping[str, Any]) -> Remote:
    return Remote(id=order["id"], record=order, state={name: order.get(name) for name in (CURRENCY, CANCELLED_AT)})
