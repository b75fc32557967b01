"""Dotted paths read and build nested objects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.mapping.paths import contradiction, nest, pick, pick_each

SKU = "item_data.variations[0].item_variation_data.sku"
ITEM = {"item_data": {"variations": [{"item_variation_data": {"sku": "A-1"}}]}}


def test_a_path_through_objects_and_lists_is_followed() -> None:
    assert pick(ITEM, SKU) == "A-1"


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"item_data": None},
        {"item_data": {"variations": []}},
        {"item_data": {"variations": None}},
        {"item_data": {"variations": {"0": "no list"}}},
        {"item_data": "a text where an object was expected"},
        {"item_data": {"variations": [{"item_variation_data": {"sku": None}}]}},
        None,
    ],
)
def test_a_path_that_leads_nowhere_reads_as_none(record: Any) -> None:
    assert pick(record, SKU) is None


def test_a_false_or_empty_value_is_not_taken_for_absent() -> None:
    assert [pick(r, "a.b") for r in ({"a": {"b": 0}}, {"a": {"b": False}}, {"a": {"b": ""}})] == [0, False, ""]


def test_a_column_is_read_from_many_records() -> None:
    assert pick_each([ITEM, {}, ITEM], SKU) == ["A-1", None, "A-1"]


def test_flat_paths_become_a_nested_object() -> None:
    assert nest({"a.b[0].c": 1, "a.b[0].d": None, "a.e": "x", "f": False}) == {
        "a": {"b": [{"c": 1, "d": None}], "e": "x"},
        "f": False,
    }


def test_list_positions_that_nobody_names_become_empty_objects() -> None:
    assert nest({"a[2].b": 1, "a[0].b": 0}) == {"a": [{"b": 0}, {}, {"b": 1}]}


@pytest.mark.parametrize("paths", [("a", "a.b"), ("a.b", "a"), ("a[0]", "a.b"), ("a.b[0].c", "a.b.c")])
def test_paths_that_one_object_cannot_hold_together_are_refused(paths: tuple[str, str]) -> None:
    assert contradiction(paths) == paths[1]
    with pytest.raises(ValueError, match="contradicts another path"):
        nest(dict.fromkeys(paths, 1))


def test_the_same_path_twice_is_a_contradiction_too() -> None:
    assert contradiction(["a.b", "a.b"]) == "a.b"


NAMES = st.text("abcdefgh_-1", min_size=1, max_size=4).filter(lambda name: name[0] in "abcdefgh_")
PATHS = st.lists(NAMES | st.integers(0, 2), min_size=1, max_size=5).map(
    lambda steps: "a" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)
)


@given(st.dictionaries(PATHS, st.integers() | st.text() | st.booleans(), max_size=6))
def test_what_is_nested_is_picked_again_unless_the_paths_contradict_each_other(flat: dict[str, Any]) -> None:
    if contradiction(flat) is None:
        nested = nest(flat)
        assert {path: pick(nested, path) for path in flat} == flat
    else:
        with pytest.raises(ValueError, match="contradicts another path"):
            nest(flat)
