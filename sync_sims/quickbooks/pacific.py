"""QuickBooks' clock on the wall: stamps with Pacific offset, to the second on objects, to the millisecond on answers."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


def stamp(moment: datetime) -> str:
    """The time as objects bear it: "2026-05-05T02:05:12-07:00"."""
    return moment.astimezone(PACIFIC).isoformat(timespec="seconds")


def answer_time(moment: datetime) -> str:
    """The time as answers bear it: "2026-05-05T02:05:12.193-07:00"."""
    return moment.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def today(moment: datetime) -> str:
    """The date at that time on the Pacific coast."""
    return moment.astimezone(PACIFIC).date().isoformat()


def moment_of(text: str) -> datetime:
    """A time as clients write it; without an offset it is Pacific, without a time midnight.

    Raises:
        ValueError: The text is no time.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=PACIFIC) if moment.tzinfo is None else moment


def from_unix(seconds: float) -> datetime:
    """Unix seconds as an aware time."""
    return datetime.fromtimestamp(seconds, UTC)


def is_date(text: object) -> bool:
    """Whether the value is a calendar date, YYYY-MM-DD."""
    try:
        return isinstance(text, str) and len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False
