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
