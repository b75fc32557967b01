"""Reading what changed at Stripe: the whole list once, then events, because Stripe has no updated-since filter.

Cursors, by phase:
    list    {"phase": "list", "after": id, "since": unix}       the whole list, newest first, after this object
    events  {"phase": "events", "since": unix, "seen": [ids]}   events created since; `seen` are those already told
Stays true: `since` never passes an event that was not told, and reading an unchanged account costs one list call.
Balance transactions have no events; see `balance`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sync_core.providers.protocol import Json, Page, Remote
from sync_core.providers.stripe.calls import Refused, StripeCalls
from sync_core.providers.stripe.fetching import expanded_in_list, is_cut_short, objects_at, whole
from sync_core.providers.stripe.kinds import Kind, Object, gone, remote_of
from sync_core.providers.stripe.listing import PAGE_SIZE, Listed, listed

OVERLAP_SECONDS = 120
"""Events may become visible later than their time says; so much of the past is read again."""
LATEST_EVENT_SECONDS = 3600
"""On a quiet account `since` follows the present at this distance, so that it never grows too old."""
EVENTS_KEPT_SECONDS = 29 * 86400
"""Stripe keeps events for 30 days (docs.stripe.com/api/events)."""
CLOCKS_DIFFER_SECONDS = 86400
"""Stripe's clock may be ahead of ours, but not by more than this."""
MOST_SEEN = 500
"""So many event ids are remembered at most; beyond it some changes are told twice, which is allowed."""


def read_kind(calls: StripeCalls, kind: Kind, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
    """Pages of what changed since `cursor`; everything when it is None, unreadable or outside Stripe's events."""
    given = cursor or {}
    since, after = given.get("since"), given.get("after")
    now = calls.clock.now().timestamp()
    # From a time that is yet to come nothing would be told until then.
    usable = isinstance(since, int) and now - EVENTS_KEPT_SECONDS < since < now + CLOCKS_DIFFER_SECONDS
    if usable and given.get("phase") == "events":
        yield from _changes(calls, kind, since=cast("int", since), given=given)
    elif usable and given.get("phase") == "list" and isinstance(after, str):
        yield from _resumed(calls, kind, since=cast("int", since), after=after)
    else:
        yield from _whole(calls, kind)


def _whole(calls: StripeCalls, kind: Kind, *, since: int | None = None, after: str | None = None) -> Iterator[Page]:
    asked = int(calls.clock.now().timestamp())
    for page in listed(calls, kind.path, after=after, **_listed_with(kind)):
        if since is None:
            # The provider's own clock: ours may run ahead of it and miss changes.
            since = (page.at or asked) - OVERLAP_SECONDS
        yield Page(
            records=[remote_of(whole(calls, kind, found)) for found in page.objects],
            cursor=_after_page(page, since),
            last=not page.more,
        )


def _resumed(calls: StripeCalls, kind: Kind, *, since: int, after: str) -> Iterator[Page]:
    pages = _whole(calls, kind, since=since, after=after)
    try:
        first = next(pages)
    except Refused:
        # The object that the page hangs on was deleted meanwhile: from the top again, still from the older `since`.
        yield from _whole(calls, kind, since=since)
        return
    yield first
    yield from pages


def _after_page(page: Listed, since: int) -> dict[str, Json]:
    if page.more:
        return {"phase": "list", "after": page.objects[-1]["id"], "since": since}
    return {"phase": "events", "since": since}


def _changes(calls: StripeCalls, kind: Kind, *, since: int, given: Mapping[str, Json]) -> Iterator[Page]:
    """One group of pages: events come newest first, so only the last page may move the cursor."""
    seen = set(cast("Sequence[str]", given.get("seen") or ()))
    asked = int(calls.clock.now().timestamp())
    started: int | None = None
    events: list[Object] = []
    for page in listed(calls, "/v1/events", types=list(kind.events), created={"gte": since - OVERLAP_SECONDS}):
        started = started or page.at or asked
        events.extend(page.objects)
    newest = max([since, (started or asked) - LATEST_EVENT_SECONDS, *(event["created"] for event in events)])
    told = [event["id"] for event in events if event["created"] >= newest - OVERLAP_SECONDS]
    moved = {"phase": "events", "since": newest, "seen": told if len(told) <= MOST_SEEN else []}
    records = list(_told(calls, kind, events, seen))
    chunks = [records[start : start + PAGE_SIZE] for start in range(0, len(records), PAGE_SIZE)] or [[]]
    for chunk in chunks[:-1]:
        yield Page(records=chunk, cursor=dict(given), last=False)
    yield Page(records=chunks[-1], cursor=moved, last=True)


def _told(calls: StripeCalls, kind: Kind, events: Sequence[Object], seen: set[str]) -> Iterator[Remote]:
    """What the events not seen before say, oldest change first."""
    by_object: dict[str, list[Object]] = defaultdict(list)
    for event in events:
        by_object[_subject(event)["id"]].append(event)
    unclear: dict[str, int] = {}
    for remote_id, about in reversed(by_object.items()):
        if all(event["id"] in seen for event in about):
            continue
        newest = max(event["created"] for event in about)
        latest = [event for event in about if event["created"] == newest]
        snapshot = _snapshot(calls, kind, latest[0]) if len(latest) == 1 else None
        if snapshot is None:
            unclear[remote_id] = newest
        else:
            yield snapshot
    yield from _read_again(calls, kind, unclear)


def _subject(event: Object) -> Object:
    return event["data"]["object"]


def _snapshot(calls: StripeCalls, kind: Kind, event: Object) -> Remote | None:
    """The object as the event shows it; None when the event does not show all of it in our API version."""
    found = _subject(event)
    if event["type"] == kind.removal:
        return gone(found["id"], changed=event["created"])
    shortened = any(found.get(name) is not None for name in kind.expand) or is_cut_short(kind, found)
    if shortened or event.get("api_version") != calls.version:
        return None
    return remote_of(found, changed=event["created"])


def _read_again(calls: StripeCalls, kind: Kind, changed: Mapping[str, int]) -> Iterator[Remote]:
    """The objects as they are now; those that do not exist any more as deleted."""
    for remote_id, found in objects_at(calls, kind, list(changed)):
        when = changed[remote_id]
        yield gone(remote_id, changed=when) if found is None else remote_of(found, changed=when)


def _listed_with(kind: Kind) -> dict[str, Any]:
    return {**kind.filters, **expanded_in_list(kind)}
