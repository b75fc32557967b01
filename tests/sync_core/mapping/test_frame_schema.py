"""Bad rows are taken out with everything that is wrong with them; the rest of the frame goes on unchanged."""

from typing import Any

import pandas as pd
import pandera.errors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_core.mapping.cells import BadValue
from sync_core.mapping.frame_schema import AnyOf, BadRow, RuledColumn, frame_rules, rules_of
from sync_core.spec.template import Check, ColumnType

NAME = RuledColumn("name", "title", "text", True, False, rules_of(Check(max_length=5, min_length=2), "text"))
MAIL = RuledColumn(
    "mail", "email", "text", False, True, rules_of(Check(matches=r"\S+@\S+", says="an e-mail address"), "text")
)
COUNT = RuledColumn("n", "count", "integer", False, False, rules_of(Check(minimum=0, maximum=9), "integer"))
COLOUR = RuledColumn("c", "colour", "text", False, False, rules_of(Check(one_of=("red", "blue")), "text"))
RULES = frame_rules([NAME, MAIL, COUNT, COLOUR])


def frame(*rows: tuple[object, object, object, object], ids: list[str] | None = None) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([], [], [], [])
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=object, index=ids or [f"r{i}" for i in range(len(rows))])
            for name, values in zip(("name", "mail", "n", "c"), columns, strict=True)
        }
    )


GOOD = ("Anna", "a@b", 3, "red")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("toolong", "a@b", 3, "red"), ("title", "max_length", "name must have at most 5 characters, not 7.")),
        (("x", "a@b", 3, "red"), ("title", "min_length", "name must have at least 2 characters, not 1.")),
        ((None, "a@b", 3, "red"), ("title", "required", "name must have a value.")),
        (
            ("Anna", "x", 3, "red"),
            ("email", "matches", "mail must be an e-mail address; the value is personal and not shown."),
        ),
        (("Anna", "a@b", -1, "red"), ("count", "minimum", "n must be at least 0, not -1.")),
        (("Anna", "a@b", 10, "red"), ("count", "maximum", "n must be at most 9, not 10.")),
        (("Anna", "a@b", "3", "red"), ("count", "type", "n must be a whole number, not '3'.")),
        (("Anna", "a@b", True, "red"), ("count", "type", "n must be a whole number, not True.")),
        (("Anna", "a@b", 3, "green"), ("colour", "one_of", "c must be one of red, blue, not 'green'.")),
        (("Anna", "a@b", BadValue("words", "n is odd."), "red"), ("count", "words", "n is odd.")),
    ],
)
def test_a_broken_rule_is_told_in_a_sentence_and_the_neighbours_stay(
    row: tuple[object, object, object, object], expected: Any
) -> None:
    good, bad = RULES.judge(frame(GOOD, row, GOOD))
    assert bad == [BadRow("r1", *expected)]
    assert good.index.tolist() == ["r0", "r2"]
    assert list(good.loc["r2"]) == list(GOOD)


def test_missing_values_break_no_rule_unless_they_are_required() -> None:
    mapped = frame(("Anna", None, None, None))
    good, bad = RULES.judge(mapped)
    assert bad == []
    assert list(good.loc["r0"]) == ["Anna", None, None, None]


def test_one_row_is_told_everything_that_is_wrong_with_it_at_once() -> None:
    _, bad = RULES.judge(frame(("toolong", "a@b", -1, "green")))
    assert bad == [
        BadRow(
            "r0",
            "title",
            "max_length",
            "name must have at most 5 characters, not 7. n must be at least 0, not -1. "
            "c must be one of red, blue, not 'green'.",
        )
    ]


def test_rows_with_the_same_id_are_judged_one_by_one() -> None:
    good, bad = RULES.judge(frame(GOOD, ("toolong", None, 1, None), ids=["same", "same"]))
    assert (len(good), [row.id for row in bad]) == (1, ["same"])
    assert good.iloc[0].tolist() == list(GOOD)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_frame_may_be_empty_or_wholly_bad(count: int) -> None:
    good, bad = RULES.judge(frame(*[("x", None, None, None)] * count))
    assert (len(good), len(bad)) == (0, count)
    assert good.columns.tolist() == ["name", "mail", "n", "c"]


def test_a_group_of_columns_of_which_none_has_a_value_is_bad() -> None:
    rules = frame_rules([MAIL, COUNT], [AnyOf(("mail", "n"), ("email", "count"))])
    mapped = frame(GOOD, ("Anna", None, None, "red"))[["mail", "n"]]
    good, bad = rules.judge(mapped)
    assert bad == [BadRow("r1", "email", "any_of", "One of email, count must have a value.")]
    assert good.index.tolist() == ["r0"]


def test_a_frame_without_its_columns_is_a_fault_of_ours_and_not_of_its_rows() -> None:
    with pytest.raises(ValueError, match="the frame has not the columns of its schema: mail"):
        RULES.judge(frame(GOOD)[["mail"]])


def test_the_schema_alone_is_a_gate_that_lets_no_bad_value_through() -> None:
    with pytest.raises(pandera.errors.SchemaErrors):
        RULES.schema.validate(frame(GOOD, ("Anna", None, BadValue("x", "Bad."), None)), lazy=True)
    RULES.schema.validate(frame(GOOD), lazy=True)


@pytest.mark.parametrize(
    ("check", "kind", "reason"),
    [
        (Check(max_length=3), "integer", "max_length cannot apply to a whole number"),
        (Check(matches="x"), "boolean", "matches cannot apply to true or false"),
        (Check(minimum=3), "text", "minimum cannot apply to a text"),
        (Check(one_of=("a",)), "integer", "one_of must list values that are a whole number"),
        (Check(one_of=(True,)), "integer", "one_of must list values that are a whole number"),
    ],
)
def test_a_check_that_cannot_apply_to_the_type_is_refused(check: Check, kind: ColumnType, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        rules_of(check, kind)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.none() | st.sampled_from(["Anna", "x", "toolong", 7]),
            st.none() | st.sampled_from(["a@b", "x"]),
            st.none() | st.sampled_from([3, -1, 10, True, "3"]),
            st.none() | st.sampled_from(["red", "green", BadValue("words", "c is odd.")]),
        ),
        max_size=4,
    )
)
def test_the_gate_lets_a_frame_through_exactly_when_its_schema_does(rows: list[tuple[Any, ...]]) -> None:
    mapped = frame(*rows)
    good, bad = RULES.judge(mapped)

    assert [row.id for row in bad] == [i for i in mapped.index if not judged_alone(mapped, i)]
    assert good.index.tolist() == [i for i in mapped.index if judged_alone(mapped, i)]


def judged_alone(mapped: pd.DataFrame, row: str) -> bool:
    """Whether the schema itself, without the gate before it, lets one row through."""
    try:
        RULES.schema.validate(mapped.loc[[row]].reset_index(drop=True), lazy=True)
    except pandera.errors.SchemaErrors:
        return False
    return True
