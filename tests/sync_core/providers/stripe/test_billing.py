"""Subscriptions, invoices and disputes through the client: read as they change, ended and answered once."""

from typing import Any

import pytest

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Outcome, Remote, Write
from tests.sync_core.providers.outside import done, read_all, write_one
from tests.sync_core.providers.stripe.conftest import StripeAccount
from tests.sync_core.providers.stripe.writes import delete, update


def subscribe(stripe: StripeAccount, **more: Any) -> str:
    """A paid subscription of 15.00 dollars a month, begun at Stripe."""
    guest = stripe.outside.seed("customers", {"name": "Guest"})[0]["id"]
    product = stripe.outside.seed("products", {"name": "Friends of the hall"})[0]["id"]
    price = stripe.outside.seed(
        "prices", {"product": product, "currency": "usd", "unit_amount": 1500, "recurring": {"interval": "month"}}
    )[0]["id"]
    row = {"customer": guest, "items": [{"price": price}], "default_payment_method": "pm_card_visa"}
    return stripe.outside.seed("subscriptions", {**row, **more})[0]["id"]


def contest(stripe: StripeAccount) -> str:
    """A dispute over 50.00 dollars."""
    stripe.outside.seed("payments", {"amount": 5000, "currency": "usd"})
    charge = stripe.outside.objects("charges")[-1]["id"]
    return stripe.outside.seed("disputes", {"charge": charge})[0]["id"]


def one(stripe: StripeAccount, entity: str, remote_id: str) -> Remote:
    """The object as it is now."""
    return stripe.provider.fetch(entity, [remote_id])[0]


def test_the_first_reading_shows_subscriptions_that_have_ended_too(stripe: StripeAccount):
    there, gone = subscribe(stripe), subscribe(stripe)
    stripe.outside.seed("subscriptions", {"id": gone, "deleted": True})
    read, _ = read_all(stripe.provider, "subscriptions", None)
    assert {remote.id: (remote.record["status"], remote.deleted) for remote in read} == {
        there: ("active", False),
        gone: ("canceled", False),
    }


def test_the_end_of_a_subscription_is_told_as_a_change_and_not_as_a_deletion(stripe: StripeAccount):
    ended = subscribe(stripe)
    _, cursor = read_all(stripe.provider, "subscriptions", None)
    stripe.clock.advance(200)
    stripe.outside.seed("subscriptions", {"id": ended, "deleted": True})
    calls = stripe.outside.calls.snapshot().total.calls
    (told,), _ = read_all(stripe.provider, "subscriptions", cursor)
    assert (told.id, told.record["status"], told.deleted) == (ended, "canceled", False)
    assert stripe.outside.calls.snapshot().total.calls == calls + 1


def test_a_renewal_tells_of_the_new_period_and_of_its_invoice(stripe: StripeAccount):
    renewed = subscribe(stripe)
    _, subscriptions = read_all(stripe.provider, "subscriptions", None)
    _, invoices = read_all(stripe.provider, "invoices", read_all(stripe.provider, "invoices", None)[1])
    end = one(stripe, "subscriptions", renewed).record["items"]["data"][0]["current_period_end"]
    stripe.clock.advance(200)
    stripe.outside.seed("renewals", {"subscription": renewed})
    (told,), _ = read_all(stripe.provider, "subscriptions", subscriptions)
    assert told.record["items"]["data"][0]["current_period_start"] == end
    (billed,), _ = read_all(stripe.provider, "invoices", invoices)
    assert billed.record["parent"]["subscription_details"]["subscription"] == renewed
    assert (billed.record["status"], billed.record["billing_reason"]) == ("paid", "subscription_cycle")


