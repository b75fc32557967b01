"""Windows of time over what changed: one reading loop for all of Square's lists and searches.

A cursor is {"since": time} between reads and {"since", "page", "newest", "started"} within one. Times are RFC 3339.
Stays true: `since` moves only after the last page, never past a change that was not shown, and never past the moment
when the window was opened; the overlap, in which late comers are caught, is applied when it is used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Json, Page, Remote
from sync_core.providers.square.calls import Refused

OPENED = datetime(2009, 1, 1, tzinfo=UTC)
"""Before Square existed; nothing there is older."""
_CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed: its records, the token of the next page, the time of the newest change on it."""

    records: Sequence[Remote]
    following: str | None
    newest: datetime | None


Fetch = Callable[[datetime | None, str | None], Shown]
"""Fetches a page of what changed since a time (None: ever), the first one or the one that a token names."""


@dataclass(frozen=True, slots=True)
class _Window:
    started: datetime | None = None
    since: datetime | None = None
    page: str | None = None
    newest: datetime | None = None


def read_window(
    fetch: Fetch, *, cursor: Mapping[str, Json] | None, overlap: timedelta, now: Callable[[], datetime]
) -> Iterator[Page]:
    """Pages of what changed since `cursor`; everything when it is None or unreadable.

    Args:
        fetch: asks Square for a page.
        cursor: where an earlier reading got to.
        overlap: how much of the past is read again for late comers.
        now: Square's own clock, as of its last answer.

    Raises:
        ProviderRefused: The pages go in circles.
    """
    window = _window_of(cursor or {}, now=now())
    visited: set[str] = set()
    restarted = False
    while True:
        try:
            shown = fetch(None if window.since is None else window.since - overlap, window.page)
        except Refused as exc:
            if exc.code != "INVALID_CURSOR" or window.page is None or restarted:
                raise
            # A page token lives five minutes; after that the window is read from its beginning.
            window, restarted = _Window(since=window.since), True
            continue
        window = replace(
            window,
            page=shown.following,
            newest=_latest(window.newest, shown.newest),
            started=window.started or now(),
        )
        if window.page is None:
            yield Page(records=shown.records, cursor=_closed(window), last=True)
            return
        if window.page in visited:
            raise ProviderRefused("Square's pages go in circles; ask Square's support.")
        visited.add(window.page)
        yield Page(records=shown.records, cursor=_open(window), last=False)


def parsed(text: Any) -> datetime | None:
    """An RFC 3339 time as an aware one, None when it is absent or not a time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """An aware time as RFC 3339 with milliseconds, as Square writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def newest_of(records: Sequence[Remote]) -> datetime | None:
    """The time of the newest change among records."""
    return max((one.updated_at for one in records if one.updated_at), default=None)


def _window_of(cursor: Mapping[str, Json], *, now: datetime) -> _Window:
    since, page = parsed(cursor.get("since")), cursor.get("page")
    started = parsed(cursor.get("started"))
    if since is not None and not OPENED <= since <= now + _CLOCKS_DIFFER:
        # From a time that never was or is yet to come nothing would ever be shown.
        return _Window()
    if isinstance(page, str) and started is not None:
        return _Window(started=started, since=since, page=page, newest=parsed(cursor.get("newest")))
    return _Window(since=since)


def _open(window: _Window) -> dict[str, Json]:
    return {
        "since": None if window.since is None else stamp(window.since),
        "page": window.page,
        "newest": None if window.newest is None else stamp(window.newest),
        "started": None if window.started is None else stamp(window.started),
    }


def _closed(window: _Window) -> dict[str, Json]:
    # A record that was shown early and changed again while we read on is newer than the start of the window.
    bounds = [moment for moment in (window.newest, window.started) if moment is not None]
    reached = min(bounds) if window.newest is not None else None
    since = _latest(window.since, reached)
    return {"since": None if since is None else stamp(since)}


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
