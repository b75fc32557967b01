"""Reading a provider: to the end, in pages, from any place, and never in circles."""

import itertools
import json
import re
import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.providers.protocol import Json, Page
from tests.battery.outside import in_order, repeating
from tests.battery.stage import Bench, Stage, assert_one_sentence, people, stage_of
from tests.battery.trials import Listed, Trial

MANY = 10_000
MOST_MEGABYTES = 300
NONSENSE = "💥' OR 1=1 --"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
PAST, FUTURE = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


@pytest.fixture(params=["two_way", "pulled"])
def listed(trial: Trial, request: pytest.FixtureRequest) -> Listed:
    """Each of the trial's entities that are read."""
    listed = trial.two_way.listed if request.param == "two_way" else trial.pulled
    return listed or pytest.skip(f"{trial.provider} has no entity that is only pulled")


def _kept(cursor: Mapping[str, Json]) -> dict[str, Json]:
    """A cursor as it comes back from where it is kept."""
    return json.loads(json.dumps(cursor, sort_keys=True))


def _ids(pages: Iterator[Page] | list[Page]) -> set[str]:
    return {remote.id for page in pages for remote in page.records}


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def test_ten_thousand_records_come_home_in_one_sync(stage: Stage) -> None:
    stage.outside.seed_many(stage.trial.two_way.listed, MANY)
    before = _peak_megabytes()

    report = stage.done()

    assert (report.counts.pulled_created, report.counts.bad, report.counts.written) == (MANY, 0, 0)
    assert _peak_megabytes() - before < MOST_MEGABYTES
    assert stage.facts() == stage.outside.facts()


def test_pages_are_bounded_and_fetched_as_they_are_asked_for(bench: Bench, listed: Listed) -> None:
    count = 3 * listed.page
    bench.outside.seed_many(listed, count)
    bench.outside.forget_calls()

    pages = bench.client.read(listed.entity, cursor=None)
    first = next(pages)
    after_one = bench.outside.calls()
    rest = list(pages)

    assert after_one <= 3
    assert max(len(page.records) for page in (first, *rest)) <= listed.page
    assert [page.last for page in (first, *rest)] == [False] * len(rest) + [True]
    assert len(_ids([first, *rest])) == count


def test_a_reading_goes_on_from_any_page_at_which_it_was_cut(bench: Bench, listed: Listed) -> None:
    bench.outside.seed_many(listed, 3 * listed.page + 7)
    every = _ids(bench.client.read(listed.entity, cursor=None))
    assert len(every) == 3 * listed.page + 7
    cut = 0
    while True:
        cut += 1
        reading = bench.client.read(listed.entity, cursor=None)
        before = list(itertools.islice(reading, cut))
        after = list(bench.client.read(listed.entity, cursor=_kept(before[-1].cursor)))

        assert _ids(before) | _ids(after) == every
        assert after[-1].last
        if before[-1].last:
            break
    assert cut > 3


@pytest.mark.parametrize("page", [1, 2])
def test_a_list_that_goes_in_circles_ends_in_one_sentence_after_few_calls(
    trial: Trial, database: sa.Engine, tmp_path: Path, page: int
) -> None:
    listed = trial.two_way.listed
    circling = repeating(trial.simulator(), listed, page=page)
    with stage_of(trial, database, tmp_path, simulator=circling) as stage:
        stage.outside.seed_many(listed, 3 * listed.page)

        report = stage.sync()

        assert_one_sentence(report)
        assert stage.outside.calls() <= page + 5
        assert stage.outside.writes() == 0


def test_an_empty_account_is_in_step_with_an_empty_venue(stage: Stage) -> None:
    for entity in stage.spec.in_order() * 2:
        report = stage.done(entity)

        assert (report.counts.read, report.counts.written, report.counts.bad) == (0, 0, 0)
        assert report.counts.pulled_read == 0 or entity in stage.trial.computed
    assert stage.outside.writes() == 0


