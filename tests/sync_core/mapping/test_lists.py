"""A list of records inside a record is mapped element by element, and wins, loses and fails as a whole."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.errors import DeclarationError
from sync_core.mapping.compile import Mapping, compile_mapping
from sync_core.spec.template import Model, Template

LINES = Model.model_validate(
    {
        "model": "lines",
        "description": "Lines.",
        "columns": {
            "line": {"type": "integer", "description": "Place."},
            "product_id": {"type": "text", "description": "Product."},
            "note": {"type": "text", "description": "Note.", "personal": True},
            "amount": {"type": "integer", "required": True, "description": "Amount."},
        },
    }
)
BILLS = Model.model_validate(
    {
        "model": "bills",
        "description": "Bills.",
        "columns": {
            "currency": {"type": "text", "required": True, "description": "Currency."},
            "lines": {"type": "json", "description": "Lines."},
            "labels": {"type": "json", "description": "Labels."},
        },
    }
)
EACH: dict[str, Any] = {
    "remote": "body.Line",
    "model": "lines",
    "fields": {
        "product_id": {"remote": "Detail.Item", "reference": {"entity": "items"}},
        "note": {"remote": "Note", "check": {"max_length": 3}},
        "amount": {"remote": "Amount", "transform": ["major_units:currency"], "required": True},
    },
    "constants": [{"remote": "Detail.Type", "value": "sale"}],
}


def compiled(*, record: dict[str, Any] | None = None, **changes: Any) -> Mapping:
    template = {
        "model": "bills",
        "fields": record or {"currency": {"remote": "cur"}, "labels": {"remote": "labels"}},
        "each": {"lines": EACH | changes},
    }
    return compile_mapping(Template.model_validate(template), BILLS, where="bills.yaml", models={"lines": LINES})


MAPPING = compiled()


def outward(mapping: Mapping, *lists: Any, currency: str | None = "EUR") -> tuple[list[Any], list[str]]:
    """The good lists as the provider gets them, and the reasons of the bad rows."""
    columns = {"currency": [currency] * len(lists), "lines": list(lists), "labels": [None] * len(lists)}
    frame = pd.DataFrame(columns, index=[f"r{i}" for i in range(len(lists))], dtype=object)
    good, bad = mapping.validate_outbound(mapping.outbound(frame))
    return good["body.Line"].tolist(), [row.reason for row in bad]


def inward(mapping: Mapping, *records: dict[str, Any]) -> tuple[list[Any], list[str]]:
    good, bad = mapping.validate_inbound(mapping.inbound(records, [str(i) for i in range(len(records))]))
    return good["lines"].tolist(), [row.reason for row in bad]


def test_each_element_goes_out_nested_with_its_constants_and_the_currency_of_its_record() -> None:
    lists, bad = outward(MAPPING, [{"product_id": "p1", "amount": 250, "sku": "no field of ours"}, {"amount": 5}])

    assert bad == []
    assert lists == [
        [{"Detail": {"Item": "p1", "Type": "sale"}, "Amount": 2.5}, {"Detail": {"Type": "sale"}, "Amount": 0.05}]
    ]


def test_elements_come_home_with_their_place_and_nothing_where_no_field_speaks() -> None:
    lines = [{"Detail": {"Item": "p1"}, "Amount": 2.5, "Id": "their own"}, {"Amount": 1}]

    lists, bad = inward(MAPPING, {"cur": "EUR", "body": {"Line": lines}}, {"cur": "EUR"})

    assert bad == []
    assert lists == [
        [
            {"line": 1, "product_id": "p1", "note": None, "amount": 250},
            {"line": 2, "product_id": None, "note": None, "amount": 100},
        ],
        [],
    ]


def test_one_bad_element_makes_its_record_bad_names_its_place_and_leaves_the_neighbours_alone() -> None:
    lists, bad = outward(MAPPING, [{"amount": 1}, {"amount": 1, "note": "secret"}], [{"amount": 2}])

    assert lists == [[{"Amount": 0.02, "Detail": {"Type": "sale"}}]]
    assert bad == ["body.Line, element 2: Note must have at most 3 characters, not 6."]


@pytest.mark.parametrize("given", ["text", {"amount": 1}, [1], ["a"]])
def test_what_is_no_list_of_objects_is_refused_both_ways(given: Any) -> None:
    assert outward(MAPPING, given) == ([], ["body.Line must be a list of objects."])
    assert inward(MAPPING, {"cur": "EUR", "body": {"Line": given}}) == ([], ["body.Line must be a list of objects."])


def test_an_empty_list_is_nothing_to_send_unless_there_must_be_one() -> None:
    assert outward(MAPPING, [], None) == ([None, None], [])
    assert outward(compiled(required=True), []) == ([], ["body.Line must have a value."])


def test_an_element_without_the_currency_of_its_record_cannot_be_told() -> None:
    lists, bad = outward(MAPPING, [{"amount": 1}], currency=None)

    assert lists == []
    assert bad == ["body.Line, element 1: Amount cannot be told without a currency."]


def test_what_is_seen_of_a_list_is_what_the_fields_speak_of_in_the_form_in_which_it_is_pushed() -> None:
    lines = [{"Id": "7", "Amount": 2.5, "Detail": {"Item": "p1", "Rank": 1}}]

    assert MAPPING.seen([{"cur": "EUR", "body": {"Line": lines}}, {}]) == [
        {"cur": "EUR", "labels": None, "body.Line": [{"Detail": {"Item": "p1", "Type": "sale"}, "Amount": 2.5}]},
        {"cur": None, "labels": None, "body.Line": None},
    ]


def test_a_plain_json_column_travels_as_it_is() -> None:
    mapping = compile_mapping(
        Template.model_validate({"model": "bills", "fields": {"labels": {"remote": "tags"}}}), BILLS, where="x.yaml"
    )
    rows = pd.DataFrame({"labels": [["a", "b"], {"x": 1}, ["\0"], [2**70]]}, index=list("abcd"), dtype=object)

    good, bad = mapping.validate_outbound(mapping.outbound(rows))

    assert good["tags"].tolist() == [["a", "b"], {"x": 1}]
    assert [row.id for row in bad] == ["c", "d"]


@given(
    st.lists(
        st.lists(
            st.fixed_dictionaries(
                {
                    "product_id": st.none() | st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1),
                    "note": st.none() | st.text("abc", min_size=1, max_size=3),
                    "amount": st.integers(0, 10**9),
                }
            ),
            max_size=4,
        ),
        max_size=5,
    )
)
def test_what_went_out_comes_home_as_it_was(lists: list[list[dict[str, Any]]]) -> None:
    sent, bad = outward(MAPPING, *lists)
    home, bad_home = inward(MAPPING, *({"cur": "EUR", "body": {"Line": elements}} for elements in sent))

    assert (bad, bad_home) == ([], [])
    assert home == [[{"line": place, **element} for place, element in enumerate(elements, 1)] for elements in lists]


@pytest.mark.parametrize(
    ("changes", "path", "reason"),
    [
        ({"model": "nothing"}, "each.lines.model", "there is no models/nothing.yaml"),
        ({"fields": {"colour": {"remote": "c"}}}, "each.lines.fields", "the model lines has no column 'colour'"),
        ({"remote": "cur"}, "each.lines.remote", "cur is already written by fields.currency.remote"),
        ({"fields": {"currency": {"remote": "c"}}}, "each.lines.fields", "the model lines has no column 'currency'"),
    ],
)
def test_a_wrong_list_is_refused_by_file_path_and_reason(changes: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises((DeclarationError, ValueError)) as caught:
        compiled(**changes)

    assert reason in str(caught.value)
    assert path in str(caught.value)


def test_an_element_cannot_look_at_a_column_of_its_record_that_is_not_pulled() -> None:
    with pytest.raises(DeclarationError, match=r"each\.lines\.fields: currency must be pulled too"):
        compiled(record={"currency": {"remote": "cur", "direction": "push"}})
