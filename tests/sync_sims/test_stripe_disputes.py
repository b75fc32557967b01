"""Disputes at the simulated Stripe: the bank's side by rows, the account's through its own SDK."""

from typing import Any

import pytest
import stripe

from sync_sims.stripe import StripeSimulator
from tests.sync_sims.conftest import ACCOUNT


@pytest.fixture
def contested(client: Any, stripe_sim: StripeSimulator):
    """A dispute over a charge of 50.00."""
    intent = client.v1.payment_intents.create(
        {"amount": 5000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )
    row = {"charge": intent.latest_charge, "reason": "product_not_received"}
    return client.v1.disputes.retrieve(stripe_sim.seed(ACCOUNT, "disputes", [row])[0]["id"])


def _types(client: Any):
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def _booked(client: Any, dispute: Any):
    entries = client.v1.balance_transactions.list({"source": dispute.id}).data[::-1]
    return [(entry.type, entry.reporting_category, entry.amount, entry.fee, entry.net) for entry in entries]


def test_a_dispute_takes_the_money_and_a_fee_at_once(client: Any, contested: Any):
    assert (contested.status, contested.amount, contested.reason) == ("needs_response", 5000, "product_not_received")
    assert contested.evidence_details.due_by > contested.created
    assert client.v1.charges.retrieve(contested.charge).disputed is True
    assert _booked(client, contested) == [("adjustment", "dispute", -5000, 1500, -6500)]
    assert _types(client)[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert [one.id for one in client.v1.disputes.list({"charge": contested.charge}).data] == [contested.id]
    assert client.v1.disputes.list({"payment_intent": "pi_none"}).data == []


def test_a_charge_is_disputed_once_and_only_if_it_took_money(client: Any, contested: Any, stripe_sim: StripeSimulator):
    with pytest.raises(ValueError, match="disputed already"):
        stripe_sim.seed(ACCOUNT, "disputes", [{"charge": contested.charge}])
    with pytest.raises(ValueError, match="No such charge"):
        stripe_sim.seed(ACCOUNT, "disputes", [{"charge": "ch_none"}])


def test_evidence_is_kept_as_a_draft_when_it_is_not_to_be_submitted(client: Any, contested: Any):
    told = client.v1.disputes.update(
        contested.id, {"evidence": {"uncategorized_text": "They sat in row 7."}, "submit": False}
    )
    assert (told.status, told.evidence.uncategorized_text) == ("needs_response", "They sat in row 7.")
    assert (told.evidence_details.has_evidence, told.evidence_details.submission_count) == (True, 0)
    added = client.v1.disputes.update(contested.id, {"evidence": {"product_description": "A seat"}, "submit": False})
    assert added.evidence.uncategorized_text == "They sat in row 7."
    cleared = client.v1.disputes.update(
        contested.id, {"evidence": {"uncategorized_text": "", "product_description": ""}, "submit": False}
    )
    assert (cleared.evidence.uncategorized_text, cleared.evidence_details.has_evidence) == (None, False)


def test_evidence_goes_to_the_bank_unless_submit_says_no_and_only_once(client: Any, contested: Any):
    sent = client.v1.disputes.update(contested.id, {"evidence": {"customer_email_address": "ann@example.com"}})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert _types(client)[-1] == "charge.dispute.updated"
    for change in ({"evidence": {"product_description": "A seat"}, "submit": False}, {"submit": True}):
        with pytest.raises(stripe.InvalidRequestError, match="already been submitted"):
            client.v1.disputes.update(contested.id, change)
    assert client.v1.disputes.update(contested.id, {"metadata": {"seen": "yes"}}).metadata["seen"] == "yes"


@pytest.mark.parametrize(
    ("decision", "booked"),
    [
        ("won", [("adjustment", "dispute", -5000, 1500, -6500), ("adjustment", "dispute_reversal", 5000, 0, 5000)]),
        ("lost", [("adjustment", "dispute", -5000, 1500, -6500)]),
    ],
)
def test_the_bank_decides_and_only_a_dispute_that_is_won_brings_the_money_back(
    client: Any, contested: Any, stripe_sim: StripeSimulator, decision: str, booked: list[Any]
):
    stripe_sim.seed(ACCOUNT, "disputes", [{"id": contested.id, "status": decision}])
    assert client.v1.disputes.retrieve(contested.id).status == decision
    assert _booked(client, contested) == booked
    assert _types(client)[-1] == "charge.dispute.closed"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.update(contested.id, {"evidence": {"product_description": "A seat"}})
    with pytest.raises(ValueError, match="already closed"):
        stripe_sim.seed(ACCOUNT, "disputes", [{"id": contested.id, "status": "won"}])


@pytest.mark.parametrize(("words", "decision"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_some_words_decide_a_dispute_in_a_sandbox(client: Any, contested: Any, words: str, decision: str):
    draft = client.v1.disputes.update(contested.id, {"evidence": {"uncategorized_text": words}, "submit": False})
    assert draft.status == "needs_response"
    assert client.v1.disputes.update(contested.id, {"submit": True}).status == decision


def test_the_account_may_give_in(client: Any, contested: Any):
    assert client.v1.disputes.close(contested.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.close(contested.id)


def test_a_disputed_charge_is_refunded_only_after_the_dispute_is_won(
    client: Any, contested: Any, stripe_sim: StripeSimulator
):
    with pytest.raises(stripe.InvalidRequestError, match="has been charged back") as caught:
        client.v1.refunds.create({"charge": contested.charge, "amount": 100})
    assert caught.value.code == "charge_disputed"
    stripe_sim.seed(ACCOUNT, "disputes", [{"id": contested.id, "status": "won"}])
    assert client.v1.refunds.create({"charge": contested.charge, "amount": 100}).status == "succeeded"