def _at(cursor: Mapping[str, Json], *, seconds: int, text: str) -> dict[str, Any]:
    """The cursor with every time in it replaced, be it a number of seconds or RFC 3339."""

    def moved(value: Json) -> Json:
        if isinstance(value, int):
            return seconds
        return text if isinstance(value, str) and _TIME.match(value) else value

    return {name: moved(value) for name, value in cursor.items()}


def _final(bench: Bench, entity: str) -> dict[str, Json]:
    """The cursor of a reading that is over, after something has changed since the first one."""
    *_, last = bench.client.read(entity, cursor=None)
    *_, later = bench.client.read(entity, cursor=_kept(last.cursor))
    return _kept(later.cursor)


@pytest.mark.parametrize("absurdity", ["empty", "of another shape", "nonsense", "far past", "far future"])
def test_a_cursor_that_means_nothing_reads_everything_again(bench: Bench, listed: Listed, absurdity: str) -> None:
    bench.outside.seed_many(listed, 5)
    every = _ids(bench.client.read(listed.entity, cursor=None))
    final = _final(bench, listed.entity)
    cursor: dict[str, Json] = {
        "empty": {},
        "of another shape": {"page": {"deep": [None, -1]}, "since": [], "phase": 7, "after": {}, "offset": "x"},
        "nonsense": dict.fromkeys(final, NONSENSE),
        "far past": _at(final, seconds=1, text=PAST),
        "far future": _at(final, seconds=2**62, text=FUTURE),
    }[absurdity]

    read = list(bench.client.read(listed.entity, cursor=cursor))

    assert _ids(read) >= every
    bench.outside.seed(listed.seeds, [listed.row(5)])
    assert _ids([*read, *bench.client.read(listed.entity, cursor=_kept(read[-1].cursor))]) > every


def test_a_cursor_that_was_cut_and_then_damaged_loses_nothing(bench: Bench, listed: Listed) -> None:
    bench.outside.seed_many(listed, listed.page + 5)
    every = _ids(bench.client.read(listed.entity, cursor=None))
    first = next(bench.client.read(listed.entity, cursor=None))
    assert not first.last

    for name in first.cursor:
        damaged = {**_kept(first.cursor), name: NONSENSE}
        rest = list(bench.client.read(listed.entity, cursor=damaged))

        assert (name, _ids([first, *rest])) == (name, every)


def test_a_cursor_of_another_entity_ends_and_misses_nothing_from_then_on(bench: Bench) -> None:
    one, other = bench.trial.two_way.listed, bench.trial.pulled
    if other is None:
        pytest.skip(f"{bench.spec.title} has no other entity that is read")
    for listed in (one, other):
        bench.outside.seed_many(listed, listed.page + 5)
    for mine, theirs in ((one, other), (other, one)):
        for page in bench.client.read(theirs.entity, cursor=None):
            *_, last = bench.client.read(mine.entity, cursor=_kept(page.cursor))
            known = _ids(bench.client.read(mine.entity, cursor=None))
            bench.outside.seed(mine.seeds, [mine.row(10_000 + len(known))])

            later = _ids(bench.client.read(mine.entity, cursor=_kept(last.cursor)))
            fresh = _ids(bench.client.read(mine.entity, cursor=None)) - known

            assert last.last
            assert len(fresh) == 1
            assert fresh <= later


def test_what_one_sync_brought_the_next_does_not_bring_again(stage: Stage) -> None:
    for listed in filter(None, (stage.trial.two_way.listed, stage.trial.pulled)):
        stage.outside.seed_many(listed, 12)
        first, second = stage.done(listed.entity), stage.done(listed.entity)

        assert first.counts.pulled_created == 12
        assert (second.counts.pulled_created, second.counts.pulled_updated) == (0, 0)
    assert stage.facts() == in_order(people(stage.trial, 12))
    assert stage.outside.writes() == 0
