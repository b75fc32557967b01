"""The named transforms a template may use: each a pair, out to the provider and back to the venue.

Every transform leaves None alone. A value that it cannot carry raises Unmappable with the rule; the frame goes on.
A transform that only tidies (trim, nfc, empty_to_none) does so both ways; one that only shortens or changes case
(truncate, lower, upper) does nothing on the way back, because what it took away cannot be known.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from sync_core.mapping.cells import Kind, Unmappable
from sync_core.mapping.countries import to_alpha2, to_alpha3
from sync_core.mapping.currencies import from_major_units, from_stripe_units, to_major_units, to_stripe_units

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
_NOT_IN_NAMES = re.compile(r"[:\t\r\n]")
_WHOLE = re.compile(r"(-?\d{1,20})(?:\.0{0,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transform:
    """A pair of functions over one value that is not None.

    `takes` is the type on the venue's side, `gives` the type on the provider's.
    """

    name: str
    takes: Kind
    gives: Kind
    out: Callable[[Any], Any]
    back: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Beside:
    """A transform whose functions also need the row's value of another column: out(value, other), back(value, other).

    The venue's side is a whole number, `gives` the type on the provider's. The other column is the venue's, in either
    direction.
    """

    name: str
    column: str
    gives: Kind
    out: Callable[[int, str], Any]
    back: Callable[[Any, str], int]

    @property
    def takes(self) -> Kind:
        """The type on the venue's side."""
        return "integer"


def _same(value: Any) -> Any:
    return value


def _empty_to_none(value: str) -> str | None:
    return value or None


def _nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value)


def _negate(value: bool) -> bool:  # noqa: FBT001 - a boolean is what is transformed
    return not value


def _to_unix(value: datetime) -> int:
    return (value - EPOCH) // SECOND


def _from_unix(value: int) -> datetime:
    try:
        return EPOCH + value * SECOND
    except OverflowError:
        raise Unmappable("must be a number of seconds since 1970 within the years 1 to 9999") from None


def _to_rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _from_rfc3339(value: str) -> datetime:
    found = _RFC3339.fullmatch(value)
    rule = "must be a time like 2026-01-31T08:00:00Z"
    if not found:
        raise Unmappable(rule)
    day, minute, second, fraction, zone = found.groups()
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        at = datetime.fromisoformat(f"{day}T{minute}:00{zone.upper()}")
        # RFC 3339 knows second 60; adding the seconds carries a leap second over.
        return (at + timedelta(seconds=int(second), microseconds=micros)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unmappable(rule) from None


def _to_date(value: datetime) -> str:
    return value.astimezone(UTC).date().isoformat()


def _from_date(value: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(value), time(tzinfo=UTC))
    except ValueError:
        raise Unmappable("must be a day like 2026-01-31") from None


def _one_line(value: str) -> str:
    return " ".join(_NOT_IN_NAMES.sub(_instead, value).split())


def _instead(found: re.Match[str]) -> str:
    return " - " if found[0] == ":" else " "


def _labels(value: Any) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in cast("list[Any]", value)):
        raise Unmappable("must be a list of texts")
    return sorted({one.strip() for one in cast("list[str]", value)} - {""}) or None


def _to_quantity(value: int) -> str:
    return str(value)


def _from_quantity(value: str) -> int:
    found = _WHOLE.fullmatch(value)
    if not found:
        raise Unmappable("must be a whole number of pieces")
    return int(found[1])


PLAIN: dict[str, Transform] = {
    t.name: t
    for t in (
        Transform("trim", "text", "text", str.strip, str.strip),
        Transform("lower", "text", "text", str.lower, _same),
        Transform("upper", "text", "text", str.upper, _same),
        Transform("nfc", "text", "text", _nfc, _nfc),
        Transform("empty_to_none", "text", "text", _empty_to_none, _empty_to_none),
        # A list of texts without an order, such as tags: sorted, each once, and None when there are none.
        Transform("labels", "json", "json", _labels, _labels),
        Transform("currency_lower", "text", "text", str.lower, str.upper),
        Transform("negate_bool", "boolean", "boolean", _negate, _negate),
        Transform("unix_time", "timestamp", "integer", _to_unix, _from_unix),
        Transform("rfc3339", "timestamp", "text", _to_rfc3339, _from_rfc3339),
        # QuickBooks Online dates transactions by the day.
        Transform("date", "timestamp", "text", _to_date, _from_date),
        # QuickBooks Online takes no colon, tab or line break in a name.
        Transform("one_line", "text", "text", _one_line, _same),
        Transform("country_iso3", "text", "text", to_alpha3, to_alpha2),
        # developer.squareup.com: quantities are decimal strings with up to five decimals.
        Transform("quantity_text", "integer", "text", _to_quantity, _from_quantity),
    )
}


def _truncate(name: str, argument: str) -> Transform:
    if not argument.isascii() or not argument.isdigit() or int(argument) < 1:
        raise ValueError(f"{name} needs a length of at least 1, such as truncate:500")
    length = int(argument)
    return Transform(name, "text", "text", lambda value: value[:length], _same)


def _words(name: str, argument: str) -> Transform:
    """`words:ours=THEIRS,...`: the first of ours wins on the way out, each of theirs means one of ours."""
    pairs = [pair.split("=") for pair in argument.split(",")]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):  # noqa: PLR2004 - a pair
        raise ValueError(f"{name} needs pairs such as words:succeeded=COMPLETED,pending=PENDING")
    back = {theirs: ours for ours, theirs in pairs}
    if len(back) < len(pairs):
        raise ValueError(f"{name} gives one of the provider's words two meanings")
    out = {pair[0]: pair[1] for pair in reversed(pairs)}
    return Transform(name, "text", "text", _lookup(out), _lookup(back))


def _lookup(table: dict[str, str]) -> Callable[[str], str]:
    known = ", ".join(table)

    def look_up(value: str) -> str:
        if value not in table:
            raise Unmappable(f"must be one of {known}")
        return table[value]

    return look_up


def _stripe_units(name: str, argument: str) -> Beside:
    if not argument:
        raise ValueError(f"{name} needs the column of the currency, such as stripe_units:currency")
    return Beside(name, argument, "integer", to_stripe_units, from_stripe_units)


def _major_units(name: str, argument: str) -> Beside:
    if not argument:
        raise ValueError(f"{name} needs the column of the currency, such as major_units:currency")
    return Beside(name, argument, "number", to_major_units, from_major_units)


WITH_ARGUMENT: dict[str, Callable[[str, str], Transform | Beside]] = {
    "truncate": _truncate,
    "words": _words,
    "stripe_units": _stripe_units,
    "major_units": _major_units,
}


def transform(text: str) -> Transform | Beside:
    """The transform that a template names, such as `trim` or `truncate:500`. Raises ValueError if there is none."""
    name, colon, argument = text.partition(":")
    if not colon and name in PLAIN:
        return PLAIN[name]
    if name in WITH_ARGUMENT:
        return WITH_ARGUMENT[name](name, argument)
    known = ", ".join(sorted([*PLAIN, *(f"{each}:..." for each in WITH_ARGUMENT)]))
    raise ValueError(f"there is no transform {text!r}; known are {known}")
