"""Whether a value fits its merge field, and how Mailchimp keeps it.

A text is "truncated to 255 bytes" (mailchimp.com/developer/marketing/docs/merge-fields), in silence; that no character is
cut in two is our guess. "Please enter a value" and "Please enter a complete address" are recorded answers; the other
sentences are not published.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sync_sims.mailchimp.errors import invalid
from sync_sims.mailchimp.shelf import Row

INVALID = "Your merge fields were invalid."
LONGEST = 255
MOST = 1e15
_ADDRESS = ("addr1", "city", "state", "zip")
_ADDRESS_ALL = ("addr1", "addr2", "city", "state", "zip", "country")


class _UnfitError(Exception):
    """A value that its field does not take; the argument says why."""


def fitted(given: Mapping[str, Any], fields: Iterable[Row], *, before: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a member after `given`; tags that the list does not have are ignored, as Mailchimp does.

    Raises:
        ApiError: 400, naming the tags whose values do not fit.
    """
    after, wrong = _fitted(given, fields, before)
    if wrong:
        raise invalid(*wrong, detail=INVALID)
    return after


def complete(given: Mapping[str, Any], fields: Iterable[Row], *, before: Mapping[str, Any]) -> dict[str, Any]:
    """As `fitted`, and every required field must have a value in the end."""
    known = list(fields)
    after, wrong = _fitted(given, known, before)
    named = {tag for tag, _ in wrong}
    missing = [row["tag"] for row in known if row["required"] and not after.get(row["tag"])]
    wrong += [(tag, "Please enter a value") for tag in missing if tag not in named]
    if wrong:
        raise invalid(*wrong, detail=INVALID)
    return after


def _fitted(
    given: Mapping[str, Any], fields: Iterable[Row], before: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    after, wrong = dict(before), list[tuple[str, str]]()
    for row in fields:
        tag = row["tag"]
        if tag not in given:
            continue
        try:
            after[tag] = _RULES[row["type"]](given[tag], row["options"]) if given[tag] != "" else ""
        except _UnfitError as unfit:
            wrong.append((tag, str(unfit)))
    return after, wrong


def _text(value: Any, options: Row) -> str:
    del options
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise _UnfitError("Please enter a value")
    return str(value).encode()[:LONGEST].decode(errors="ignore")


def _number(value: Any, options: Row) -> int | float:
    del options
    try:
        number = float("" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        raise _UnfitError("Please enter a number") from None
    if not abs(number) < MOST:
        raise _UnfitError("Please enter a number")
    return int(number) if number.is_integer() else number


def _address(value: Any, options: Row) -> Row:
    del options
    parts: dict[str, Any] = value if isinstance(value, dict) else {}
    if any(not isinstance(parts.get(name), str) or not parts[name] for name in _ADDRESS):
        raise _UnfitError("Please enter a complete address")
    return {name: parts.get(name, "US" if name == "country" else "") for name in _ADDRESS_ALL}


def _phone(value: Any, options: Row) -> str:
    text = _text(value, options)
    if options.get("phone_format") == "US" and len(re.sub(r"\D", "", text)) != 10:
        raise _UnfitError("Please enter a phone number of ten digits")
    return text


def _date(value: Any, options: Row) -> str:
    text = _text(value, options)
    swapped = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", text)
    if swapped is not None:
        first, second, year = swapped.groups()
        month, day = (second, first) if options.get("date_format") == "DD/MM/YYYY" else (first, second)
        text = f"{year}-{month}-{day}"
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", text[:10]) is None:
        raise _UnfitError("Please enter a valid date")
    return text[:10]


def _birthday(value: Any, options: Row) -> str:
    text = _text(value, options)
    day_first = options.get("date_format") == "DD/MM"
    pattern = r"(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])" if day_first else r"(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])"
    if re.fullmatch(pattern, text) is None:
        raise _UnfitError(f"Please enter a valid birthday ({'DD/MM' if day_first else 'MM/DD'})")
    return "/".join(part.zfill(2) for part in text.split("/"))


def _url(value: Any, options: Row) -> str:
    text = _text(value, options)
    if re.match(r"https?://[^\s/]+", text) is None:
        raise _UnfitError("Please enter a valid URL")
    return text


def _choice(value: Any, options: Row) -> str:
    if value not in options.get("choices", ()):
        raise _UnfitError("Please choose one of the field's options")
    return value


def _zip(value: Any, options: Row) -> str:
    text = _text(value, options)
    if re.fullmatch(r"\d{5}(-\d{4})?", text) is None:
        raise _UnfitError("Please enter a ZIP code of five digits")
    return text


_RULES: dict[str, Callable[[Any, Row], Any]] = {
    "text": _text,
    "number": _number,
    "address": _address,
    "phone": _phone,
    "date": _date,
    "birthday": _birthday,
    "url": _url,
    "imageurl": _url,
    "radio": _choice,
    "dropdown": _choice,
    "zip": _zip,
}
TYPES = tuple(_RULES)
