"""Payment intents, charges, refunds and the balance they leave at the simulated Stripe."""

from decimal import Decimal
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sync_sims.stripe.world import Fees
from tests.sync_sims.conftest import HandClock

CARD = {"confirm": True, "payment_method": "pm_card_visa"}


def _paid(client: Any, amount: Any = 1000, **more: Any):
    return client.v1.payment_intents.create({"amount": amount, "currency": "usd", **CARD, **more})


def _types(client: Any):
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def test_a_confirmed_intent_is_charged_and_booked_less_the_fee(client: Any):
    customer = client.v1.customers.create({"name": "Ann"})
    intent = _paid(
        client,
        customer=customer.id,
        description="Two seats",
        metadata={"order": "7"},
        expand=["latest_charge.balance_transaction.source", "customer"],
    )
    charge = intent.latest_charge
    booked = charge.balance_transaction
    assert (intent.status, intent.amount_received, intent.customer.id) == ("succeeded", 1000, customer.id)
    assert (charge.status, charge.paid, charge.captured, charge.payment_intent) == ("succeeded", True, True, intent.id)
    assert (charge.customer, charge.description, charge.metadata["order"]) == (customer.id, "Two seats", "7")
    assert (booked.amount, booked.fee, booked.net, booked.type) == (1000, 59, 941, "charge")
    assert (booked.fee_details[0].amount, booked.source.id) == (59, charge.id)
    assert _types(client)[1:] == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


def test_an_unconfirmed_intent_waits_for_a_card_and_can_be_confirmed_later(client: Any):
    intent = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    assert (intent.status, intent.latest_charge) == ("requires_payment_method", None)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.confirm(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"
    updated = client.v1.payment_intents.update(intent.id, {"amount": 1200, "payment_method": "pm_card_mastercard"})
    assert (updated.status, updated.amount) == ("requires_confirmation", 1200)
    paid = client.v1.payment_intents.confirm(intent.id, {"expand": ["latest_charge"]})
    assert (paid.status, paid.latest_charge.amount) == ("succeeded", 1200)
    assert paid.latest_charge.payment_method_details.card.brand == "mastercard"
    with pytest.raises(stripe.InvalidRequestError, match="could not be confirmed"):
        client.v1.payment_intents.confirm(intent.id)


def test_a_known_payment_method_can_be_used_again_and_an_unknown_one_not(client: Any):
    first = _paid(client)
    assert _paid(client, payment_method=first.payment_method).payment_method == first.payment_method
    with pytest.raises(stripe.InvalidRequestError) as caught:
        _paid(client, payment_method="pm_stranger")
    assert caught.value.code == "resource_missing"


def test_a_declined_card_is_a_402_with_a_failed_charge_and_no_money(client: Any):
    with pytest.raises(stripe.CardError) as caught:
        _paid(client, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds")
    error = caught.value
    assert (error.http_status, error.code) == (402, "card_declined")
    intent = client.v1.payment_intents.list().data[0]
    assert (intent.status, intent.last_payment_error.decline_code) == ("requires_payment_method", "insufficient_funds")
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.status, charge.paid, charge.balance_transaction) == ("failed", False, None)
    assert client.v1.balance_transactions.list().data == []
    assert _types(client) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    for refund in ({"payment_intent": intent.id}, {"charge": charge.id}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create(refund)


def test_a_waiting_intent_can_be_cancelled_and_a_paid_one_not(client: Any):
    waiting = client.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    cancelled = client.v1.payment_intents.cancel(waiting.id, {"cancellation_reason": "abandoned"})
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError, match="could not be canceled"):
        client.v1.payment_intents.cancel(_paid(client).id)
    assert "payment_intent.canceled" in _types(client)


def test_a_paid_intent_keeps_its_money_but_not_its_words(client: Any):
    intent = _paid(client)
    assert client.v1.payment_intents.update(intent.id, {"description": "VIP"}).description == "VIP"
    with pytest.raises(stripe.InvalidRequestError, match="amount could not be updated"):
        client.v1.payment_intents.update(intent.id, {"amount": 1})


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [(49, "usd", "amount_too_small"), (29, "gbp", "amount_too_small"), (100_000_000, "usd", "amount_too_large")],
)
def test_amounts_have_bounds(client: Any, amount: Any, currency: str, code: str | None):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": amount, "currency": currency})
    assert caught.value.code == code


@pytest.mark.parametrize(("currency", "amount"), [("jpy", 5000), ("kwd", 12340)])
def test_currencies_without_cents_and_with_mils_are_integers_too(client: Any, currency: str, amount: Any):
    intent = client.v1.payment_intents.create({"amount": amount, "currency": currency.upper(), **CARD})
    assert (intent.amount_received, intent.currency) == (amount, currency)


