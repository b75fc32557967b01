"""The judge sees every difference in what Stripe bills and what payers contest."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync_sims.judge import Account
from tests.sync_sims.test_judge import Rows, problems, stripe_account, verdict

__all__ = ["stripe_account"]


def _seed(account: Account, collection: str, **row: Any) -> dict[str, Any]:
    address = f"{account.base}/_sim/accounts/acct_1/seed/{collection}"
    answer = requests.post(address, json={"rows": [row]}, timeout=10)
    assert answer.ok, answer.text
    return answer.json()["objects"][0]


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.fixture
def billed(stripe_account: Account) -> dict[str, Rows]:
    """A subscription with its invoice, an invoice of twelve lines and a dispute, and what the venue should know."""
    guest = _seed(stripe_account, "customers", metadata={"venue_sync_id": "c-1"})["id"]
    product = _seed(
        stripe_account,
        "products",
        name="Friends",
        default_price_data={"currency": "gbp", "unit_amount": 900, "recurring": {"interval": "month"}},
    )
    begun = _seed(
        stripe_account,
        "subscriptions",
        customer=guest,
        items=[{"price": product["default_price"], "quantity": 2}],
        default_payment_method="pm_card_visa",
    )
    lines = [{"amount": 100 + n, "currency": "gbp", "description": f"Hour {n}"} for n in range(12)]
    hire = _seed(stripe_account, "invoices", customer=guest, currency="gbp", description="Hire", lines=lines)
    charge = requests.get(
        f"{stripe_account.base}/v1/charges", headers={"Authorization": f"Bearer {stripe_account.key}"}, timeout=10
    ).json()["data"][0]
    dispute = _seed(stripe_account, "disputes", charge=charge["id"], reason="duplicate")
    item = begun["items"]["data"][0]
    common = {"provider": "stripe", "currency": "GBP"}
    subscription = {
        **common,
        "id": begun["id"],
        "status": "active",
        "price_minor": 900,
        "quantity": 2,
        "interval": "month",
        "interval_count": 1,
        "cancel_at_period_end": False,
        "period_start": _at(item["current_period_start"]),
        "period_end": _at(item["current_period_end"]),
        "ended_at": None,
    }
    invoice = {**common, "number": None, "status": "paid", "memo": None, "subscription_id": None, "due_minor": 0}
    first = [{"description": "2 x Friends (per month)", "quantity": 2, "amount_minor": 1800}]
    hours = [{"description": f"Hour {n}", "quantity": 1, "amount_minor": 100 + n} for n in range(12)]
    contested = {
        **common,
        "id": dispute["id"],
        "payment_id": charge["id"],
        "amount_minor": 1800,
        "reason": "duplicate",
        "status": "needs_response",
        "evidence": None,
        "evidence_product": None,
        "evidence_email": None,
        "evidence_submitted": False,
    }
    total = sum(100 + n for n in range(12))
    return {
        "subscriptions": [subscription],
        "invoices": [
            {
                **invoice,
                "id": begun["latest_invoice"],
                "subscription_id": begun["id"],
                "total_minor": 1800,
                "lines": first,
            },
            {
                **invoice,
                "id": hire["id"],
                "status": "open",
                "memo": "Hire",
                "total_minor": total,
                "due_minor": total,
                "lines": hours,
            },
        ],
        "disputes": [contested],
    }


def _billing(found: Any) -> list[tuple[str, str]]:
    return [one for one in problems(found) if one[0] in ("subscription", "invoice", "dispute", "product")]


def test_equal_sides_are_equal_and_what_is_subscribed_to_is_no_product_of_the_venue(
    stripe_account: Account, billed: dict[str, Rows]
) -> None:
    found = verdict(stripe_account, **billed)
    assert _billing(found) == []
    assert {what: count for (_, what), count in found.compared.items() if count} == {
        "subscription": 1,
        "invoice": 2,
        "dispute": 1,
    }


@pytest.mark.parametrize(
    ("table", "what", "change"),
    [
        ("subscriptions", "subscription", {"status": "canceled"}),
        ("subscriptions", "subscription", {"cancel_at_period_end": True}),
        ("subscriptions", "subscription", {"price_minor": 901}),
        ("subscriptions", "subscription", {"period_end": _at(1)}),
        ("invoices", "invoice", {"status": "open"}),
        ("invoices", "invoice", {"due_minor": 1}),
        ("invoices", "invoice", {"subscription_id": None}),
        ("invoices", "invoice", {"lines": []}),
        ("disputes", "dispute", {"evidence": "Seat 7."}),
        ("disputes", "dispute", {"evidence_submitted": True}),
        ("disputes", "dispute", {"payment_id": "ch_other"}),
        ("disputes", "dispute", {"status": "won"}),
    ],
)
def test_one_different_value_is_a_difference(
    stripe_account: Account, billed: dict[str, Rows], table: str, what: str, change: dict[str, Any]
) -> None:
    first, *others = billed[table]
    found = verdict(stripe_account, **{**billed, table: [{**first, **change}, *others]})
    assert _billing(found) == [(what, "different")]


@pytest.mark.parametrize("table", ["subscriptions", "invoices", "disputes"])
def test_what_the_venue_does_not_know_is_extra_and_what_stripe_has_not_is_missing(
    stripe_account: Account, billed: dict[str, Rows], table: str
) -> None:
    what = table.removesuffix("s")
    first, *others = billed[table]
    assert _billing(verdict(stripe_account, **{**billed, table: others})) == [(what, "extra")]
    more = [{**first, "id": "never"}, first, *others]
    assert _billing(verdict(stripe_account, **{**billed, table: more})) == [(what, "missing")]


def test_the_eleventh_line_counts_too(stripe_account: Account, billed: dict[str, Rows]) -> None:
    first, hire = billed["invoices"]
    lines = [*hire["lines"][:11], {**hire["lines"][11], "amount_minor": 1}]
    found = verdict(stripe_account, **{**billed, "invoices": [first, {**hire, "lines": lines}]})
    assert _billing(found) == [("invoice", "different")]
