import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.providers.bodies import drop, nest, put, steps

names = st.text(alphabet="abcdef", min_size=1, max_size=3)


def test_paths_have_names_and_positions():
    assert steps("item_data.variations[0].item_variation_data.sku") == (
        "item_data",
        "variations",
        0,
        "item_variation_data",
        "sku",
    )


def test_flat_fields_become_objects_and_lists():
    flat = {"name": "Gala", "a.b[1].c": 2, "a.b[0].c": 1, "metadata.mark": "L1", "note": None}
    assert nest(flat) == {
        "name": "Gala",
        "a": {"b": [{"c": 1}, {"c": 2}]},
        "metadata": {"mark": "L1"},
        "note": None,
    }


def test_a_value_put_beside_others_leaves_them_alone():
    body = {"a": {"b": [{"c": 1, "d": 2}]}, "e": 3}
    put(body, "a.b[0].c", 9)
    assert body == {"a": {"b": [{"c": 9, "d": 2}]}, "e": 3}


@pytest.mark.parametrize("path", ["a.b[0].c", "x.y", "a.b[7].c", "e.f"])
def test_dropping_what_is_absent_changes_nothing(path: str):
    body = {"a": {"b": [{"d": 2}]}, "e": 3}
    drop(body, path)
    assert body == {"a": {"b": [{"d": 2}]}, "e": 3}


def test_objects_left_empty_go_too_but_list_positions_stay():
    body = {"a": {"b": {"c": 1}}, "list": [{"only": 1}, {"more": 2}]}
    drop(body, "a.b.c")
    drop(body, "list[0].only")
    assert body == {"list": [{}, {"more": 2}]}


@given(st.dictionaries(names, st.one_of(st.none(), st.integers(), st.dictionaries(names, st.integers(), min_size=1))))
def test_what_is_put_in_can_be_taken_out_again(body: dict[str, object]):
    before = {**body}
    put(before, "zz.inner.leaf", 1)
    drop(before, "zz.inner.leaf")
    assert before == body
