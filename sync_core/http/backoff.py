"""How often a call is repeated and how long it waits before: what the provider asks for, else a curve with full jitter."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

Curve = Literal["exponential", "linear", "fixed"]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is repeated at most, within which time in all, and how its waits grow from the first.

    Waits are drawn between nothing and a bound ("full jitter",
    aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter) that doubles, grows by the first or stays.
    """

    retries: int
    budget_seconds: float
    curve: Curve
    first_seconds: float
    cap_seconds: float = 20.0

    def bound(self, attempt: int) -> float:
        """The longest wait after attempt number `attempt` (1 = the first) failed."""
        growth = {"exponential": 2.0 ** (attempt - 1), "linear": float(attempt), "fixed": 1.0}[self.curve]
        return min(self.cap_seconds, self.first_seconds * growth)

    def within(self, other: "Patience") -> "Patience":
        """The less patient of the two."""
        return min(self, other, key=lambda one: one.retries)

    def delay(self, attempt: int, retry_after: float | None, *, rng: random.Random) -> float:
        """Seconds to wait after an attempt failed; a number that the provider named is taken as it is."""
        return retry_after if retry_after is not None else rng.uniform(0.0, self.bound(attempt))


HIGH: Final = Patience(retries=5, budget_seconds=60.0, curve="exponential", first_seconds=0.5)
"""For records: a venue's data depends on the answer, and nobody looks at a clock."""
NORMAL: Final = Patience(retries=3, budget_seconds=20.0, curve="linear", first_seconds=1.0)
"""For a person who waits at a page: connecting, testing a key, exchanging a code."""
LOW: Final = Patience(retries=2, budget_seconds=10.0, curve="fixed", first_seconds=1.0)
"""For ourselves: what will be asked again soon anyway, such as a look at whether a connection is well."""


LONGEST_SECONDS: Final = 86_400.0
"""Whoever is told to wait longer is told this: a number without an end cannot be added to a time."""


def retry_after_seconds(value: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After header (seconds or a date, RFC 9110 section 10.2.3); None when absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return min(float(text), LONGEST_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_SECONDS)