def test_an_invoice_is_read_with_all_its_lines_from_the_list_from_events_and_by_its_id(stripe: StripeAccount):
    guest = stripe.outside.seed("customers", {"name": "Guest"})[0]["id"]
    _, empty = read_all(stripe.provider, "invoices", None)
    stripe.clock.advance(200)
    lines = [{"amount": 100 + number, "description": f"Hour {number}"} for number in range(130)]
    long, short = (
        made["id"]
        for made in stripe.outside.seed(
            "invoices", {"customer": guest, "lines": lines}, {"customer": guest, "lines": lines[:10]}
        )
    )
    for read in (
        read_all(stripe.provider, "invoices", None)[0],
        read_all(stripe.provider, "invoices", empty)[0],
        stripe.provider.fetch("invoices", [long, short]),
    ):
        shown = {remote.id: [line["amount"] for line in remote.record["lines"]["data"]] for remote in read}
        assert shown == {long: [100 + n for n in range(130)], short: [100 + n for n in range(10)]}
    assert stripe.outside.counted()["GET /v1/invoices/{id}/lines"] == 6


def test_a_draft_that_was_deleted_is_gone(stripe: StripeAccount):
    guest = stripe.outside.seed("customers", {"name": "Guest"})[0]["id"]
    draft = stripe.outside.seed("invoices", {"customer": guest, "status": "draft"})[0]["id"]
    _, cursor = read_all(stripe.provider, "invoices", None)
    stripe.clock.advance(200)
    stripe.outside.seed("invoices", {"id": draft, "deleted": True})
    (told,), _ = read_all(stripe.provider, "invoices", cursor)
    assert (told.id, told.deleted) == (draft, True)


def test_a_subscription_is_let_end_with_its_period_and_may_think_again(stripe: StripeAccount):
    known = one(stripe, "subscriptions", subscribe(stripe))
    for number, ends in enumerate((True, False)):
        change = update(known, f"K{number}", {"cancel_at_period_end": ends})
        shown = done(write_one(stripe.provider, "subscriptions", change)).record
        assert (shown["cancel_at_period_end"], shown["status"]) == (ends, "active")


def test_a_subscription_whose_status_shall_be_canceled_ends_at_once_and_only_once(stripe: StripeAccount):
    known = one(stripe, "subscriptions", subscribe(stripe))
    change = update(known, "K1", {"status": "canceled", "cancel_at_period_end": True})
    for _ in range(2):
        assert done(write_one(stripe.provider, "subscriptions", change)).record["status"] == "canceled"
    ends = [event for event in stripe.outside.objects("events") if event["type"] == "customer.subscription.deleted"]
    assert len(ends) == 1


def test_a_subscription_whose_record_is_deleted_ends_and_need_not_be_there_any_more(stripe: StripeAccount):
    known = one(stripe, "subscriptions", subscribe(stripe))
    for key in ("K1", "K2"):
        assert done(write_one(stripe.provider, "subscriptions", delete(known, key))).deleted is True
    assert one(stripe, "subscriptions", known.id).record["status"] == "canceled"
    stranger = Remote("sub_never", {})
    assert done(write_one(stripe.provider, "subscriptions", delete(stranger, "K3"))).deleted is True
    refused = write_one(stripe.provider, "subscriptions", update(stranger, "K4", {"status": "canceled"}))
    assert refused.refused_code == "resource_missing"


@pytest.mark.parametrize("status", ["active", "paused", None])
def test_no_other_status_is_asked_for(stripe: StripeAccount, status: str | None):
    known = one(stripe, "subscriptions", subscribe(stripe))
    writes = stripe.outside.calls.snapshot().total.calls
    refused = write_one(stripe.provider, "subscriptions", update(known, "K1", {"status": status}))
    assert refused.refused_code == "status_not_settable"
    assert "only canceled can be asked for" in (refused.refused_reason or "")
    assert stripe.outside.calls.snapshot().total.calls == writes


def test_what_has_ended_is_not_changed_any_more(stripe: StripeAccount):
    known = one(stripe, "subscriptions", subscribe(stripe))
    stripe.outside.seed("subscriptions", {"id": known.id, "deleted": True})
    refused = write_one(stripe.provider, "subscriptions", update(known, "K1", {"cancel_at_period_end": True}))
    assert "A canceled subscription can only update" in (refused.refused_reason or "")


