"""Subscriptions and invoices at the simulated Stripe, through its own SDK."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sync_sims.stripe import StripeSimulator
from sync_sims.stripe.periods import boundary, period_from
from tests.sync_sims.conftest import ACCOUNT, NOON, HandClock

DAY = 24 * 3600


@pytest.fixture
def member(client: Any):
    """A customer with a card, and what she may subscribe to."""
    customer = client.v1.customers.create({"name": "Ann"})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    product = client.v1.products.create({"name": "Friends of the hall"})
    price = client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 1500, "recurring": {"interval": "month"}}
    )
    return {"customer": customer.id, "default_payment_method": card.id, "items": [{"price": price.id, "quantity": 2}]}


def _types(client: Any):
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def test_a_subscription_is_paid_at_once_and_its_period_is_on_its_item(client: Any, member: dict[str, Any]):
    begun = client.v1.subscriptions.create({**member, "expand": ["latest_invoice"]})
    item, invoice = begun["items"].data[0], begun.latest_invoice
    assert (begun.status, begun.currency, begun.start_date) == ("active", "usd", NOON)
    assert "current_period_end" not in begun
    month = datetime.fromtimestamp(item.current_period_end, UTC) - datetime.fromtimestamp(NOON, UTC)
    assert (item.current_period_start, item.quantity, month.days) == (NOON, 2, 30)
    assert (invoice.status, invoice.total, invoice.amount_paid, invoice.amount_remaining) == ("paid", 3000, 3000, 0)
    assert (invoice.billing_reason, invoice.parent.subscription_details.subscription) == (
        "subscription_create",
        begun.id,
    )
    assert "subscription" not in invoice
    assert "charge" not in invoice
    assert [charge.amount for charge in client.v1.charges.list().data] == [3000]
    told = _types(client)
    assert told[-1] == "customer.subscription.created"
    assert [one for one in told if one.startswith("invoice")] == [
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


def test_a_card_that_declines_leaves_the_subscription_incomplete_and_its_invoice_open(
    client: Any, member: dict[str, Any]
):
    card = client.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": member["customer"]})
    begun = client.v1.subscriptions.create(
        {**member, "default_payment_method": card.id, "expand": ["latest_invoice", "customer"]}
    )
    assert (begun.status, begun.latest_invoice.status, begun.latest_invoice.attempt_count) == ("incomplete", "open", 1)
    assert "invoice.payment_failed" in _types(client)
    assert "decline_code" not in card


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"default_payment_method": "pm_none"}, "must be attached to the customer"),
        ({"customer": "cus_none"}, "No such customer"),
        ({"items": [{"price": "price_none"}]}, "No such price"),
        ({"items": []}, "items"),
        ({"trial_period_days": 3}, "unknown parameter"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
    ],
)
def test_what_cannot_begin_is_refused(client: Any, member: dict[str, Any], wrong: dict[str, Any], message: str):
    with pytest.raises(stripe.InvalidRequestError, match=message):
        client.v1.subscriptions.create({**member, **wrong})


def test_nobody_subscribes_without_a_card_or_to_a_single_price(client: Any, member: dict[str, Any]):
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        client.v1.subscriptions.create({"customer": member["customer"], "items": member["items"]})
    product = client.v1.products.create({"name": "Seat", "default_price_data": {"currency": "usd", "unit_amount": 1}})
    with pytest.raises(stripe.InvalidRequestError, match="type=recurring"):
        client.v1.subscriptions.create({**member, "items": [{"price": product.default_price}]})


def test_one_that_shall_end_with_its_period_says_so_and_may_think_again(
    client: Any, member: dict[str, Any], hand_clock: HandClock
):
    begun = client.v1.subscriptions.create(member)
    hand_clock.advance(DAY)
    ending = client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": True})
    end = begun["items"].data[0].current_period_end
    assert (ending.status, ending.cancel_at, ending.canceled_at) == ("active", end, NOON + DAY)
    assert ending.cancellation_details.reason == "cancellation_requested"
    staying = client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": False})
    assert (staying.cancel_at_period_end, staying.cancel_at, staying.canceled_at) == (False, None, None)
    assert _types(client)[-2:] == ["customer.subscription.updated"] * 2


def test_one_that_was_canceled_stays_but_neither_changes_nor_ends_again(
    client: Any, member: dict[str, Any], hand_clock: HandClock
):
    begun = client.v1.subscriptions.create(member)
    hand_clock.advance(DAY)
    ended = client.v1.subscriptions.cancel(begun.id)
    assert (ended.status, ended.ended_at, ended.canceled_at) == ("canceled", NOON + DAY, NOON + DAY)
    assert _types(client)[-1] == "customer.subscription.deleted"
    assert client.v1.subscriptions.retrieve(begun.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="No such subscription") as caught:
        client.v1.subscriptions.cancel(begun.id)
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="can only update its cancellation_details and metadata"):
        client.v1.subscriptions.update(begun.id, {"cancel_at_period_end": True})
    assert client.v1.subscriptions.update(begun.id, {"metadata": {"why": "moved"}}).metadata["why"] == "moved"


def test_the_list_leaves_out_canceled_ones_unless_asked(client: Any, member: dict[str, Any]):
    there, gone = (client.v1.subscriptions.create(member).id for _ in range(2))
    client.v1.subscriptions.cancel(gone)
    listed = {
        status: {one.id for one in client.v1.subscriptions.list({} if status is None else {"status": status}).data}
        for status in (None, "all", "ended", "active", "canceled", "past_due")
    }
    assert listed == {
        None: {there},
        "all": {there, gone},
        "ended": {gone},
        "active": {there},
        "canceled": {gone},
        "past_due": set(),
    }
    price = member["items"][0]["price"]
    assert [one.id for one in client.v1.subscriptions.list({"price": price}).data] == [there]
    assert client.v1.subscriptions.list({"price": "price_none"}).data == []


def test_a_renewal_bills_the_next_period(client: Any, member: dict[str, Any], stripe_sim: StripeSimulator):
    begun = client.v1.subscriptions.create(member)
    end = begun["items"].data[0].current_period_end
    stripe_sim.seed(ACCOUNT, "renewals", [{"subscription": begun.id, "created": end}])
    renewed = client.v1.subscriptions.retrieve(begun.id, {"expand": ["latest_invoice"]})
    assert renewed["items"].data[0].current_period_start == end
    assert (renewed.latest_invoice.billing_reason, renewed.latest_invoice.created) == ("subscription_cycle", end)
    assert len(client.v1.invoices.list({"subscription": begun.id}).data) == 2
    assert _types(client)[-1] == "customer.subscription.updated"


def test_a_renewal_that_cannot_be_paid_is_past_due(client: Any, member: dict[str, Any], stripe_sim: StripeSimulator):
    begun = client.v1.subscriptions.create(member)
    card = client.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": member["customer"]})
    client.v1.subscriptions.update(begun.id, {"default_payment_method": card.id})
    stripe_sim.seed(ACCOUNT, "renewals", [{"subscription": begun.id}])
    late = client.v1.subscriptions.retrieve(begun.id, {"expand": ["latest_invoice"]})
    assert (late.status, late.latest_invoice.status) == ("past_due", "open")


def test_one_that_shall_end_with_its_period_does(client: Any, member: dict[str, Any], stripe_sim: StripeSimulator):
    begun = client.v1.subscriptions.create({**member, "cancel_at_period_end": True})
    stripe_sim.seed(ACCOUNT, "renewals", [{"subscription": begun.id}])
    ended = client.v1.subscriptions.retrieve(begun.id)
    assert (ended.status, ended.ended_at) == ("canceled", begun["items"].data[0].current_period_end)
    assert len(client.v1.invoices.list({"subscription": begun.id}).data) == 1
    with pytest.raises(ValueError, match="does not renew"):
        stripe_sim.seed(ACCOUNT, "renewals", [{"subscription": begun.id}])


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)),
    st.sampled_from(["day", "week", "month", "year"]),
    st.integers(1, 4),
    st.integers(0, 30),
)
def test_periods_follow_each_other_and_months_keep_their_day(began: datetime, interval: str, count: int, number: int):
    anchor = int(began.replace(tzinfo=UTC).timestamp())
    start, end = (boundary(anchor, n, interval=interval, count=count) for n in (number, number + 1))
    assert start < end
    assert period_from(anchor, start, interval=interval, count=count) == (start, end)
    if interval in ("month", "year"):
        day = datetime.fromtimestamp(start, UTC)
        last_of_its_month = (day + timedelta(days=1)).day == 1
        assert day.day == began.day or (day.day < began.day and last_of_its_month)


def test_a_subscription_of_the_31st_renews_at_the_end_of_shorter_months():
    anchor = int(datetime(2026, 1, 31, 9, tzinfo=UTC).timestamp())
    days = [datetime.fromtimestamp(boundary(anchor, n, interval="month", count=1), UTC) for n in range(4)]
    assert [(day.month, day.day) for day in days] == [(1, 31), (2, 28), (3, 31), (4, 30)]


def test_an_invoice_is_drafted_finalized_and_paid(client: Any, member: dict[str, Any]):
    drawn = client.v1.invoices.create({"customer": member["customer"], "description": "Hire of the hall"})
    assert (drawn.status, drawn.total, drawn.number) == ("draft", 0, None)
    with pytest.raises(stripe.InvalidRequestError, match="without lines"):
        client.v1.invoices.finalize_invoice(drawn.id)
    client.v1.invoice_items.create(
        {"customer": member["customer"], "invoice": drawn.id, "amount": 90_000, "description": "Evening"}
    )
    final = client.v1.invoices.finalize_invoice(drawn.id)
    assert (final.status, final.total, final.amount_remaining) == ("open", 90_000, 90_000)
    assert final.number.endswith("-0001")
    with pytest.raises(stripe.InvalidRequestError, match="no default_payment_method"):
        client.v1.invoices.pay(drawn.id)
    paid = client.v1.invoices.pay(drawn.id, {"payment_method": member["default_payment_method"]})
    assert (paid.status, paid.amount_remaining, paid.status_transitions.paid_at) == ("paid", 0, NOON)
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        client.v1.invoices.pay(drawn.id)


def test_an_invoice_shows_ten_lines_and_lists_them_all_in_their_order(client: Any, member: dict[str, Any]):
    drawn = client.v1.invoices.create({"customer": member["customer"]})
    price = member["items"][0]["price"]
    client.v1.invoice_items.create({"invoice": drawn.id, "pricing": {"price": price}, "quantity": 3})
    for number in range(24):
        client.v1.invoice_items.create({"invoice": drawn.id, "amount": 100 + number, "description": f"Hour {number}"})
    shown = client.v1.invoices.retrieve(drawn.id)
    assert (len(shown.lines.data), shown.lines.has_more) == (10, True)
    assert shown.total == 4500 + sum(100 + number for number in range(24))
    first = shown.lines.data[0]
    assert (first.description, first.amount, first.pricing.price_details.price) == ("Friends of the hall", 4500, price)
    rest = client.v1.invoices.line_items.list(drawn.id, {"limit": 9, "starting_after": shown.lines.data[-1].id})
    assert [line.description for line in rest.data] == [f"Hour {number}" for number in range(9, 18)]
    assert (rest.has_more, len(list(rest.auto_paging_iter()))) == (True, 15)


def test_pending_items_come_with_the_next_invoice_that_asks_for_them(client: Any, member: dict[str, Any]):
    client.v1.invoice_items.create({"customer": member["customer"], "amount": 700, "description": "Damage"})
    without = client.v1.invoices.create({"customer": member["customer"]})
    having = client.v1.invoices.create({"customer": member["customer"], "pending_invoice_items_behavior": "include"})
    assert (without.total, having.total, having.lines.data[0].description) == (0, 700, "Damage")


def test_an_open_invoice_may_be_voided_or_given_up_and_a_draft_deleted(
    client: Any, member: dict[str, Any], stripe_sim: StripeSimulator
):
    row = {"customer": member["customer"], "lines": [{"amount": 500}]}
    void, lost, drawn = stripe_sim.seed(ACCOUNT, "invoices", [row, row, {**row, "status": "draft"}])
    assert client.v1.invoices.void_invoice(void["id"]).status == "void"
    given_up = client.v1.invoices.mark_uncollectible(lost["id"])
    assert (given_up.status, given_up.amount_remaining) == ("uncollectible", 500)
    with pytest.raises(stripe.InvalidRequestError, match="isn't open"):
        client.v1.invoices.mark_uncollectible(void["id"])
    with pytest.raises(stripe.InvalidRequestError, match="only delete draft"):
        client.v1.invoices.delete(void["id"])
    with pytest.raises(stripe.InvalidRequestError, match="can't be updated"):
        client.v1.invoices.update(void["id"], {"description": "Never mind"})
    with pytest.raises(stripe.InvalidRequestError, match="no longer editable"):
        client.v1.invoice_items.create({"invoice": void["id"], "amount": 1})
    assert client.v1.invoices.update(drawn["id"], {"description": "Soon"}).description == "Soon"
    assert client.v1.invoices.delete(drawn["id"]).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice"):
        client.v1.invoices.retrieve(drawn["id"])
    assert {one.status for one in client.v1.invoices.list({"status": "void"}).data} == {"void"}
    wanted = {"invoice.voided", "invoice.marked_uncollectible", "invoice.deleted", "invoice.updated"}
    assert wanted <= set(_types(client))
