"""Billing periods: counted from the day a subscription began, so that a month that is too short shifts no later one.

docs.stripe.com/billing/subscriptions/billing-cycle: a subscription begun on the 31st renews on the last day of each
shorter month, and on the 31st again.
"""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


def boundary(anchor: int, number: int, *, interval: str, count: int) -> int:
    """The moment (unix seconds) at which the period of this number begins; 0 begins at the anchor."""
    began = datetime.fromtimestamp(anchor, tz=UTC)
    if interval in _DAYS:
        return int((began + timedelta(days=_DAYS[interval] * count * number)).timestamp())
    months = began.month - 1 + _MONTHS[interval] * count * number
    year, month = began.year + months // 12, months % 12 + 1
    day = min(began.day, monthrange(year, month)[1])
    return int(began.replace(year=year, month=month, day=day).timestamp())


def period_from(anchor: int, start: int, *, interval: str, count: int) -> tuple[int, int]:
    """The first period that begins at or after `start`: its own start and end."""
    number = 0
    while boundary(anchor, number, interval=interval, count=count) < start:
        number += 1
    first, following = (boundary(anchor, n, interval=interval, count=count) for n in (number, number + 1))
    return first, following
