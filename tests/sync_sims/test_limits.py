"""Token buckets at the provider's door."""

from hypothesis import given
from hypothesis import strategies as st

from sync_sims.limits import Limiter
from sync_sims.wire import Limits


class _Hand:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(rate=st.integers(1, 50), gaps=st.lists(st.floats(0, 0.5), max_size=200))
def test_no_second_lets_more_than_twice_the_rate_pass_and_no_wait_is_lost(rate: int, gaps: list[float]):
    hand = _Hand()
    limiter = Limiter(Limits(per_second=rate), monotonic=hand)
    passed = []
    for gap in gaps:
        hand.now += gap
        if limiter.take("a", "GET /x") is None:
            passed.append(hand.now)
    assert len(passed) <= rate + rate * hand.now + 1e-6
    for start in passed:
        assert sum(start <= moment < start + 1 for moment in passed) <= 2 * rate


def test_accounts_do_not_share_a_bucket_and_unknown_callers_have_none():
    limiter = Limiter(Limits(per_second=1), monotonic=_Hand())
    assert [limiter.take(account, "x") for account in ("a", "b", "a")] == [None, None, "account"]
    assert [limiter.take(None, "x") for _ in range(3)] == [None, None, None]


def test_an_endpoint_may_have_a_limit_of_its_own():
    limits = Limits(per_endpoint_per_second=2, by_endpoint={"GET /search": 1})
    limiter = Limiter(limits, monotonic=_Hand())
    assert [limiter.take("a", "GET /search") for _ in range(2)] == [None, "endpoint"]
    assert [limiter.take("a", "GET /list") for _ in range(3)] == [None, None, "endpoint"]


def test_a_refused_request_costs_nothing_of_the_accounts_limit():
    hand = _Hand()
    limiter = Limiter(Limits(per_second=2, per_endpoint_per_second=1), monotonic=hand)
    answers = [limiter.take("a", endpoint) for endpoint in ("x", "x", "x", "y", "z")]
    assert answers == [None, "endpoint", "endpoint", None, "account"]


def test_tokens_come_back_with_time():
    hand = _Hand()
    limiter = Limiter(Limits(per_second=2), monotonic=hand)
    assert [limiter.take("a", "x") for _ in range(3)] == [None, None, "account"]
    hand.now = 0.5
    assert [limiter.take("a", "x") for _ in range(2)] == [None, "account"]


@given(most=st.integers(1, 20), gaps=st.lists(st.floats(0, 20), max_size=100))
def test_no_sixty_seconds_let_more_than_the_number_pass_and_every_request_that_fits_passes(
    most: int, gaps: list[float]
):
    hand = _Hand()
    limiter = Limiter(Limits(in_sixty_seconds=most), monotonic=hand)
    passed: list[float] = []
    for gap in gaps:
        hand.now += gap
        room = sum(moment > hand.now - 60 for moment in passed) < most
        assert (limiter.take("a", "x") is None) == room
        if room:
            passed.append(hand.now)


def test_an_endpoint_may_have_a_limit_by_the_minute_of_its_own_and_refusals_cost_nothing():
    hand = _Hand()
    limits = Limits(in_sixty_seconds=3, by_endpoint_in_sixty_seconds={"POST /batch": 1})
    limiter = Limiter(limits, monotonic=hand)
    answers = [limiter.take("a", endpoint) for endpoint in ("POST /batch", "POST /batch", "x", "y", "z")]
    assert answers == [None, "endpoint", None, None, "account"]
    assert limiter.take("b", "POST /batch") is None
    hand.now = 60.0
    assert limiter.take("a", "POST /batch") is None


def test_only_so_many_requests_of_an_account_may_be_under_way():
    limiter = Limiter(Limits(simultaneous=2), monotonic=_Hand())
    for _ in range(2):
        assert limiter.take("a", "x") is None
        limiter.begin("a")
    assert [limiter.take("a", "x"), limiter.take("b", "x"), limiter.take(None, "x")] == ["account", None, None]
    limiter.end("a")
    assert limiter.take("a", "y") is None


def test_a_refusal_for_requests_under_way_spends_nothing_and_outlives_new_limits():
    limiter = Limiter(Limits(simultaneous=1, per_second=1), monotonic=_Hand())
    assert limiter.take("a", "x") is None
    limiter.begin("a")
    limiter.configure(Limits(simultaneous=1, per_second=1))
    assert limiter.take("a", "x") == "account"
    limiter.end("a")
    assert limiter.take("a", "x") is None
