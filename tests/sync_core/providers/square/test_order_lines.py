"""Amounts of lines, which are the same on both sides to the minor unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_core.providers.square.calls import Refused
from sync_core.providers.square.order_lines import as_ordered, as_sold

LINES = st.lists(
    st.fixed_dictionaries(
        {
            "quantity": st.integers(1, 10_000).map(str),
            "total_money": st.fixed_dictionaries({"amount": st.integers(0, 10**11)}),
            "name": st.text("ab", min_size=1, max_size=3),
        }
    ),
    max_size=6,
)


@given(lines=LINES, beyond=st.integers(0, 10**6))
def test_pieces_come_to_their_lines_and_lines_to_the_order_whatever_the_amounts(
    lines: list[dict[str, object]], beyond: int
) -> None:
    total = beyond + sum(line["total_money"]["amount"] for line in lines)  # type: ignore[index]
    sold = as_sold(lines, total=total, currency="KWD", prefix="")
    assert sum(int(one["quantity"]) * one["base_price_money"]["amount"] for one in sold) == total
    assert len({one["uid"] for one in sold}) == len(sold)
    shown = [
        {**one, "total_money": {"amount": int(one["quantity"]) * one["base_price_money"]["amount"], "currency": "KWD"}}
        for one in sold
    ]
    back = [(one["quantity"], one["total_money"]["amount"], one["name"]) for one in as_ordered(shown)]
    assert back == [(line["quantity"], line["total_money"]["amount"], line["name"]) for line in lines]  # type: ignore[index]


def test_a_line_below_nothing_and_lines_beyond_the_order_are_refused() -> None:
    line = {"quantity": "1", "total_money": {"amount": -1}}
    with pytest.raises(Refused, match="Line 1"):
        as_sold([line], total=0, currency="USD", prefix="")
    with pytest.raises(Refused, match="100 minor units more"):
        as_sold([{"quantity": "1", "total_money": {"amount": 300}}], total=200, currency="USD", prefix="")


def test_a_weight_is_no_number_of_pieces() -> None:
    (line,) = as_ordered([{"quantity": "1.5", "name": "Ribbon", "total_money": {"amount": 1875}}])
    assert "quantity" not in line
