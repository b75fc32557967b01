"""How long to wait before a call is repeated: what the provider asks for, else exponential with full jitter."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.5
CAP_SECONDS = 20.0


def delay(attempt: int, retry_after: float | None, *, rng: random.Random) -> float:
    """Seconds to wait after attempt number `attempt` (1 = the first) failed.

    A number that the provider named is taken as it is; otherwise anything between 0 and a bound that doubles from
    0.5 s to 20 s (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter: "full jitter").
    """
    if retry_after is not None:
        return retry_after
    return rng.uniform(0.0, min(CAP_SECONDS, FIRST_SECONDS * 2.0 ** (attempt - 1)))


def retry_after_seconds(value: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After header (seconds or a date, RFC 9110 section 10.2.3); None when absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
