"""Square's loyalty: accounts, which we only read, and points, which the venue gives and takes.

Points that were earned by buying are accumulated, all others adjusted (developer.squareup.com/docs/loyalty-api/
loyalty-points). Either way the number is the venue's: an order's id would let Square work out another one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write
from sync_core.providers.square.calls import Refused, SquareCalls
from sync_core.providers.square.fetching import one_by_one
from sync_core.providers.square.locations import Locations
from sync_core.providers.square.refusals import no_such_write, refused
from sync_core.providers.square.windows import Shown, newest_of, parsed, read_window, stamp

OVERLAP = timedelta(0)
_ACCOUNTS_PER_PAGE = 200
_EVENTS_PER_PAGE = 30
_SLACK = timedelta(seconds=60)
_KINDS = {"accumulate_points": "ACCUMULATE_POINTS", "adjust_points": "ADJUST_POINTS"}

Event = Mapping[str, Any]


class LoyaltyAccounts:
    """The accounts of the seller's loyalty program. The search knows no times, so each reading shows all of them."""

    def __init__(self, calls: SquareCalls) -> None:
        self._calls = calls

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of all accounts, whatever the cursor says of earlier readings."""

        def fetch(since: datetime | None, page: str | None) -> Shown:
            del since
            body: dict[str, Any] = {"limit": _ACCOUNTS_PER_PAGE}
            answer = self._calls.post("/v2/loyalty/accounts/search", body if page is None else {**body, "cursor": page})
            records = [_account(found) for found in answer.get("loyalty_accounts", ())]
            return Shown(records, answer.get("cursor") or None, newest_of(records))

        return read_window(fetch, cursor=cursor, overlap=OVERLAP, now=self._calls.now)

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these accounts that there are."""
        found = one_by_one(self._calls, "loyalty_account", {one: f"/v2/loyalty/accounts/{one}" for one in ids})
        return {one: _account(account) for one, account in found.items()}

    def write(self, batch: Batch) -> list[Outcome]:
        """Buyers enroll themselves."""
        return [no_such_write(write, "loyalty accounts") for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """None: we never make any."""
        del sought
        return {}


class LoyaltyPoints:
    """Points given and taken: events of the program's ledger, of which none can be changed or undone."""

    def __init__(self, calls: SquareCalls, *, locations: Locations) -> None:
        self._calls = calls
        self._locations = locations

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of points that came or went since `cursor`."""

        def fetch(since: datetime | None, page: str | None) -> Shown:
            answer = self._search({"type_filter": {"types": list(_KINDS.values())}}, since, page)
            records = [_event(found) for found in answer.get("events", ())]
            return Shown(records, answer.get("cursor") or None, newest_of(records))

        return read_window(fetch, cursor=cursor, overlap=_SLACK, now=self._calls.now)

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these events that there are; Square looks none up by its id, so all are gone through."""
        wanted, found = set(ids), dict[str, Remote]()
        for page in self.read(None):
            found |= {one.id: one for one in page.records if one.id in wanted}
            if len(found) == len(wanted):
                break
        return found

    def write(self, batch: Batch) -> list[Outcome]:
        """Give or take points, one account after the other."""
        if batch.operation != "create":
            return [no_such_write(write, "loyalty points") for write in batch.writes]
        return [self._give(write) for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By account, number and reason, among events since the write; one event stands for one record only."""
        found: dict[str, Remote] = {}
        taken: set[str] = set()
        for one in sought:
            given = _given(one.fields)
            asked = {"loyalty_account_filter": {"loyalty_account_id": str(one.fields["loyalty_account_id"])}}
            for event in self._events(asked, one.written_after - _SLACK):
                if event["id"] not in taken and _given_by(event) == given:
                    taken.add(event["id"])
                    found[one.local_id] = _event(event)
                    break
        return found

    def _events(self, asked: Mapping[str, Any], since: datetime) -> Iterator[Event]:
        token: str | None = None
        while True:
            answer = self._search(asked, since, token)
            yield from answer.get("events", ())
            following = answer.get("cursor") or None
            if following is None or following == token:
                return
            token = following

    def _search(self, asked: Mapping[str, Any], since: datetime | None, token: str | None) -> Mapping[str, Any]:
        filters = dict(asked)
        if since is not None:
            filters["date_time_filter"] = {"created_at": {"start_at": stamp(since)}}
        body: dict[str, Any] = {"query": {"filter": filters}, "limit": _EVENTS_PER_PAGE}
        return self._calls.post("/v2/loyalty/events/search", body if token is None else {**body, "cursor": token})

    def _give(self, write: Write) -> Outcome:
        # At most 128 characters (spec of AccumulateLoyaltyPoints).
        key = blake2b(write.key.encode(), digest_size=32).hexdigest()
        account = f"/v2/loyalty/accounts/{write.fields['loyalty_account_id']}"
        kind, details = _given(write.fields)
        body: dict[str, Any] = {"idempotency_key": key, kind: details}
        try:
            if kind == "accumulate_points":
                body["location_id"] = self._locations.stock()
                event = self._calls.post(f"{account}/accumulate", body)["events"][0]
            else:
                event = self._calls.post(f"{account}/adjust", body)["event"]
        except Refused as exc:
            return refused(write, exc.code, str(exc))
        return Outcome(local_id=write.local_id, remote=_event(event))


def _given(fields: Mapping[str, Json]) -> tuple[str, dict[str, Any]]:
    """How a record's points are given, and what Square is told of them."""
    points = int(fields["points"])
    if fields.get("order_id") and points > 0:
        return "accumulate_points", {"points": points}
    reason = fields.get("reason")
    return "adjust_points", {"points": points, **({"reason": reason} if reason else {})}


def _given_by(event: Event) -> tuple[str, dict[str, Any]] | None:
    for kind in _KINDS:
        if kind in event:
            return kind, {name: event[kind][name] for name in ("points", "reason") if event[kind].get(name)}
    return None


def _account(found: Mapping[str, Any]) -> Remote:
    return Remote(id=found["id"], record=found, updated_at=parsed(found.get("updated_at")))


def _event(found: Event) -> Remote:
    return Remote(id=found["id"], record=found, updated_at=parsed(found.get("created_at")))
