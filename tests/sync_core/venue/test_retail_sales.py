"""Orders and refunds out of any heap of invoices: the money adds up and every refund has a sale to refund."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_core.venue.retail_lines import judge_lines, refuse_lines_of_refused_invoices, sum_invoices
from sync_core.venue.retail_people import venue_of_customer
from sync_core.venue.retail_sales import Shop, sales_of

SHOP = Shop(("a", "b", "c"), ("stripe", "square"), "GBP")
START = datetime(2009, 12, 1, 7, 45, tzinfo=UTC)

# Few customers and amounts, so that several credit notes often meet the same sale.
invoice = st.tuples(
    st.booleans(),
    st.sampled_from(["1", "1", "1", "2", None]),
    st.integers(0, 20),
    st.sampled_from([1.25, 1.25, 0.01, 0.005, 0.001, 0.0]),
    st.integers(1, 3),
)


def lines_of(invoices: list[tuple[bool, str | None, int, float, int]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "invoice": f"{'C' if credit else ''}{500000 + number}",
                "code": "10001a",
                "code_as_written": "10001a",
                "description": None,
                "quantity": float(-quantity if credit else quantity),
                "at": START + timedelta(minutes=minute),
                "price": price,
                "customer_number": float(customer) if customer else None,
                "customer": customer,
                "country": "EIRE",
            }
            for number, (credit, customer, minute, price, quantity) in enumerate(invoices)
        ]
    ).astype({"description": "string", "customer": "string", "customer_number": "float64"})


@settings(deadline=None)  # a shared machine may be slow
@given(st.lists(invoice, min_size=1, max_size=20))
def test_money_adds_up_whatever_the_invoices(invoices: list[tuple[bool, str | None, int, float, int]]) -> None:
    judged = judge_lines(lines_of(invoices))
    summed = sum_invoices(judged)
    lines = refuse_lines_of_refused_invoices(judged, summed)
    descriptions = pd.Series({"10001A": "RED MUG"})

    sales = sales_of(lines, summed, shop=SHOP, venue_of_article={"10001A": "b"}, descriptions=descriptions)

    orders = {order["id"]: order for order in sales.orders.to_dict("records")}
    refunds = sales.refunds.to_dict("records")
    sold = sum(order["origin"] == "sale" for order in orders.values())
    assert sold + len(refunds) + int(summed["reason"].notna().sum()) == len(invoices)
    assert len(sales.order_lines) + len(refunds) + int(lines["reason"].notna().sum()) == len(lines)
    back: Counter[str] = Counter()
    for refund in refunds:
        order = orders[refund["order_id"]]
        back[refund["order_id"]] += refund["amount_minor"]
        assert refund["amount_minor"] > 0
        assert (refund["venue_id"], refund["provider"]) == (order["venue_id"], order["provider"])
        assert order["ordered_at"] <= refund["refunded_at"]
    for name, order in orders.items():
        assert back[name] <= order["total_minor"]
        assert order["origin"] == "sale" or back[name] == order["total_minor"]
        if isinstance(order["customer_id"], str):
            assert order["venue_id"] == venue_of_customer(order["customer_id"], SHOP.venues)
    for line in sales.order_lines.to_dict("records"):
        assert line["venue_id"] == orders[line["order_id"]]["venue_id"]
        assert (line["product_id"] == "10001A") == (line["venue_id"] == "b")
        assert line["description"] == "RED MUG"
