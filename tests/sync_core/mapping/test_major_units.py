"""Amounts as decimal numbers of major units, there and back, by transform and through a whole mapping."""

import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.mapping.cells import Unmappable
from sync_core.mapping.compile import compile_mapping
from sync_core.mapping.currencies import from_major_units, to_major_units
from sync_core.spec.template import Model, Template


@given(amount=st.integers(-(10**15) + 1, 10**15 - 1), currency=st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_every_amount_comes_back_through_json_as_it_went(amount: int, currency: str) -> None:
    wire = orjson.loads(orjson.dumps(to_major_units(amount, currency)))
    assert from_major_units(wire, currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "number"),
    [(1250, "EUR", 12.5), (29, "USD", 0.29), (1250, "JPY", 1250.0), (1250, "KWD", 1.25), (-1, "USD", -0.01)],
)
def test_the_decimal_point_stands_where_the_currency_has_it(amount: int, currency: str, number: float) -> None:
    assert to_major_units(amount, currency) == number


def test_a_part_of_the_smallest_coin_is_no_amount() -> None:
    with pytest.raises(Unmappable, match="at most 2 decimals in USD"):
        from_major_units(0.125, "USD")
    with pytest.raises(Unmappable, match="at most 15 digits"):
        to_major_units(10**15, "USD")


MODEL = Model.model_validate(
    {
        "model": "things",
        "description": "Things.",
        "columns": {
            "price": {"type": "integer", "description": "Price."},
            "currency": {"type": "text", "description": "Currency."},
        },
    }
)
TEMPLATE = Template.model_validate(
    {
        "model": "things",
        "fields": {
            "price": {"remote": "Price", "transform": ["major_units:currency"], "check": {"minimum": 0}},
            "currency": {"remote": "Currency"},
        },
    }
)
MAPPING = compile_mapping(TEMPLATE, MODEL, where="things.yaml")


def test_a_mapping_sends_numbers_and_takes_whole_ones_too() -> None:
    rows = pd.DataFrame({"price": [1999, -1], "currency": ["USD", "USD"]}, index=["a", "b"], dtype=object)
    good, (bad,) = MAPPING.validate_outbound(MAPPING.outbound(rows))
    assert good.loc["a"].to_dict() == {"Price": 19.99, "Currency": "USD"}
    assert bad.reason == "Price must be at least 0, not -0.01."
    shown = [{"Price": 20, "Currency": "USD"}, {"Price": 0.125, "Currency": "USD"}, {"Price": "9", "Currency": "USD"}]
    kept, wrong = MAPPING.validate_inbound(MAPPING.inbound(shown, ["r1", "r2", "r3"]))
    assert kept.loc["r1"].to_dict() == {"price": 2000, "currency": "USD"}
    assert [row.reason for row in wrong] == [
        "Price must have at most 2 decimals in USD, not 0.125.",
        "Price must be a number, not '9'.",
    ]
