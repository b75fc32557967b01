import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.http.backoff import HIGH, LOW, NORMAL, Patience, retry_after_seconds

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@given(attempt=st.integers(1, 40), seed=st.integers())
def test_the_wait_stays_between_nothing_and_a_doubling_bound_of_at_most_twenty_seconds(attempt: int, seed: int):
    assert 0 <= HIGH.delay(attempt, None, rng=random.Random(seed)) <= min(20, 0.5 * 2 ** (attempt - 1))


def test_the_whole_range_is_used_so_that_callers_spread_out():
    rng = random.Random(1)
    waits = [HIGH.delay(4, None, rng=rng) for _ in range(500)]
    assert min(waits) < 0.2
    assert max(waits) > 3.8


def test_what_the_provider_asks_for_beats_the_curve():
    assert HIGH.delay(1, 7.5, rng=random.Random(1)) == 7.5


@pytest.mark.parametrize(
    ("patience", "bounds"),
    [(HIGH, [0.5, 1, 2, 4, 8, 16, 20]), (NORMAL, [1, 2, 3, 4]), (LOW, [1, 1, 1])],
)
def test_whom_a_call_serves_decides_how_the_waits_grow(patience: Patience, bounds: list[float]):
    assert [patience.bound(attempt) for attempt in range(1, len(bounds) + 1)] == bounds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        ("0.25", 0.25),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("9" * 400, 86_400.0),
        ("Sat, 31 Dec 9999 23:59:59 GMT", 86_400.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None):
    assert retry_after_seconds(header, now=NOW) == seconds
