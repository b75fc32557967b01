"""What a cell of a mapped frame may hold: plain Python values of one type, None, or a BadValue with its reason.

Frames come from drivers and pandas in many guises (NaN, NaT, numpy scalars, Timestamps); behind this module there
is only str, int, bool, aware UTC datetime and None.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

SHOWN = 80  # characters of an offending value in a reason
SMALLEST, LARGEST = -(2**63), 2**63 - 1

Kind = Literal["text", "integer", "boolean", "timestamp", "json", "number"]
"""What a cell may be: one of the venue's column types, or a provider's number with decimals."""

PLAIN = frozenset({str, int, bool, type(None)})
PYTHON_TYPE: dict[Kind, type] = {
    "text": str,
    "integer": int,
    "boolean": bool,
    "timestamp": datetime,
    "json": object,
    "number": float,
}
SPOKEN: dict[Kind, str] = {
    "text": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "timestamp": "a time with a time zone",
    "json": "what JSON can hold",
    "number": "a number",
}


@dataclass(frozen=True, slots=True)
class BadValue:
    """Stands in a frame for a value that could not be mapped: a machine-readable code and a sentence."""

    code: str
    reason: str


class Unmappable(ValueError):
    """A transform cannot carry a value; the message is the rule it breaks, such as 'must be a whole number'."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a reason speaks of: the path or column, and whether its values may be shown."""

    name: str
    personal: bool

    def breaks(self, rule: str, value: Any) -> str:
        """The sentence that says that `value` breaks `rule`."""
        if self.personal:
            return f"{self.name} {rule}; the value is personal and not shown."
        return f"{self.name} {rule}, not {shown(value)}."


def shown(value: Any) -> str:
    """`value` as people may read it in a reason, cut to a decent length."""
    text = repr(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def is_of(value: Any, kind: Kind) -> bool:
    """Whether `value`, neither None nor a transform's result still to be typed, is of `kind`."""
    return not isinstance(value, BadValue) if kind == "json" else type(value) is PYTHON_TYPE[kind]


def plain(values: Iterable[Any]) -> list[Any]:
    """`values` without the guises of numpy and pandas."""
    listed = list(values)
    if set(map(type, listed)) <= PLAIN:
        return listed
    return [_plain(value) for value in listed]


def _plain(value: Any) -> Any:
    if isinstance(value, BadValue):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value


def typed(values: list[Any], kind: Kind, subject: Subject) -> list[Any]:
    """`values` with a BadValue in place of each that is not of `kind`."""
    expected = PYTHON_TYPE[kind]
    if kind == "json":
        return [_json(value, subject) for value in values]
    if set(map(type, values)) <= {expected, type(None)} and _all_storable(values, kind):
        return values
    return [_typed(value, kind, expected, subject) for value in values]


def _all_storable(values: list[Any], kind: Kind) -> bool:
    if kind == "text":
        whole = "".join(value for value in values if value is not None)
        return (whole.isascii() and "\0" not in whole) or _storable_text(whole)
    return all(value is None or _unstorable(value, kind) is None for value in values)


def _storable_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _typed(value: Any, kind: Kind, expected: type, subject: Subject) -> Any:
    if value is None or isinstance(value, BadValue):
        return value
    if kind == "number" and type(value) is int:
        value = float(value)  # JSON does not tell 10 from 10.0
    if type(value) is not expected:
        return BadValue("type", subject.breaks(f"must be {SPOKEN[kind]}", value))
    rule = _unstorable(value, kind)
    return value if rule is None else BadValue("type", subject.breaks(rule, value))


def _json(value: Any, subject: Subject) -> Any:
    """`value` if PostgreSQL and orjson can hold it: no NUL, no half surrogate pair, no number beyond 64 bits."""
    if value is None or isinstance(value, BadValue):
        return value
    try:
        held = b"\\u0000" not in orjson.dumps(value)
    except TypeError:
        held = False
    return value if held else BadValue("type", subject.breaks(f"must be {SPOKEN['json']}", value))


def _unstorable(value: Any, kind: Kind) -> str | None:
    """The rule by which neither JSON nor PostgreSQL could hold `value`, None if both can."""
    if kind == "text" and not _storable_text(value):
        return "must not hold a NUL or half a surrogate pair"
    if kind == "integer" and not SMALLEST <= value <= LARGEST:
        return "must fit into 64 bits"
    if kind == "timestamp" and value.tzinfo is None:
        return f"must be {SPOKEN[kind]}"
    if kind == "number" and not isfinite(value):
        return "must be a finite number"
    return None


def each(function: Callable[[Any], Any], values: list[Any], *, code: str, subject: Subject) -> list[Any]:
    """`function` over `values`; None and BadValues stay, a value that it refuses becomes a BadValue."""

    def attempt(value: Any) -> Any:
        if value is None or isinstance(value, BadValue):
            return value
        try:
            return function(value)
        except Unmappable as refusal:
            return BadValue(code, subject.breaks(str(refusal), value))

    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return values
    if BadValue not in kinds:
        try:
            return [None if value is None else function(value) for value in values]
        except Unmappable:
            pass  # value by value, to tell which
    return [attempt(value) for value in values]


def filled(values: list[Any], default: Any) -> list[Any]:
    """`values` with `default` in place of None."""
    return values if default is None else [default if value is None else value for value in values]


def series(values: list[Any], index: pd.Index) -> pd.Series:
    """An object column: pandas must not guess a dtype, or None becomes NaN."""
    return pd.Series(values, index=index, dtype=object)
