"""How a connection is, by the figures of its last 24 hours: the thresholds, and a sentence that says why.

Healthy: at least 90 % of its syncs went well and its provider answers within 5 s. Unhealthy: fewer than 50 %, or more than
10 s, or the provider refuses its credential. Degraded: between the two. Unknown: there is no news, or nothing is wanted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

Health = Literal["healthy", "degraded", "unhealthy", "unknown"]
GOOD_RATE: Final = 90.0
BAD_RATE: Final = 50.0
"""Percent of syncs that went well."""
GOOD_SECONDS: Final = 5.0
BAD_SECONDS: Final = 10.0
"""Mean time that a provider took to answer a call."""


class Figures(Protocol):
    """What a connection's last 24 hours add up to; None where there is nothing to take a mean of."""

    @property
    def success_rate(self) -> float | None:
        """The share of syncs that went well, in percent."""
        ...

    @property
    def call_seconds(self) -> float | None:
        """The mean time that the provider took to answer."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a connection is, and why in one sentence without secrets."""

    health: Health
    reason: str


_WITHOUT_NEWS: Final[Mapping[str, str]] = {
    "disconnected": "It is not connected.",
    "connecting": "Somebody is about to connect it.",
    "suspended": "It is suspended.",
}


def judge(status: str, figures: Figures, *, error: str | None = None, enabled: bool = True) -> Judgement:
    """How a connection is.

    Args:
        status: the connection's own.
        figures: those of the last 24 hours.
        error: why the connection is in error, where it is.
        enabled: whether its venue wants it to be synced.
    """
    if status == "error":
        return Judgement("unhealthy", error or "The provider refuses its credential.")
    if status != "connected":
        return Judgement("unknown", _WITHOUT_NEWS.get(status, f"It is {status}."))
    if not enabled:
        return Judgement("unknown", "Syncing is switched off.")
    if figures.success_rate is None:
        return Judgement("unknown", "No sync has ended within 24 hours.")
    return _by_figures(figures.success_rate, figures.call_seconds or 0.0)


def percent(rate: float) -> str:
    """A rate for people, rounded down: 89.6 is not 90, from which on all is well."""
    return f"{math.floor(rate)} %"


def _tenths(seconds: float) -> str:
    """Rounded, but up where the nearest tenth is a bound that was passed: 5.01 is not 5, up to which all is well."""
    nearest = round(seconds, 1)
    passed = nearest in (GOOD_SECONDS, BAD_SECONDS) and seconds > nearest
    return f"{nearest + 0.1 if passed else nearest:.1f}"


def _by_figures(rate: float, seconds: float) -> Judgement:
    went = f"{percent(rate)} of the syncs of 24 hours went well"
    slow = f"the provider took {_tenths(seconds)} s to answer on average"
    bounds: tuple[tuple[Health, float, float], ...] = (
        ("unhealthy", BAD_RATE, BAD_SECONDS),
        ("degraded", GOOD_RATE, GOOD_SECONDS),
    )
    for health, least, longest in bounds:
        said = [text for text, is_so in ((went, rate < least), (slow, seconds > longest)) if is_so]
        if said:
            return Judgement(health, _sentence(said))
    return Judgement("healthy", _sentence([went, slow] if seconds else [went]))


def _sentence(said: list[str]) -> str:
    text = " and ".join(said)
    return f"{text[0].upper()}{text[1:]}."
