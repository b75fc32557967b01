"""One event as every provider's is understood: whose it is, and which object to look at again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

Json = Any

NUL = "\x00"  # which PostgreSQL holds nowhere
LONGEST = 500
"""No id or type is longer; an index could not hold one that is."""
DEEPEST = 100
"""So deep may lists and objects lie in each other; what writes JSON gives up at some depth beyond."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to one object of one account.

    What an event says of the object is kept (`payload`) and never applied: the object is read again, so that order and
    repetition do not matter. What is None the provider did not say; without `object_id` the whole kind is read again.

    Attributes:
        id: the provider's id of the event, or one derived from what it says.
        type: the provider's name for what happened, in the form that `events` in a declaration uses.
        account_id: account, merchant, realm or list; None where only the address it came to tells whose it is.
        object_type: the provider's name for the kind of object.
        object_id: the object, as the provider's client names it (`Remote.id`, or a value of `Remote.state`).
        occurred_at: when it happened, by the provider's clock.
        payload: the event as sent.
        derived_id: the id is made of what the event says, so that two events of one second may share it.
    """

    id: str
    type: str
    account_id: str | None
    object_type: str | None
    object_id: str | None
    occurred_at: datetime | None
    payload: Mapping[str, Json]
    derived_id: bool = False


def text(value: Json) -> str | None:
    """`value` if it is a text of a reasonable length; whatever else a provider may send counts as nothing said."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST and NUL not in value else None


def moment(value: Json) -> datetime | None:
    """An ISO 8601 text or seconds since the epoch as aware UTC; None for anything else."""
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def mapping(value: Json) -> Mapping[str, Json]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def whole(sent: Json) -> str:
    """All that was sent, as one text."""
    return orjson.dumps(sent, option=orjson.OPT_SORT_KEYS).decode()


def deeper(sent: Json, most: int) -> bool:
    """Whether lists and objects lie in each other more than `most` deep."""
    level: list[Json] = [sent]
    for _ in range(most):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return any(isinstance(one, (dict, list)) for one in level)


def without_nul(sent: Json) -> Json:
    """The same, without the one character that the database cannot hold."""
    if isinstance(sent, dict):
        return {without_nul(name): without_nul(value) for name, value in sent.items()}
    if isinstance(sent, list):
        return [without_nul(value) for value in sent]
    return sent.replace(NUL, "") if isinstance(sent, str) else sent


def fingerprint(*parts: str | None) -> str:
    """An id for an event that came without one, made of what it says."""
    joined = "\x1f".join(part or "" for part in parts)
    return "sha256:" + hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()
