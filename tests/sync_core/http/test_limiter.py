import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.http.allowance import Grant, Limit, OwnAllowance
from sync_core.http.limiter import Limiter
from sync_core.spec.provider import RateSpec
from tests.fakes import FakeClock


def limiter_of(clock: FakeClock, **rate: object) -> Limiter:
    return Limiter(RateSpec.model_validate(rate), OwnAllowance(clock), clock=clock)


def leave_times(limiter: Limiter, clock: FakeClock, endpoints: list[str]) -> list[float]:
    times = []
    for endpoint in endpoints:
        limiter.acquire(endpoint)
        times.append(clock.monotonic())
    return times


def busiest(times: list[float], seconds: float) -> int:
    """The most calls of any window of so many seconds."""
    times = sorted(times)
    most, first = 0, 0
    for last, moment in enumerate(times):
        while times[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


@given(
    allowance=st.integers(1, 120),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=150),
)
def test_no_second_holds_more_calls_than_the_allowance(allowance: int, pauses: list[float]):
    clock = FakeClock()
    limiter = limiter_of(clock, per_second=allowance)
    times = []
    for pause in pauses:
        clock.advance(pause)
        times += leave_times(limiter, clock, ["GET /v1/products"] * 3)
    assert busiest(times, 1) <= allowance


class _Sharing:
    """Several processes of one clock: each takes from one allowance into a limiter of its own."""

    def __init__(self, clock: FakeClock, count: int, **rate: object) -> None:
        allowance = OwnAllowance(clock)
        self.limiters = [Limiter(RateSpec.model_validate(rate), allowance, clock=clock) for _ in range(count)]


@given(
    allowance=st.integers(1, 60),
    in_a_minute=st.integers(5, 80),
    calls=st.lists(
        st.tuples(
            st.integers(0, 3), st.sampled_from(["GET /a", "POST /batch"]), st.sampled_from([0, 0, 0.01, 0.04, 3])
        ),
        min_size=1,
        max_size=200,
    ),
)
def test_processes_that_share_an_allowance_together_keep_within_every_window(
    allowance: int, in_a_minute: int, calls: list[tuple[int, str, float]]
):
    clock = FakeClock()
    rate = {"per_second": allowance, "per_minute": {"POST /batch": in_a_minute}, "all_per_minute": 4 * in_a_minute}
    sharing = _Sharing(clock, 4, **rate)
    all_times, batches = [], []
    for who, endpoint, pause in calls:
        clock.advance(pause)
        times = leave_times(sharing.limiters[who], clock, [endpoint])
        all_times += times
        batches += times if endpoint == "POST /batch" else []
    assert busiest(all_times, 1) <= allowance
    assert busiest(all_times, 60) <= 4 * in_a_minute
    assert busiest(batches, 60) <= in_a_minute


def test_the_long_run_average_is_ninety_percent_of_the_allowance():
    clock = FakeClock()
    leave_times(limiter_of(clock, per_second=100), clock, ["GET /a"] * 906)
    assert round(clock.monotonic(), 1) == 10.0


def test_an_endpoint_at_its_limit_does_not_hold_back_another():
    clock = FakeClock()
    limiter = limiter_of(clock, per_second=100, per_endpoint_per_second=10)
    leave_times(limiter, clock, ["GET /a"] * 19)
    assert round(clock.monotonic(), 1) == 1.9
    before = clock.monotonic()
    leave_times(limiter, clock, ["GET /b"])
    assert clock.monotonic() == before


def test_throttling_halves_the_rate_of_that_endpoint_and_it_recovers_within_a_minute():
    clock = FakeClock()
    limiter = limiter_of(clock, per_second=100, per_endpoint_per_second=20)
    limiter.acquire("GET /a")
    limiter.throttled("GET /a")
    times = leave_times(limiter, clock, ["GET /a"] * 9)
    assert 0.8 < times[-1] < 1.1
    clock.advance(60)
    before = clock.monotonic()
    leave_times(limiter, clock, ["GET /a"] * 20)
    assert 0.9 < clock.monotonic() - before < 1.1


def test_calls_throttled_together_lower_the_rate_once():
    clock = FakeClock()
    limiter = limiter_of(clock, per_second=20)
    for _ in range(8):
        limiter.throttled("GET /a")
    times = leave_times(limiter, clock, ["GET /a"] * 9)
    assert 0.8 < times[-1] < 1.1


def test_the_rate_never_falls_to_nothing():
    clock = FakeClock()
    limiter = limiter_of(clock, per_second=20)
    for _ in range(50):
        clock.advance(1.1)
        limiter.throttled("GET /a")
    before = clock.monotonic()
    limiter.acquire("GET /a")
    assert clock.monotonic() - before < 2


def test_a_minute_s_allowance_may_go_at_once_and_comes_back_a_minute_later():
    clock = FakeClock()
    limiter = limiter_of(clock, per_second=100, per_minute={"POST /batch": 40})
    times = leave_times(limiter, clock, ["POST /batch"] * 100)
    assert times[35] < 1
    assert 60 < times[36] < 61.5
    assert busiest(times, 60) == 36
    before = clock.monotonic()
    leave_times(limiter, clock, ["GET /query"])
    assert clock.monotonic() - before < 0.2


def test_an_allowance_by_the_minute_never_lifts_the_one_by_the_second():
    clock = FakeClock()
    limiter = limiter_of(clock, per_second=1, per_minute={"POST /batch": 600})
    leave_times(limiter, clock, ["POST /batch"] * 10)
    assert clock.monotonic() >= 9


def test_an_account_without_limits_is_never_waited_for():
    clock = FakeClock()
    leave_times(limiter_of(clock), clock, ["GET /a"] * 1000)
    assert clock.monotonic() == 0


class _Counted:
    """An allowance that counts how often it is asked, and takes a while to answer."""

    def __init__(self, clock: FakeClock) -> None:
        self.inner = OwnAllowance(clock)
        self.asked: list[int] = []

    def take(self, limits: Sequence[Limit], wanted: int, *, waiting: int) -> Grant:
        self.asked.append(wanted)
        return self.inner.take(limits, wanted, waiting=waiting)

    def lower(self, limit: Limit) -> None:
        self.inner.lower(limit)


def test_where_there_is_enough_the_allowance_is_asked_once_per_lease_and_not_per_call():
    clock = FakeClock()
    allowance = _Counted(clock)
    limiter = Limiter(RateSpec(per_second=5000), allowance, clock=clock)
    for _ in range(3000):
        limiter.acquire("GET /a")
        clock.advance(0.001)
    assert len(allowance.asked) < 80


def test_where_there_is_not_enough_only_what_threads_wait_for_is_taken():
    clock = FakeClock()
    allowance = _Counted(clock)
    limiter = Limiter(RateSpec(per_second=10), allowance, clock=clock)
    for _ in range(30):
        limiter.acquire("GET /a")
    assert max(allowance.asked[5:]) == 1


def test_threads_share_permits_and_an_allowance_that_fails_fails_each_of_them():
    class _Lost:
        def take(self, limits: Sequence[Limit], wanted: int, *, waiting: int) -> Grant:
            raise ConnectionError("the database is gone")

        def lower(self, limit: Limit) -> None:
            raise ConnectionError("the database is gone")

    limiter = Limiter(RateSpec(per_second=10), _Lost(), clock=FakeClock())
    failed: list[bool] = []

    def call() -> None:
        with pytest.raises(ConnectionError):
            limiter.acquire("GET /a")
        failed.append(True)

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(failed) == 5
