"""Who wins: properties that hold for every pair of edits and every policy."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.spec.provider import Conflict
from sync_core.sync.conflict import Sides, changed, decide

PATHS: tuple[str, ...] = ("name", "email", "phone", "address.city")
POLICIES: tuple[Conflict, ...] = ("newest_wins", "venue_wins", "provider_wins")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

values: st.SearchStrategy[str | None] = st.none() | st.sampled_from(["", "a", "b", "O'Brien", "名"])
records: st.SearchStrategy[dict[str, str | None]] = st.fixed_dictionaries(dict.fromkeys(PATHS, values))
times = st.none() | st.integers(-2, 2).map(lambda minutes: NOON + timedelta(minutes=minutes))


@st.composite
def sides(draw: st.DrawFn) -> Sides:
    """Two sides that agreed once and then each changed, or did not."""
    agreed = draw(records)
    edits: list[dict[str, str | None]] = [draw(st.dictionaries(st.sampled_from(PATHS), values)) for _ in range(2)]
    return Sides(
        venue_now=agreed | edits[0],
        venue_before=agreed,
        venue_at=draw(times),
        provider_now=agreed | edits[1],
        provider_before=agreed,
        provider_at=draw(times),
    )


def _merged(case: Sides, policy: Conflict) -> dict[str, Any]:
    accepted = decide(case, policy).accepted
    return {path: (case.provider_now if path in accepted else case.venue_now)[path] for path in PATHS}


@given(sides(), st.sampled_from(POLICIES))
def test_a_change_that_only_one_side_made_always_survives(case: Sides, policy: Conflict) -> None:
    theirs = changed(case.provider_now, case.provider_before)
    ours = changed(case.venue_now, case.venue_before)
    merged = _merged(case, policy)

    assert all(merged[path] == case.provider_now[path] for path in theirs - ours)
    assert all(merged[path] == case.venue_now[path] for path in ours - theirs)


@given(sides(), st.sampled_from(POLICIES))
def test_every_value_of_the_outcome_was_on_one_of_the_sides_and_nothing_untouched_changes(
    case: Sides, policy: Conflict
) -> None:
    merged = _merged(case, policy)
    touched = changed(case.provider_now, case.provider_before) | changed(case.venue_now, case.venue_before)

    assert all(merged[path] in (case.venue_now[path], case.provider_now[path]) for path in PATHS)
    assert all(merged[path] == case.venue_before[path] for path in set(PATHS) - touched)


@given(sides(), st.sampled_from(POLICIES))
def test_a_contested_field_goes_wholly_to_the_winner(case: Sides, policy: Conflict) -> None:
    verdict = decide(case, policy)
    sides_of = {"provider": case.provider_now, "venue": case.venue_now}
    merged = _merged(case, policy)

    assert all(merged[path] == sides_of[winner][path] for path, winner in verdict.contested.items())
    assert len(set(verdict.contested.values())) <= 1
    assert all(case.provider_now[path] != case.venue_now[path] for path in verdict.contested)


@given(sides())
def test_the_same_edit_on_both_sides_is_no_conflict(case: Sides) -> None:
    same = Sides(
        venue_now=case.provider_now,
        venue_before=case.venue_before,
        venue_at=case.venue_at,
        provider_now=case.provider_now,
        provider_before=case.provider_before,
        provider_at=case.provider_at,
    )

    assert decide(same, "newest_wins").contested == {}


@given(sides(), st.sampled_from(POLICIES))
def test_deciding_again_after_the_merge_changes_nothing(case: Sides, policy: Conflict) -> None:
    merged = _merged(case, policy)
    settled = Sides(
        venue_now=merged,
        venue_before=merged,
        venue_at=case.venue_at,
        provider_now=merged,
        provider_before=merged,
        provider_at=case.provider_at,
    )

    assert decide(settled, policy).accepted == frozenset()


@pytest.mark.parametrize(
    ("venue_at", "provider_at", "expected"),
    [
        (NOON, NOON + timedelta(seconds=1), True),
        (NOON + timedelta(seconds=1), NOON, False),
        (NOON, NOON, False),
        (NOON, None, False),
    ],
    ids=["provider newer", "venue newer", "tie", "provider tells no time"],
)
def test_newest_wins_goes_by_time_and_the_venue_wins_a_tie(
    venue_at: datetime, provider_at: datetime | None, expected: bool
) -> None:
    case = Sides({"name": "a"}, {"name": ""}, venue_at, {"name": "b"}, {"name": ""}, provider_at)

    assert decide(case, "newest_wins").provider_wins is expected


@given(sides(), st.sampled_from(POLICIES), st.dictionaries(st.sampled_from(PATHS), st.sampled_from(POLICIES)))
def test_a_field_with_a_policy_of_its_own_is_decided_by_it_and_the_others_are_not(
    case: Sides, policy: Conflict, exceptions: dict[str, Conflict]
) -> None:
    verdict = decide(case, policy, exceptions=exceptions)

    for path, winner in verdict.contested.items():
        alone = decide(case, exceptions.get(path, policy))
        assert winner == alone.contested[path]
