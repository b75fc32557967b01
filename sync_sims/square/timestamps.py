"""Times as Square writes them: RFC 3339, UTC, milliseconds, "Z"; as strings they sort as the times they name."""

from datetime import UTC, datetime, timedelta

LENGTH = len("2026-07-15T19:58:09.286")


def stamp(moment: datetime) -> str:
    """A moment to the millisecond, "2026-07-15T19:58:09.286Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:LENGTH] + "Z"


def whole_seconds(text: str) -> str:
    """A stamp cut to the second, as customer profiles show `updated_at`."""
    return text[: len("2026-07-15T19:58:09")] + "Z"


def parsed(text: str) -> datetime | None:
    """The moment that an RFC 3339 text names, None when it is not one; an offset is required."""
    if "T" not in text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, the number that Square's catalog uses as a version."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def of_milliseconds(version: int) -> str:
    """The stamp of a version."""
    return stamp(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=version))
