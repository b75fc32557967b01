from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Page, Remote
from sync_core.providers.square.calls import Refused
from sync_core.providers.square.windows import Shown, parsed, read_window, stamp

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OVERLAP = timedelta(seconds=60)


class Script:
    """Pages to be fetched, and what was asked for."""

    def __init__(self, *pages: Shown | Refused) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[datetime | None, str | None]] = []

    def __call__(self, since: datetime | None, page: str | None) -> Shown:
        self.asked.append((since, page))
        shown = self.pages.pop(0)
        if isinstance(shown, Refused):
            raise shown
        return shown


def shown(following: str | None, *, newest: datetime | None = None) -> Shown:
    return Shown([Remote(id="R1", record={})], following, newest)


def read(script: Script, cursor: Mapping[str, Any] | None, *, now: datetime = NOON) -> list[Page]:
    return list(read_window(script, cursor=cursor, overlap=OVERLAP, now=lambda: now))


def test_the_next_window_starts_at_the_newest_change_less_the_overlap():
    newest = NOON - timedelta(hours=1)
    pages = read(Script(shown(None, newest=newest)), None)
    assert pages[-1].cursor == {"since": "2026-11-20T11:00:00.000Z"}
    script = Script(shown(None))
    assert read(script, pages[-1].cursor)[-1].cursor == pages[-1].cursor
    assert script.asked == [(newest - OVERLAP, None)]


def test_a_change_made_while_we_read_is_not_skipped():
    during = NOON + timedelta(minutes=10)
    pages = read(Script(shown("p2", newest=NOON - timedelta(days=1)), shown(None, newest=during)), None)
    assert parsed(pages[-1].cursor["since"]) == NOON, "the window's start, not the newest change seen late"


def test_a_reading_cut_short_goes_on_with_its_page():
    script = Script(shown("p2", newest=NOON), shown("p3"))
    pages = read_window(script, cursor=None, overlap=OVERLAP, now=lambda: NOON)
    first = next(pages)
    again = Script(shown(None, newest=NOON - timedelta(hours=1)))
    assert read(again, first.cursor)[-1].cursor == {"since": stamp(NOON)}
    assert again.asked == [(None, "p2")]


def test_a_page_token_that_has_expired_starts_the_window_again_once():
    cursor = {"since": stamp(NOON), "page": "old", "newest": None, "started": stamp(NOON)}
    expired = Refused("Square refuses the cursor.", code="INVALID_CURSOR")
    script = Script(expired, shown(None))
    assert read(script, cursor)[-1].last
    assert script.asked == [(NOON - OVERLAP, "old"), (NOON - OVERLAP, None)]
    with pytest.raises(Refused):
        read(Script(expired, shown("p2"), expired), cursor)


def test_pages_in_circles_end_in_an_error():
    with pytest.raises(ProviderRefused, match="circles"):
        read(Script(shown("p2"), shown("p3"), shown("p2")), None)


@pytest.mark.parametrize("cursor", [{}, {"since": 5}, {"since": "yesterday"}, {"page": "p2"}, {"x": []}])
def test_a_cursor_that_cannot_be_read_means_everything(cursor: dict[str, Any]):
    script = Script(shown(None))
    read(script, cursor)
    assert script.asked == [(None, None)]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-15T19:57:02.712Z", datetime(2026, 7, 15, 19, 57, 2, 712000, tzinfo=UTC)),
        ("2026-07-15T19:57:02Z", datetime(2026, 7, 15, 19, 57, 2, tzinfo=UTC)),
        ("2022-07-13T20:30:59.037339943Z", datetime(2022, 7, 13, 20, 30, 59, 37339, tzinfo=UTC)),
        ("2026-07-15T21:57:02+02:00", datetime(2026, 7, 15, 19, 57, 2, tzinfo=UTC)),
        ("never", None),
        (None, None),
    ],
)
def test_times_are_read_as_square_writes_them(text: str | None, moment: datetime | None):
    assert parsed(text) == moment
