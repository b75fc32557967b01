"""Square's orders: all that was sold comes home; what is to be paid there goes there, to be paid or called off.

Stays true: an update names the version it was made for, and an order that is another one by then comes back as it is;
nobody but a payment completes an order, and none is ever deleted, only called off while it is open.
An order that Square made around a payment for one of the venue's orders says nothing that the payment does not, and is
not shown (developer.squareup.com/forums/t/createterminalcheckout-reference-id-and-searchorders/4660: a payment's
reference_id does not become its order's).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sync_core.providers.bodies import holds, nest
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write
from sync_core.providers.square.calls import STALE, Refused, SquareCalls
from sync_core.providers.square.fetching import in_batches
from sync_core.providers.square.locations import Locations
from sync_core.providers.square.order_lines import as_ordered, as_sold
from sync_core.providers.square.refusals import refused
from sync_core.providers.square.standalone import paid_alone
from sync_core.providers.square.windows import Shown, newest_of, parsed, read_window, stamp

OVERLAP = timedelta(seconds=60)
MOST_RETRIEVED = 100
_MOST_LOCATIONS = 10
_PAGE_SIZE = 500
_SLACK = timedelta(seconds=60)
_LINES, _TOTAL, _CURRENCY, _STATE = "line_items", "total_money.amount", "total_money.currency", "state"

Order = Mapping[str, Any]


class Orders:
    """The orders of one seller at all locations; new ones are made at the location whose stock is kept in step."""

    def __init__(self, calls: SquareCalls, *, locations: Locations) -> None:
        self._calls = calls
        self._locations = locations

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of orders changed since `cursor`, ten locations after the other, as many as one search takes.

        A page's token is the first of the ten locations, a colon, and Square's own token.
        """

        def fetch(since: datetime | None, page: str | None) -> Shown:
            everywhere = list(self._locations.all())
            place, _, token = (page or f"{everywhere[0]}:").partition(":")
            if place not in everywhere:
                raise Refused("Square has no such location any more.", code="INVALID_CURSOR")
            start = everywhere.index(place)
            answer = self._search(everywhere[start : start + _MOST_LOCATIONS], "updated_at", since, token or None)
            found: Sequence[Order] = answer.get("orders", ())
            alone = paid_alone(self._calls, found)
            records = [remote_order(one) for one in found if one["id"] not in alone and not _is_return(one)]
            following = answer.get("cursor")
            newest = newest_of([remote_order(one) for one in found])
            if following:
                return Shown(records, f"{place}:{following}", newest)
            after = everywhere[start + _MOST_LOCATIONS :]
            return Shown(records, f"{after[0]}:" if after else None, newest)

        return read_window(fetch, cursor=cursor, overlap=OVERLAP, now=self._calls.now)

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these orders that there are."""
        return {one: remote_order(order) for one, order in orders_by_id(self._calls, ids).items()}

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out writes one after the other; Square has no bulk of orders."""
        doors = {"create": self._create, "update": self._update, "delete": self._call_off}
        return [self._written(doors[batch.operation], write) for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By the venue's id in reference_id, among orders made since the write."""
        local_ids = {_reference(one.fields, one.local_id): one.local_id for one in sought}
        since = min(one.written_after for one in sought) - _SLACK
        found: dict[str, Remote] = {}
        everywhere = list(self._locations.all())
        for start in range(0, len(everywhere), _MOST_LOCATIONS):
            token: str | None = None
            while True:
                answer = self._search(everywhere[start : start + _MOST_LOCATIONS], "created_at", since, token)
                for order in answer.get("orders", ()):
                    if order.get("reference_id") in local_ids:
                        found.setdefault(local_ids[order["reference_id"]], remote_order(order))
                following = answer.get("cursor")
                if not following or following == token:
                    break
                token = following
        return found

    def _search(
        self, locations: Sequence[str], time: str, since: datetime | None, token: str | None
    ) -> Mapping[str, Any]:
        query: dict[str, Any] = {"sort": {"sort_field": time.upper(), "sort_order": "ASC"}}
        if since is not None:
            query["filter"] = {"date_time_filter": {time: {"start_at": stamp(since)}}}
        body: dict[str, Any] = {"location_ids": list(locations), "query": query, "limit": _PAGE_SIZE}
        return self._calls.post("/v2/orders/search", body if token is None else {**body, "cursor": token})

    def _written(self, door: Any, write: Write) -> Outcome:
        if write.operation != "create" and write.remote_id is None:
            return refused(write, "NO_REMOTE_ID", "The record has no id at Square yet; it must be created first.")
        try:
            return door(write)
        except Refused as exc:
            return refused(write, exc.code, str(exc))

    def _create(self, write: Write) -> Outcome:
        fields = {path: value for path, value in write.fields.items() if value is not None}
        state = fields.pop(_STATE, "OPEN")
        if state == "COMPLETED":
            raise Refused(
                "Square completes an order by its payment and knows none for this one; take the payment there, or name "
                "where the order was paid.",
                code="NOT_PAID",
            )
        lines = as_sold(
            fields.pop(_LINES, []),
            total=fields.pop(_TOTAL),
            currency=fields.pop(_CURRENCY),
            prefix="",
        )
        order = {"location_id": self._locations.stock(), "reference_id": _reference(write.fields, write.local_id)}
        order |= nest(fields) | {"line_items": lines}
        made = self._calls.post("/v2/orders", {"idempotency_key": write.key, "order": order})["order"]
        if state == "CANCELED":
            made = self._put(made, {"state": state}, (), key=write.key)
        return Outcome(local_id=write.local_id, remote=remote_order(made))

    def _update(self, write: Write) -> Outcome:
        current = orders_by_id(self._calls, [write.remote_id or ""]).get(write.remote_id or "")
        if current is None:
            return refused(write, "NOT_FOUND", "Square has no such order any more.")
        overtaken = self._overtaken(write, current)
        if overtaken is not None:
            return overtaken
        if write.fields.get(_STATE) == "COMPLETED":
            raise Refused("Square completes an order by its payment; take the payment there.", code="NOT_PAID")
        change, cleared = _change(write.fields, current)
        try:
            made = self._put(current, change, cleared, key=write.key)
        except Refused as exc:
            if exc.code not in STALE:
                raise
            now = orders_by_id(self._calls, [current["id"]])[current["id"]]
            return Outcome(local_id=write.local_id, overtaken=remote_order(now))
        return Outcome(local_id=write.local_id, remote=remote_order(made))

    def _overtaken(self, write: Write, current: Order) -> Outcome | None:
        known = write.remote_state.get("version")
        if known is None or current.get("version") == known:
            return None
        remote = remote_order(current)
        if write.operation == "update" and holds(remote.record, write.fields):
            # Our own write, whose answer was lost.
            return Outcome(local_id=write.local_id, remote=remote)
        return Outcome(local_id=write.local_id, overtaken=remote)

    def _call_off(self, write: Write) -> Outcome:
        """The end of an order: it cannot be deleted, only called off while nobody has paid for it."""
        current = orders_by_id(self._calls, [write.remote_id or ""]).get(write.remote_id or "")
        if current is not None and current["state"] == "COMPLETED":
            raise Refused("The order is paid at Square and cannot be called off; refund its payment.", code="PAID")
        if current is not None and current["state"] != "CANCELED":
            overtaken = self._overtaken(write, current)
            if overtaken is not None:
                return overtaken
            current = self._put(current, {"state": "CANCELED"}, (), key=write.key)
        record = {"id": write.remote_id} if current is None else remote_order(current).record
        state = {} if current is None else remote_order(current).state
        gone = Remote(
            id=write.remote_id or "",
            record=record,
            state=state,
            updated_at=parsed((current or {}).get("updated_at")),
            deleted=True,
        )
        return Outcome(local_id=write.local_id, remote=gone)

    def _put(self, order: Order, change: Mapping[str, Any], cleared: Sequence[str], *, key: str) -> Order:
        if "version" not in order:
            raise Refused("The order was made at Square's till, where alone it can be changed.", code="NOT_OURS")
        sent = {"location_id": order["location_id"], "version": order["version"], **change}
        # One key per version: an old key is answered with what was done then, and the change is not made.
        once = blake2b(f"{key}:{order['version']}".encode(), digest_size=20).hexdigest()
        body: dict[str, Any] = {"idempotency_key": once, "order": sent}
        if cleared:
            body["fields_to_clear"] = list(cleared)
        return self._calls.put(f"/v2/orders/{order['id']}", body)["order"]


def orders_by_id(calls: SquareCalls, ids: Sequence[str]) -> dict[str, Order]:
    """Those of these orders that there are."""
    found: dict[str, Order] = {}
    for some in in_batches(ids, MOST_RETRIEVED):
        answer = calls.post("/v2/orders/batch-retrieve", {"order_ids": some})
        found |= {one["id"]: one for one in answer.get("orders", ())}
    return found


def remote_order(order: Order) -> Remote:
    """An order as a record: its lines as the venue counts them, and when it was sold where it was sold there."""
    metadata = order.get("metadata") or {}
    record = {
        **order,
        "line_items": as_ordered(order.get("line_items", ())),
        "metadata": {**metadata, "ordered_at": metadata.get("ordered_at") or order.get("created_at")},
    }
    return Remote(
        id=order["id"],
        record=record,
        state={"version": order.get("version")},
        updated_at=parsed(order.get("updated_at")),
    )


def _is_return(order: Order) -> bool:
    """Whether it only gives back what another order sold, which the refunds say."""
    return bool(order.get("returns")) and not order.get("line_items")


def _change(fields: Mapping[str, Json], current: Order) -> tuple[dict[str, Any], list[str]]:
    """The sparse order, and what is to be cleared (spec of UpdateOrder: unchanged fields are not sent)."""
    plain = {path: value for path, value in fields.items() if path not in (_LINES, _TOTAL, _CURRENCY)}
    change = nest({path: value for path, value in plain.items() if value is not None})
    cleared = [path for path, value in plain.items() if value is None]
    if fields.keys() & {_LINES, _TOTAL, _CURRENCY}:
        total = current["total_money"]
        lines: Any = fields[_LINES] if _LINES in fields else as_ordered(current.get("line_items", ()))
        change["line_items"] = as_sold(
            lines or [],
            total=fields.get(_TOTAL, total["amount"]),
            currency=fields.get(_CURRENCY, total["currency"]),
            prefix=f"v{current.get('version')}-",
        )
        cleared += [f"line_items[{line['uid']}]" for line in current.get("line_items", ())]
    return change, cleared


def _reference(fields: Mapping[str, Json], local_id: str) -> str:
    return str(fields.get("reference_id") or local_id)
