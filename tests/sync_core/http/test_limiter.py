from hypothesis import given
from hypothesis import strategies as st

from sync_core.http.limiter import Limiter
from tests.fakes import FakeClock


def leave_times(limiter: Limiter, clock: FakeClock, endpoints: list[str]) -> list[float]:
    times = []
    for endpoint in endpoints:
        limiter.acquire(endpoint)
        times.append(clock.monotonic())
    return times


@given(
    allowance=st.integers(1, 120),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=150),
)
def test_no_second_holds_more_calls_than_the_allowance(allowance: int, pauses: list[float]):
    clock = FakeClock()
    limiter = Limiter(per_second=allowance, per_endpoint_per_second=None, clock=clock)
    times = []
    for pause in pauses:
        clock.advance(pause)
        times += leave_times(limiter, clock, ["GET /v1/products"] * 3)
    busiest = max(sum(1 for other in times if start <= other < start + 1) for start in times)
    assert busiest <= allowance


def test_the_long_run_average_is_ninety_percent_of_the_allowance():
    clock = FakeClock()
    limiter = Limiter(per_second=100, per_endpoint_per_second=None, clock=clock)
    leave_times(limiter, clock, ["GET /a"] * 910)
    assert round(clock.monotonic(), 1) == 10.0


def test_an_endpoint_at_its_limit_does_not_hold_back_another():
    clock = FakeClock()
    limiter = Limiter(per_second=100, per_endpoint_per_second=10, clock=clock)
    leave_times(limiter, clock, ["GET /a"] * 19)
    assert round(clock.monotonic(), 1) == 2.0
    before = clock.monotonic()
    leave_times(limiter, clock, ["GET /b"])
    assert clock.monotonic() == before


def test_throttling_halves_the_rate_of_that_endpoint_and_it_recovers_within_a_minute():
    clock = FakeClock()
    limiter = Limiter(per_second=100, per_endpoint_per_second=20, clock=clock)
    limiter.acquire("GET /a")
    limiter.throttled("GET /a")
    times = leave_times(limiter, clock, ["GET /a"] * 9)
    assert 0.9 < times[-1] < 1.1
    clock.advance(60)
    before = clock.monotonic()
    leave_times(limiter, clock, ["GET /a"] * 20)
    assert 0.9 < clock.monotonic() - before < 1.1


def test_calls_throttled_together_lower_the_rate_once():
    clock = FakeClock()
    limiter = Limiter(per_second=20, per_endpoint_per_second=None, clock=clock)
    for _ in range(8):
        limiter.throttled("GET /a")
    times = leave_times(limiter, clock, ["GET /a"] * 9)
    assert 0.9 < times[-1] < 1.1


def test_the_rate_never_falls_to_nothing():
    clock = FakeClock()
    limiter = Limiter(per_second=20, per_endpoint_per_second=None, clock=clock)
    for _ in range(50):
        clock.advance(1.1)
        limiter.throttled("GET /a")
    before = clock.monotonic()
    limiter.acquire("GET /a")
    assert clock.monotonic() - before < 2


def test_an_endpoint_with_an_allowance_by_the_minute_keeps_to_it_and_holds_nobody_back():
    clock = FakeClock()
    limiter = Limiter(per_second=8, per_endpoint_per_second=None, clock=clock, per_minute={"POST /batch": 40})
    times = leave_times(limiter, clock, ["POST /batch"] * 100)
    busiest = max(sum(1 for other in times if start <= other < start + 60) for start in times)
    assert 36 <= busiest <= 40
    before = clock.monotonic()
    leave_times(limiter, clock, ["GET /query"])
    assert clock.monotonic() - before < 0.2


def test_an_allowance_by_the_minute_never_lifts_the_one_by_the_second():
    clock = FakeClock()
    limiter = Limiter(per_second=1, per_endpoint_per_second=None, clock=clock, per_minute={"POST /batch": 600})
    leave_times(limiter, clock, ["POST /batch"] * 10)
    assert clock.monotonic() >= 9