def test_evidence_is_written_as_a_draft_until_it_shall_be_submitted(stripe: StripeAccount):
    known = one(stripe, "disputes", contest(stripe))
    assert known.record["submit"] is False
    words = {"evidence.uncategorized_text": "Seat 7 was taken.", "evidence.customer_email_address": "ann@example.com"}
    drafted = done(write_one(stripe.provider, "disputes", update(known, "K1", words))).record
    assert (drafted["status"], drafted["submit"]) == ("needs_response", False)
    assert drafted["evidence"]["customer_email_address"] == "ann@example.com"
    cleared = {"evidence.customer_email_address": None, "submit": True}
    sent = done(write_one(stripe.provider, "disputes", update(known, "K2", cleared))).record
    assert (sent["status"], sent["submit"], sent["evidence_details"]["submission_count"]) == ("under_review", True, 1)
    assert sent["evidence"]["uncategorized_text"] == "Seat 7 was taken."
    assert sent["evidence"]["customer_email_address"] is None


def refused(outcome: Outcome, code: str) -> bool:
    return outcome.remote is None and outcome.refused_code == code


def test_evidence_is_submitted_once_whoever_asks_again(stripe: StripeAccount):
    known = one(stripe, "disputes", contest(stripe))
    send = {"evidence.uncategorized_text": "Seat 7 was taken.", "submit": True}
    for key in ("K1", "K1", "K2"):
        sent = done(write_one(stripe.provider, "disputes", update(known, key, send))).record
        assert sent["evidence_details"]["submission_count"] == 1
    for number, change in enumerate(({"evidence.uncategorized_text": "Seat 8."}, {"submit": False})):
        outcome = write_one(stripe.provider, "disputes", update(known, f"L{number}", change))
        assert refused(outcome, "evidence_submitted")
    assert stripe.outside.counted()["POST /v1/disputes/{id}"] == 1


def test_nothing_is_sent_to_the_bank_that_holds_no_evidence(stripe: StripeAccount):
    known = one(stripe, "disputes", contest(stripe))
    assert refused(write_one(stripe.provider, "disputes", update(known, "K1", {"submit": True})), "no_evidence")
    assert "POST /v1/disputes/{id}" not in stripe.outside.counted()


def test_a_closed_dispute_takes_no_evidence(stripe: StripeAccount):
    known = one(stripe, "disputes", contest(stripe))
    stripe.outside.seed("disputes", {"id": known.id, "status": "lost"})
    late = {"evidence.uncategorized_text": "Seat 7 was taken.", "submit": True}
    outcome = write_one(stripe.provider, "disputes", update(known, "K1", late))
    assert "already closed" in (outcome.refused_reason or "")


def test_a_dispute_that_stripe_does_not_know_is_refused(stripe: StripeAccount):
    outcome = write_one(stripe.provider, "disputes", update(Remote("dp_never", {}), "K1", {"submit": True}))
    assert refused(outcome, "resource_missing")


def test_a_dispute_is_told_when_it_opens_and_when_it_is_decided(stripe: StripeAccount):
    _, cursor = read_all(stripe.provider, "disputes", None)
    stripe.clock.advance(200)
    opened = contest(stripe)
    told, cursor = read_all(stripe.provider, "disputes", cursor)
    assert [(remote.id, remote.record["status"]) for remote in told] == [(opened, "needs_response")]
    stripe.clock.advance(200)
    stripe.outside.seed("disputes", {"id": opened, "status": "won"})
    told, _ = read_all(stripe.provider, "disputes", cursor)
    assert [(remote.id, remote.record["status"]) for remote in told] == [(opened, "won")]


@pytest.mark.parametrize("entity", ["subscriptions", "invoices", "disputes"])
def test_none_of_them_begins_with_us(stripe: StripeAccount, entity: str):
    write = Write(operation="create", local_id="L1", key="K1", fields={})
    with pytest.raises(ProviderRefused, match=f"Stripe's {entity} cannot take a create"):
        write_one(stripe.provider, entity, write)


@pytest.mark.parametrize("entity", ["subscriptions", "invoices", "disputes"])
def test_they_are_fetched_as_they_were_read(stripe: StripeAccount, entity: str):
    subscribe(stripe)
    contest(stripe)
    read, _ = read_all(stripe.provider, entity, None)
    assert read
    assert stripe.provider.fetch(entity, [remote.id for remote in read]) == read
    assert stripe.provider.fetch(entity, ["dp_never"]) == [Remote("dp_never", {}, deleted=True)]
