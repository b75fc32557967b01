from sync_core.http.breaker import OwnBreaker, Pause
from tests.fakes import FakeClock


def broken(clock: FakeClock) -> OwnBreaker:
    breaker = OwnBreaker(clock=clock)
    for _ in range(5):
        assert breaker.admit() is None
        breaker.failed("HTTP 500")
    return breaker


def test_five_failures_in_a_row_stop_all_calls_for_a_minute():
    clock = FakeClock()
    breaker = broken(clock)
    assert breaker.admit() == Pause(60)
    clock.advance(45)
    assert breaker.admit() == Pause(15)


def test_a_success_between_failures_starts_the_count_again():
    breaker = OwnBreaker(clock=FakeClock())
    for _ in range(4):
        breaker.failed("HTTP 500")
    breaker.succeeded()
    for _ in range(4):
        breaker.failed("HTTP 500")
    assert breaker.state == "closed"


def test_after_the_pause_one_call_at_a_time_tries_and_two_successes_close():
    clock = FakeClock()
    breaker = broken(clock)
    clock.advance(60)
    assert breaker.admit() is None
    assert breaker.admit() == Pause(1.0, trying=True), "a second call must wait for the first to report"
    breaker.succeeded()
    assert breaker.state == "half_open"
    assert breaker.admit() is None
    breaker.succeeded()
    assert breaker.state == "closed"


def test_a_failed_trial_stops_calls_for_another_minute():
    clock = FakeClock()
    breaker = broken(clock)
    clock.advance(60)
    assert breaker.admit() is None
    breaker.failed("HTTP 500")
    assert breaker.admit() == Pause(60)


def test_a_trial_that_ends_for_our_own_reasons_leaves_room_for_the_next():
    clock = FakeClock()
    breaker = broken(clock)
    clock.advance(60)
    assert breaker.admit() is None
    breaker.abandoned()
    assert breaker.admit() is None


def test_a_call_that_was_under_way_when_the_breaker_opened_changes_nothing():
    clock = FakeClock()
    breaker = broken(clock)
    clock.advance(30)
    breaker.failed("HTTP 500")
    breaker.succeeded()
    assert breaker.admit() == Pause(30)
