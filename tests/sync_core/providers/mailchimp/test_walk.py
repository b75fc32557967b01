"""Everything that changed is shown, whoever else changes meanwhile."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_core.errors import ProviderRefused
from sync_core.providers.mailchimp.contact import Contact
from sync_core.providers.mailchimp.fetching import PAGE_SIZE
from sync_core.providers.mailchimp.walk import walk

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Audience:
    """Contacts by name with the second of their last change; whoever is in `restless` changes at every request."""

    def __init__(self, seconds: dict[str, int], *, restless: Sequence[str] = (), strict: bool = True) -> None:
        self.seconds = seconds
        self.restless = restless
        self.strict = strict
        self.asked: list[tuple[datetime | None, int]] = []

    def fetch(self, since: datetime | None, offset: int) -> list[Contact]:
        self.asked.append((since, offset))
        known = sorted(self.seconds.items(), key=lambda item: item[1])
        at = [(name, START + timedelta(seconds=second)) for name, second in known]
        later = [
            (name, moment)
            for name, moment in at
            if since is None or moment > since or (moment == since and not self.strict)
        ]
        for name in self.restless[len(self.asked) - 1 : len(self.asked)]:
            self.seconds[name] = max(self.seconds.values()) + 1
        return [contact(name, moment) for name, moment in later[offset : offset + PAGE_SIZE]]


def contact(name: str, moment: datetime, status: str = "subscribed") -> dict[str, Any]:
    return {
        "id": f"hash-{name}",
        "contact_id": name,
        "email_address": f"{name}@x.example",
        "status": status,
        "last_changed": moment.isoformat(),
    }


def names(audience: Audience, cursor: Any = None) -> tuple[set[str], Any]:
    pages = list(walk(audience.fetch, cursor=cursor, now=NOW))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    return {remote.id for page in pages for remote in page.records}, pages[-1].cursor


@pytest.mark.parametrize("strict", [True, False])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_nobody_is_left_out_however_many_changed_in_a_second(strict: bool, data: st.DataObject) -> None:
    crowds = data.draw(st.lists(st.sampled_from([1, 2, 700, 999, 1000, 1001, 2600]), min_size=1, max_size=4))
    seconds = {f"c{second}-{n}": second for second, crowd in enumerate(crowds) for n in range(crowd)}
    found, cursor = names(Audience(dict(seconds), strict=strict))
    assert found == set(seconds)
    assert cursor == {"since": (START + timedelta(seconds=len(crowds) - 1)).isoformat()}


@pytest.mark.parametrize("crowd", [1, 5000])
def test_who_changes_while_we_walk_pulls_nobody_past_a_page_unseen(crowd: int) -> None:
    seconds = {f"c{n}": n // crowd for n in range(5000)}
    everyone = set(seconds)
    found, _ = names(Audience(seconds, restless=[f"c{n}" for n in range(3)]))
    assert found == everyone


def test_a_walk_goes_on_where_it_was_cut_short() -> None:
    seconds = {f"c{n}": n // 3 for n in range(3500)}
    pages = walk(Audience(dict(seconds)).fetch, cursor=None, now=NOW)
    first = [next(pages), next(pages)]
    seen = {remote.id for page in first for remote in page.records}
    rest, _ = names(Audience(dict(seconds)), orjson.loads(orjson.dumps(first[-1].cursor)))
    assert seen | rest == set(seconds)
    assert len(rest) < 1600


def test_the_next_walk_overlaps_the_last_one_by_a_minute() -> None:
    audience = Audience({"old": 0, "new": 600})
    _, cursor = names(audience)
    names(audience, cursor)
    assert audience.asked[-1] == (START + timedelta(seconds=540), 0)


def test_where_nobody_changed_the_place_is_kept() -> None:
    cursor = {"since": START.isoformat()}
    assert names(Audience({}), cursor) == (set(), cursor)
    assert names(Audience({})) == (set(), {"since": None})


@pytest.mark.parametrize(
    "cursor",
    [
        {"since": "yesterday"},
        {"since": 7, "offset": -1},
        {"page": "x"},
        {},
        {"since": "0001-01-01T00:00:00+00:00"},
        {"since": "9999-12-31T00:00:00+00:00", "offset": 5},
    ],
)
def test_a_cursor_that_cannot_be_read_begins_again(cursor: dict[str, Any]) -> None:
    assert names(Audience({"ann": 0}), cursor)[0] == {"ann"}


def test_archived_contacts_are_passed_over() -> None:
    page = next(walk(lambda *_: [contact("ann", START), contact("bob", START, "archived")], cursor=None, now=NOW))
    assert [remote.id for remote in page.records] == ["ann"]


def test_pages_that_never_end_are_refused() -> None:
    same = [contact(f"c{n}", START) for n in range(PAGE_SIZE)]
    with pytest.raises(ProviderRefused, match="circles"):
        list(walk(lambda *_: same, cursor=None, now=NOW))
