"""Walking through everything that changed, oldest change first.

A contact that changes while we walk moves to the end, and all behind it move up by one: with offsets alone somebody
would slip past a page's edge unseen. So each page begins at the time that the last one reached; only where a whole
page changed within a second (an import) is an offset used, and then a tenth of the page is read again.

A cursor is {"since": time} between walks and {"since", "offset"} within one. All times are Mailchimp's own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sync_core.errors import ProviderRefused
from sync_core.providers.mailchimp.contact import Contact, is_archived, parsed, remote_contact
from sync_core.providers.mailchimp.fetching import PAGE_SIZE
from sync_core.providers.protocol import Json, Page

OVERLAP = timedelta(seconds=60)
OPENED = datetime(2001, 1, 1, tzinfo=UTC)
"""The year that Mailchimp began."""
_CLOCKS_DIFFER = timedelta(days=1)
_STEP = PAGE_SIZE - PAGE_SIZE // 10
_SECOND = timedelta(seconds=1)

Fetch = Callable[[datetime | None, int], Sequence[Contact]]
"""Fetches a page: of what changed since a time (None: ever), from an offset on."""


@dataclass(frozen=True, slots=True)
class _Place:
    since: datetime | None
    offset: int = 0


def walk(fetch: Fetch, *, cursor: Mapping[str, Json] | None, now: datetime) -> Iterator[Page]:
    """Pages of contacts changed since `cursor`; everything when it is None, unreadable or of another age.

    Archived contacts are passed over: to archive is to stop mailing, not to say that there is no such customer.

    Raises:
        ProviderRefused: The pages go in circles.
    """
    place, reached = _place_of(cursor or {}, now=now)
    before: tuple[datetime | None, Sequence[Contact]] = (None, ())
    while True:
        contacts = fetch(place.since, place.offset)
        times = [moment for contact in contacts if (moment := parsed(contact.get("last_changed"))) is not None]
        reached = max((moment for moment in (*times, reached) if moment is not None), default=None)
        repeated = {contact["id"]: contact for contact in before[1]}
        fresh = [contact for contact in contacts if repeated.get(contact["id"]) != contact]
        records = [remote_contact(contact) for contact in fresh if not is_archived(contact)]
        if len(contacts) < PAGE_SIZE:
            yield Page(records=records, cursor={"since": _stamp(reached)}, last=True)
            return
        if not fresh and before[0] == place.since:
            raise ProviderRefused("Mailchimp's pages go in circles; ask Mailchimp's support.")
        before = (place.since, contacts)
        place = _after(place, reached)
        yield Page(records=records, cursor={"since": _stamp(place.since), "offset": place.offset}, last=False)


def _after(place: _Place, reached: datetime | None) -> _Place:
    # A second earlier, because others may have changed in the same second, and "since" may mean "after".
    onward = None if reached is None else reached - _SECOND
    if onward is not None and (place.since is None or onward > place.since):
        return _Place(onward)
    return _Place(place.since, place.offset + _STEP)


def _place_of(cursor: Mapping[str, Json], *, now: datetime) -> tuple[_Place, datetime | None]:
    """Where to go on from, and the time that was reached."""
    since, offset = believable(cursor.get("since"), now=now), cursor.get("offset")
    if isinstance(offset, int) and offset >= 0:
        return _Place(since, offset if since is not None else 0), since
    return _Place(None if since is None else since - OVERLAP), since


def believable(text: Json, *, now: datetime) -> datetime | None:
    """A time in a cursor; None where it is none, never was or is yet to come: nothing would ever be shown since then."""
    moment = parsed(text)
    return moment if moment is not None and OPENED <= moment <= now + _CLOCKS_DIFFER else None


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