def test_what_is_written_about_a_charge_can_change(client: Any):
    customer = client.v1.customers.create()
    charge_id = _paid(client, metadata={"a": "1"}).latest_charge
    updated = client.v1.charges.update(
        charge_id,
        {
            "metadata": {"b": "2"},
            "description": "VIP",
            "customer": customer.id,
            "shipping": {"name": "Ann", "address": {"city": "Rome"}},
        },
    )
    assert (updated.metadata.to_dict(), updated.description) == ({"a": "1", "b": "2"}, "VIP")
    assert (updated.customer, updated.shipping.name) == (customer.id, "Ann")
    assert [charge.id for charge in client.v1.charges.list({"customer": customer.id}).data] == [charge_id]
    assert _types(client)[-1] == "charge.updated"


def test_refunds_take_parts_until_nothing_is_left(client: Any):
    intent = _paid(client)
    first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 400, "reason": "duplicate"})
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (400, False)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount") as caught:
        client.v1.refunds.create({"charge": charge.id, "amount": 601})
    assert (caught.value.http_status, caught.value.param) == (400, "amount")
    second = client.v1.refunds.create({"charge": charge.id, "expand": ["balance_transaction", "charge"]})
    assert (second.amount, second.charge.refunded, second.status) == (600, True, "succeeded")
    booked = second.balance_transaction
    assert (booked.amount, booked.fee, booked.net, booked.type) == (-600, 0, -600, "refund")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": charge.id})
    assert (caught.value.http_status, caught.value.code) == (400, "charge_already_refunded")
    assert [refund.id for refund in client.v1.refunds.list({"charge": charge.id}).data] == [second.id, first.id]
    expanded = client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert [refund.id for refund in expanded.refunds.data] == [second.id, first.id]
    previous = [
        event.to_dict()["data"]["previous_attributes"]
        for event in client.v1.events.list({"type": "charge.refunded"}).data
    ]
    assert previous == [{"amount_refunded": 400, "refunded": False}, {"amount_refunded": 0}]


def test_a_refund_names_a_charge_or_an_intent_that_exists(client: Any):
    for target, code in (({}, "parameter_missing"), ({"charge": "ch_none"}, "resource_missing")):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.refunds.create(target)
        assert (caught.value.http_status, caught.value.code) == (400, code)


def test_a_refunds_metadata_can_change(client: Any):
    refund = client.v1.refunds.create({"payment_intent": _paid(client).id})
    assert client.v1.refunds.update(refund.id, {"metadata": {"a": "1"}}).metadata.to_dict() == {"a": "1"}
    assert client.v1.refunds.retrieve(refund.id).metadata.to_dict() == {"a": "1"}
    assert _types(client)[-1] == "refund.updated"


def test_money_becomes_available_after_two_days(client: Any, hand_clock: HandClock):
    intent = _paid(client)
    source = {"source": intent.latest_charge}
    assert client.v1.balance_transactions.list(source).data[0].status == "pending"
    hand_clock.advance(2 * 24 * 3600)
    booked = client.v1.balance_transactions.list(source).data[0]
    assert booked.status == "available"
    assert client.v1.balance_transactions.retrieve(booked.id).status == "available"


def test_the_balance_stream_filters_by_kind_and_currency(client: Any):
    _paid(client)
    client.v1.refunds.create({"payment_intent": _paid(client, amount=500).id})
    assert [entry.amount for entry in client.v1.balance_transactions.list({"type": "charge"}).data] == [500, 1000]
    assert [entry.amount for entry in client.v1.balance_transactions.list({"type": "refund"}).data] == [-500]
    assert client.v1.balance_transactions.list({"currency": "eur"}).data == []


@given(amount=st.integers(1, 10**8), percent=st.decimals("0", "10", places=2), fixed=st.integers(0, 100))
def test_a_fee_is_its_share_rounded_half_up_and_the_fixed_part(amount: Any, percent: Decimal, fixed: int):
    share = Decimal(amount) * percent / 100
    assert abs(Fees(percent=percent, fixed=fixed).on(amount) - fixed - share) <= Decimal("0.5")


def test_half_a_cent_of_fee_rounds_up():
    assert Fees(percent=Decimal("2.5"), fixed=0).on(100) == 3


@pytest.mark.parametrize("currency", ["isk", "ugx"])
def test_currencies_that_lost_their_hundredths_are_paid_and_refunded_in_whole_units(client: Any, currency: str):
    with pytest.raises(stripe.InvalidRequestError, match="evenly divisible by 100") as caught:
        _paid(client, amount=4010, currency=currency)
    assert caught.value.code == "invalid_charge_amount_no_decimal_compatible"
    intent = _paid(client, amount=4000, currency=currency)
    with pytest.raises(stripe.InvalidRequestError, match="evenly divisible by 100"):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 150})
    assert client.v1.refunds.create({"payment_intent": intent.id, "amount": 100}).status == "succeeded"
