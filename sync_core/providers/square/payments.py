"""Square's payments, which we only read, and refunds, which we may also make."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write
from sync_core.providers.square.calls import Refused, SquareCalls
from sync_core.providers.square.fetching import one_by_one
from sync_core.providers.square.locations import Locations
from sync_core.providers.square.orders import orders_by_id
from sync_core.providers.square.refusals import no_such_write, refused
from sync_core.providers.square.windows import OPENED, Shown, newest_of, parsed, read_window, stamp

OVERLAP = timedelta(seconds=60)
BEGINNING = stamp(OPENED)
"""Without a begin_time the lists show one year only (spec of ListPayments)."""
_PAGE_SIZE = 100
_SLACK = timedelta(seconds=60)


class Payments:
    """The payments of one seller at all locations."""

    def __init__(self, calls: SquareCalls, *, locations: Locations) -> None:
        self._calls = calls
        self._locations = locations

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of payments changed since `cursor`, one location after the other.

        Without a location Square lists the main location's payments only (spec of ListPayments), so a page's token is
        the location's id, a colon, and Square's own token.
        """

        def fetch(since: datetime | None, page: str | None) -> Shown:
            everywhere = list(self._locations.all())
            place, _, token = (page or f"{everywhere[0]}:").partition(":")
            if place not in everywhere:
                # Like an expired token: the window is read again, from its first location.
                raise Refused("Square has no such location any more.", code="INVALID_CURSOR")
            answer = _changed(self._calls, "/v2/payments", since, token or None, location_id=place)
            records = self._named(answer.get("payments", ()))
            following = answer.get("cursor")
            if following:
                return Shown(records, f"{place}:{following}", newest_of(records))
            after = everywhere[everywhere.index(place) + 1 :]
            return Shown(records, f"{after[0]}:" if after else None, newest_of(records))

        return read_window(fetch, cursor=cursor, overlap=OVERLAP, now=self._calls.now)

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these payments that there are; Square shows one at a time."""
        found = one_by_one(self._calls, "payment", {one: f"/v2/payments/{one}" for one in ids})
        return {remote.id: remote for remote in self._named(list(found.values()))}

    def _named(self, payments: Sequence[Mapping[str, Any]]) -> list[Remote]:
        """Payments with the venue's order in reference_id: what they bear, else their order's, else the order's own id."""
        asked = [one["order_id"] for one in payments if not one.get("reference_id") and one.get("order_id")]
        known = orders_by_id(self._calls, list(dict.fromkeys(asked)))
        names = {one: order.get("reference_id") or one for one, order in known.items()}
        return [
            _remote(one if one.get("reference_id") else {**one, "reference_id": names.get(one.get("order_id", ""))})
            for one in payments
        ]

    def write(self, batch: Batch) -> list[Outcome]:
        """Payments are taken at the counter or in the shop, not here."""
        return [no_such_write(write, "payments") for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """None: we never make any."""
        del sought
        return {}


class Refunds:
    """The refunds of one seller."""

    def __init__(self, calls: SquareCalls) -> None:
        self._calls = calls

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of refunds changed since `cursor`."""
        return read_window(self._list, cursor=cursor, overlap=OVERLAP, now=self._calls.now)

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these refunds that there are; Square shows one at a time."""
        found = one_by_one(self._calls, "refund", {one: f"/v2/refunds/{one}" for one in ids})
        return {one: _remote(refund) for one, refund in found.items()}

    def write(self, batch: Batch) -> list[Outcome]:
        """Refund payments, one after the other; a refund cannot be changed or undone."""
        if batch.operation != "create":
            return [no_such_write(write, "refunds") for write in batch.writes]
        return [self._refund(write) for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By payment and amount, among refunds changed since the write; one refund stands for one record only."""
        since = min(one.written_after for one in sought) - _SLACK
        open_ones = {one.local_id: _traits(nest(one.fields)) for one in sought}
        found: dict[str, Remote] = {}
        page: str | None = None
        while True:
            shown = self._list(since, page)
            for remote in shown.records:
                match = next((one for one, traits in open_ones.items() if traits == _traits(remote.record)), None)
                if match is not None:
                    found[match] = remote
                    del open_ones[match]
            if shown.following is None or shown.following == page or not open_ones:
                return found
            page = shown.following

    def _list(self, since: datetime | None, page: str | None) -> Shown:
        answer = _changed(self._calls, "/v2/refunds", since, page)
        records = [_remote(refund) for refund in answer.get("refunds", ())]
        return Shown(records, answer.get("cursor") or None, newest_of(records))

    def _refund(self, write: Write) -> Outcome:
        fields = {path: value for path, value in write.fields.items() if value is not None}
        # At most 45 characters (spec of RefundPayment).
        key = blake2b(write.key.encode(), digest_size=20).hexdigest()
        try:
            answer = self._calls.post("/v2/refunds", {"idempotency_key": key, **nest(fields)})
        except Refused as exc:
            return refused(write, exc.code, str(exc))
        return Outcome(local_id=write.local_id, remote=_remote(answer["refund"]))


def _changed(
    calls: SquareCalls, path: str, since: datetime | None, page: str | None, **filters: str
) -> Mapping[str, Any]:
    return calls.get(
        path,
        begin_time=BEGINNING,
        updated_at_begin_time=None if since is None else stamp(since),
        sort_field="UPDATED_AT",
        sort_order="ASC",
        limit=_PAGE_SIZE,
        cursor=page,
        **filters,
    )


def _remote(found: Mapping[str, Any]) -> Remote:
    return Remote(id=found["id"], record=found, updated_at=parsed(found.get("updated_at")))


def _traits(refund: Mapping[str, Any]) -> tuple[Any, Any]:
    return refund.get("payment_id"), refund.get("amount_money", {}).get("amount")
