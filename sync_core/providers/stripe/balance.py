"""Balance transactions: never updated but for pending ones becoming available, and without events.

Cursors, by phase:
    list    {"phase": "list", "after": id, "since": unix, "pending": unix | None}
    window  {"phase": "window", "since": unix, "pending": unix | None}
`since` is the creation of the newest one seen, `pending` of the oldest one that was still pending.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sync_core.providers.protocol import Json, Page
from sync_core.providers.stripe.calls import Refused, StripeCalls
from sync_core.providers.stripe.kinds import Kind, Object, remote_of
from sync_core.providers.stripe.listing import Listed, listed
from sync_core.providers.stripe.reading import CLOCKS_DIFFER_SECONDS

OVERLAP_SECONDS = 3600


def read_balance(calls: StripeCalls, kind: Kind, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
    """Pages of balance transactions that are new or may have become available since `cursor`."""
    given = cursor or {}
    since, pending, after = given.get("since"), given.get("pending"), given.get("after")
    latest = calls.clock.now().timestamp() + CLOCKS_DIFFER_SECONDS
    readable = isinstance(since, int) and since < latest and (pending is None or isinstance(pending, int))
    if readable and given.get("phase") == "window":
        yield from _window(calls, kind, since=cast("int", since), given=given)
    elif readable and given.get("phase") == "list" and isinstance(after, str):
        yield from _resumed(calls, kind, since=cast("int", since), pending=cast("int | None", pending), after=after)
    else:
        yield from _whole(calls, kind)


def _whole(
    calls: StripeCalls, kind: Kind, *, since: int = 0, pending: int | None = None, after: str | None = None
) -> Iterator[Page]:
    for page in listed(calls, kind.path, after=after):
        since = max([since, *(found["created"] for found in page.objects)])
        pending = _oldest_pending(page.objects, pending)
        yield Page(
            records=[remote_of(found) for found in page.objects],
            cursor=_after_page(page, since, pending),
            last=not page.more,
        )


def _resumed(calls: StripeCalls, kind: Kind, *, since: int, pending: int | None, after: str) -> Iterator[Page]:
    pages = _whole(calls, kind, since=since, pending=pending, after=after)
    try:
        first = next(pages)
    except Refused:
        yield from _whole(calls, kind)
        return
    yield first
    yield from pages


def _after_page(page: Listed, since: int, pending: int | None) -> dict[str, Json]:
    place: dict[str, Any] = {"phase": "window"}
    if page.more:
        place = {"phase": "list", "after": page.objects[-1]["id"]}
    return {**place, "since": since, "pending": pending}


def _window(calls: StripeCalls, kind: Kind, *, since: int, given: Mapping[str, Json]) -> Iterator[Page]:
    """Everything from the oldest pending one on; newest first, so only the last page may move the cursor."""
    before = since - OVERLAP_SECONDS
    start = min(before, given["pending"]) if given.get("pending") is not None else before
    pending: int | None = None
    for page in listed(calls, kind.path, created={"gte": max(0, start)}):
        since = max([since, *(found["created"] for found in page.objects)])
        pending = _oldest_pending(page.objects, pending)
        moved = {"phase": "window", "since": since, "pending": pending}
        yield Page(
            records=[remote_of(found) for found in page.objects],
            cursor=dict(given) if page.more else moved,
            last=not page.more,
        )


def _oldest_pending(found: Sequence[Object], pending: int | None) -> int | None:
    created = [one["created"] for one in found if one.get("status") == "pending"]
    return min([*created, *([] if pending is None else [pending])], default=None)
