"""A connection is healthy, degraded or unhealthy exactly from the declared bounds on, and says why."""

import pytest

from sync_core.health import Health, judge
from sync_core.store.figures import Figures


def _figures(good: int, seconds: float | None = None) -> Figures:
    return Figures(syncs=100, succeeded=good, failed=100 - good, call_seconds=seconds)


@pytest.mark.parametrize(
    ("good", "seconds", "health"),
    [
        (100, None, "healthy"),
        (90, 5.0, "healthy"),
        (89, 5.0, "degraded"),
        (90, 5.01, "degraded"),
        (50, 10.0, "degraded"),
        (49, 0.1, "unhealthy"),
        (100, 10.01, "unhealthy"),
    ],
)
def test_the_bounds_are_90_and_50_percent_and_5_and_10_seconds(
    good: int, seconds: float | None, health: Health
) -> None:
    assert judge("connected", _figures(good, seconds)).health == health


def test_the_reason_names_what_is_wrong_and_nothing_else() -> None:
    assert judge("connected", _figures(80, 0.2)).reason == "80 % of the syncs of 24 hours went well."
    assert judge("connected", _figures(95, 12.0)).reason == "The provider took 12.0 s to answer on average."
    both = "40 % of the syncs of 24 hours went well and the provider took 11.0 s to answer on average."
    assert judge("connected", _figures(40, 11.0)).reason == both


def test_no_figure_reaches_a_bound_by_being_rounded() -> None:
    def reason(good: int, of: int, seconds: float) -> str:
        found = judge("connected", Figures(syncs=of, succeeded=good, failed=of - good, call_seconds=seconds))
        return f"{found.health}: {found.reason}"

    assert reason(43, 48, 0.2) == "degraded: 89 % of the syncs of 24 hours went well."
    assert reason(199, 400, 0.2) == "unhealthy: 49 % of the syncs of 24 hours went well."
    assert reason(1, 1, 5.01) == "degraded: The provider took 5.1 s to answer on average."
    assert reason(1, 1, 10.04) == "unhealthy: The provider took 10.1 s to answer on average."
    assert reason(89_999, 100_000, 0.1).startswith("degraded")
    assert reason(49_999, 100_000, 0.1).startswith("unhealthy")


def test_no_news_is_no_good_news_and_a_refused_credential_is_bad_whatever_went_before() -> None:
    assert judge("connected", Figures()).health == "unknown"
    assert judge("suspended", _figures(10)).health == "unknown"
    assert judge("connected", _figures(10), enabled=False).health == "unknown"
    assert judge("error", _figures(100), error="The key is revoked.").reason == "The key is revoked."
    assert judge("error", _figures(100)).health == "unhealthy"
