"""Whatever guise a driver or pandas gives a value, a cell holds a plain Python value, None or a BadValue."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sync_core.mapping.cells import BadValue, Subject, plain, shown, typed
from sync_core.spec.template import ColumnType

OPEN = Subject("a.path", personal=False)
SECRET = Subject("email", personal=True)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("guised", "expected"),
    [
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.float64("nan"), None),
        (float("nan"), None),
        (pd.NaT, None),
        (pd.NA, None),
        (np.str_("x"), "x"),
        (pd.Timestamp("2026-01-31T13:00:00+01:00"), NOON),
        (NOON.astimezone(timezone(timedelta(hours=5))), NOON),
    ],
)
def test_guises_of_pandas_and_numpy_are_taken_off(guised: Any, expected: Any) -> None:
    (value,) = plain([guised])
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["a", None]), ["a", None]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([True, False]), [True, False]),
        (pd.Series(["2026-01-31T12:00:00Z", None], dtype="datetime64[ns, UTC]"), [NOON, None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
    ],
)
def test_columns_of_every_dtype_become_plain_values(column: pd.Series, expected: Any) -> None:
    assert plain(column) == expected
    assert [type(value) for value in plain(column)] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (1, "text", "a.path must be a text, not 1."),
        ({"a": 1}, "text", "a.path must be a text, not {'a': 1}."),
        ("1", "integer", "a.path must be a whole number, not '1'."),
        (1.5, "integer", "a.path must be a whole number, not 1.5."),
        (True, "integer", "a.path must be a whole number, not True."),
        (2**63, "integer", "a.path must fit into 64 bits, not 9223372036854775808."),
        (0, "boolean", "a.path must be true or false, not 0."),
        (datetime(2026, 1, 1), "timestamp", "a.path must be a time with a time zone, not "),
        ("x\0y", "text", "a.path must not hold a NUL or half a surrogate pair, not 'x\\x00y'."),
        ("\ud83d", "text", "a.path must not hold a NUL or half a surrogate pair, not '\\ud83d'."),
    ],
)
def test_a_value_of_the_wrong_type_is_bad_and_its_neighbours_are_not(value: Any, kind: ColumnType, reason: str) -> None:
    good = {"text": "ok", "integer": 1, "boolean": True, "timestamp": NOON}[kind]
    before, bad, after, missing = typed([good, value, good, None], kind, OPEN)
    assert (before, after, missing) == (good, good, None)
    assert isinstance(bad, BadValue)
    assert bad.reason.startswith(reason)


def test_a_personal_value_is_not_shown_in_the_reason() -> None:
    (bad,) = typed([12345], "text", SECRET)
    assert bad == BadValue("type", "email must be a text; the value is personal and not shown.")


def test_a_long_value_is_cut_in_the_reason() -> None:
    assert len(shown("x" * 10_000)) < 100
