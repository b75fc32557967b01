"""Times as Mailchimp writes them: ISO 8601, UTC, whole seconds, "+00:00"; as strings they sort as the times they name."""

from datetime import UTC, datetime


def stamp(seconds: float) -> str:
    """Unix seconds as "2026-05-21T19:12:03+00:00"; the fraction is cut off."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def parsed(text: str) -> str | None:
    """The stamp of an ISO 8601 text; one without an offset is in UTC; None when it is not a time."""
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return stamp(aware.timestamp())
    except (ValueError, OverflowError):
        return None
