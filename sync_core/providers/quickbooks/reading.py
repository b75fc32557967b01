"""What changed at QuickBooks: the first time by query, later by change data, by query again where that does not suffice.

A cursor is {"since": time} between readings and {"since", "started", "at", "skip"} within a query. Times are ISO 8601.
Stays true: `since` never passes the moment when a reading began by QuickBooks' own clock. A query is walked by time, not
by position: an object that changes while we read moves to the end and pushes nobody off the page that comes next.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Json, Page, Remote
from sync_core.providers.quickbooks.calls import MOST_OBJECTS, Object, QuickBooksCalls, parsed, stamp, updated_at
from sync_core.providers.quickbooks.shapes import Listed

OVERLAP = timedelta(seconds=60)
LOOK_BACK = timedelta(days=29, hours=23)
"""Change data reaches back 30 days (learn/explore-the-quickbooks-online-api/change-data-capture)."""
_EARLIEST = datetime(2001, 1, 1, tzinfo=UTC)
"""Before there was QuickBooks Online."""
_AHEAD = timedelta(hours=1)
"""How far clocks may differ."""
_STEP_BACK = 50
"""Positions read twice among objects of one second, so that some of them may move away meanwhile."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """A query under way: objects changed at `at` or later, without the first `skip` of them."""

    at: datetime | None = None
    skip: int = 0


def read_changes(calls: QuickBooksCalls, shape: Listed, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
    """Pages of what changed since `cursor`; everything when it is None or unreadable.

    Raises:
        ProviderRefused: The pages go in circles.
    """
    known = cursor or {}
    latest = calls.now() + _AHEAD
    since, started = _sensible(known.get("since"), latest), _sensible(known.get("started"), latest)
    if started is not None:
        skip = known.get("skip")
        walk = _Walk(_sensible(known.get("at"), latest), max(0, skip) if isinstance(skip, int) else 0)
        yield from _by_query(calls, shape, walk, since=since, started=started)
    elif since is None:
        yield from _by_query(calls, shape, _Walk(), since=None, started=None)
    elif calls.now() - since > LOOK_BACK:
        # Older deletions cannot be learned any more; of names the query shows the inactive ones.
        yield from _by_query(calls, shape, _Walk(since - OVERLAP), since=since, started=None)
    else:
        yield from _by_change_data(calls, shape, since)


def walked(calls: QuickBooksCalls, shape: Listed, since: datetime | None) -> Iterator[Sequence[Object]]:
    """Pages of the objects changed since a time, oldest change first. Raises ProviderRefused when they go in circles."""
    for found, _ in _walked(calls, shape, _Walk(since)):
        yield found


def _sensible(text: Any, latest: datetime) -> datetime | None:
    """A cursor's time, None when no reading can have left it: then everything is read again."""
    moment = parsed(text)
    return moment if moment is not None and _EARLIEST <= moment <= latest else None


def _by_change_data(calls: QuickBooksCalls, shape: Listed, since: datetime) -> Iterator[Page]:
    found = calls.changed(shape.entity, since - OVERLAP)
    started = calls.now()
    if len(found) < MOST_OBJECTS:
        yield Page(records=_records(shape, found), cursor={"since": stamp(max(since, started))}, last=True)
        return
    # The answer is cut short and has no second page; only it tells of deletions, the query tells of all the rest.
    deleted = [one for one in found if one.get("status") == "Deleted"]
    walk = _Walk(since - OVERLAP)
    yield Page(records=_records(shape, deleted), cursor=_open(since, started, walk), last=False)
    yield from _by_query(calls, shape, walk, since=since, started=started)


def _by_query(
    calls: QuickBooksCalls, shape: Listed, walk: _Walk, *, since: datetime | None, started: datetime | None
) -> Iterator[Page]:
    for found, following in _walked(calls, shape, walk):
        started = started or calls.now()
        records = _records(shape, found)
        if following is None:
            reached = started if since is None else max(since, started)
            yield Page(records=records, cursor={"since": stamp(reached)}, last=True)
        else:
            yield Page(records=records, cursor=_open(since, started, following), last=False)


def _walked(calls: QuickBooksCalls, shape: Listed, walk: _Walk) -> Iterator[tuple[Sequence[Object], _Walk | None]]:
    before: set[str] = set()
    while True:
        found = calls.query(shape.entity, _clauses(shape, walk), columns=shape.columns)
        if len(found) < MOST_OBJECTS:
            yield found, None
            return
        ids = {one["Id"] for one in found}
        following = _after(walk, found)
        if ids <= before or following == walk:
            raise ProviderRefused(f"QuickBooks' pages of {shape.entity} go in circles; ask Intuit's support.")
        yield found, following
        before, walk = ids, following


def _clauses(shape: Listed, walk: _Walk) -> str:
    wanted = [shape.where] if shape.where else []
    if walk.at is not None:
        wanted.append(f"MetaData.LastUpdatedTime >= '{stamp(walk.at)}'")
    where = f"WHERE {' AND '.join(wanted)} " if wanted else ""
    return f"{where}ORDERBY MetaData.LastUpdatedTime ASC STARTPOSITION {walk.skip + 1} MAXRESULTS {MOST_OBJECTS}"


def _after(walk: _Walk, found: Sequence[Object]) -> _Walk:
    """Where to go on behind a full page: from the second of its last change, and there behind what was shown of it."""
    reached = updated_at(found[-1])
    if reached is None or reached == walk.at:
        return replace(walk, skip=walk.skip + len(found) - _STEP_BACK)
    tied = sum(1 for one in found if updated_at(one) == reached)
    return _Walk(reached, max(0, tied - _STEP_BACK))


def _records(shape: Listed, found: Sequence[Object]) -> list[Remote]:
    shown = (_gone(one) if one.get("status") == "Deleted" else shape.remote(one) for one in found)
    return [remote for remote in shown if remote is not None]


def _gone(found: Object) -> Remote:
    return Remote(id=found["Id"], record=found, updated_at=updated_at(found), deleted=True)


def _open(since: datetime | None, started: datetime, walk: _Walk) -> dict[str, Any]:
    return {
        "since": None if since is None else stamp(since),
        "started": stamp(started),
        "at": None if walk.at is None else stamp(walk.at),
        "skip": walk.skip,
    }
