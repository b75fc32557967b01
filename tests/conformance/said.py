"""Bounds that a specification states in its descriptions only: "The maximum length for this value is 300 characters"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

_CHARACTERS = re.compile(
    r"(?:maximum length(?: for this value is| of|:)|max length(?: of|:)?|up to|maximum|max:|at most|limited to"
    r"|(?:can|may) ?not exceed)\s+\*?([\d,]+)\*?( bytes| characters|\.|$)",
    re.IGNORECASE,
)
_TRUNCATED = re.compile(r"truncat|for [A-Z]\w+, ")
_ENTRIES = re.compile(r"(?:list|array) of up to (\d+)|map of \d+ to (\d+)", re.IGNORECASE)
_RANGE = re.compile(r"(?:can range|integer) between (\d+) and (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """Bounds in words; None where there are none."""

    characters: int | None = None
    bytes: int | None = None
    entries: int | None = None
    least: int | None = None
    most: int | None = None
    moment: bool = False


def said_in(schema: Mapping[str, Any]) -> Said:
    """What the description of a schema bounds."""
    return _said(str(schema.get("description", "")), schema.get("format"))


@cache
def _said(text: str, form: str | None) -> Said:
    """What a description bounds, read once however many values stand under it."""
    if not text:
        return Said()
    length = None if _TRUNCATED.search(text) else _CHARACTERS.search(text)
    most = int(length[1].replace(",", "")) if length else None
    in_bytes = length is not None and length[2] == " bytes"
    entries = _ENTRIES.search(text)
    bounds = _RANGE.search(text)
    return Said(
        characters=None if in_bytes else most,
        bytes=most if in_bytes else None,
        entries=int(entries[1] or entries[2]) if entries else None,
        least=int(bounds[1]) if bounds else None,
        most=int(bounds[2]) if bounds else None,
        moment=_tells_a_moment(text, form),
    )


def _tells_a_moment(text: str, form: str | None) -> bool:
    if form == "date-time":
        return True
    return "RFC 3339" in text and "duration" not in text.lower() and "YYYY-MM-DD" not in text


def is_moment(text: str) -> bool:
    """Whether a text is an RFC 3339 time with its offset from UTC."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None and "T" in text
    except ValueError:
        return False
