"""The judge finds what differs between the books and what the venue was told of them: amounts, names, days and figures."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sync_sims.judge import Account
from tests.sync_sims.test_judge_quickbooks import Rows, account, post, problems, reports_there, verdict

__all__ = ["account"]

COMMON = {"provider": "quickbooks", "currency": "USD", "memo": None}
DAY = datetime(2026, 11, 2, tzinfo=UTC)
SOME = "2026-11-02"


def spent(amount: float) -> dict[str, Any]:
    detail = {"AccountRef": {"value": "69"}}
    return {"Amount": amount, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}


@pytest.fixture
def told(account: Account) -> dict[str, Rows]:
    """Something of each kind in the books, and the rows that a venue should have of it."""
    party = {"value": post(account, "Vendor", DisplayName="Acme")["Id"]}
    bill = post(account, "Bill", VendorRef=party, DocNumber="7", TxnDate=SOME, DueDate=SOME, Line=[spent(150)])
    paid = {"Amount": 100, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
    check = {"PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": "35"}}, "TxnDate": SOME}
    payment = post(account, "BillPayment", VendorRef=party, TotalAmt=100, Line=[paid], **check)
    card = {"PaymentType": "CreditCard", "AccountRef": {"value": "41"}, "TxnDate": SOME}
    purchase = post(account, "Purchase", Line=[spent(34)], **card)
    sold = {"Amount": 50, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "79"}}}
    deposit = post(account, "Deposit", DepositToAccountRef={"value": "35"}, TxnDate=SOME, Line=[sold])
    line = {"account": "Sales of Product Income", "source_id": None, "amount_minor": 5000}
    return {
        "bills": [
            {
                **COMMON,
                "id": bill["Id"],
                "vendor": "Acme",
                "number": "7",
                "total_minor": 15000,
                "due_minor": 5000,
                "billed_at": DAY,
                "due_at": DAY,
            }
        ],
        "bill_payments": [
            {
                **COMMON,
                "id": payment["Id"],
                "vendor": "Acme",
                "method": "check",
                "total_minor": 10000,
                "bill_ids": [bill["Id"]],
                "paid_at": DAY,
            }
        ],
        "purchases": [
            {
                **COMMON,
                "id": purchase["Id"],
                "payee": None,
                "method": "credit card",
                "account": "Mastercard",
                "total_minor": 3400,
                "credit": False,
                "spent_at": DAY,
            }
        ],
        "deposits": [
            {
                **COMMON,
                "id": deposit["Id"],
                "account": "Checking",
                "total_minor": 5000,
                "lines": [line],
                "deposited_at": DAY,
            }
        ],
        "reports": reports_there(account),
    }


def test_books_that_were_told_of_are_equal(account: Account, told: dict[str, Rows]) -> None:
    found = verdict(account, tables=told)
    assert found.differences == ()
    assert {what: found.compared["quickbooks", what] for what in ("bill", "bill payment", "purchase", "deposit")} == (
        dict.fromkeys(("bill", "bill payment", "purchase", "deposit"), 1)
    )
    assert found.compared["quickbooks", "report"] == 6


@pytest.mark.parametrize(
    ("table", "change", "named"),
    [
        ("bills", {"due_minor": 15000}, ("bill", "owed")),
        ("bills", {"due_at": None}, ("bill", "due")),
        ("bill_payments", {"bill_ids": []}, ("bill payment", "bills")),
        ("bill_payments", {"method": "credit card"}, ("bill payment", "way")),
        ("purchases", {"total_minor": 3401}, ("purchase", "amount")),
        ("purchases", {"credit": True}, ("purchase", "came back")),
        ("deposits", {"lines": []}, ("deposit", "lines")),
        ("deposits", {"deposited_at": datetime(2026, 11, 3, tzinfo=UTC)}, ("deposit", "date")),
    ],
)
def test_a_field_that_differs_is_named(
    account: Account, told: dict[str, Rows], table: str, change: dict[str, Any], named: tuple[str, str]
) -> None:
    found = verdict(account, tables={**told, table: [{**told[table][0], **change}]})
    what, field = named
    assert problems(found) == [(what, "different")]
    assert f"{field} is" in found.differences[0].sentence


def test_what_the_venue_was_never_told_and_what_was_voided_since_are_found(
    account: Account, told: dict[str, Rows]
) -> None:
    assert ("purchase", "extra") in problems(verdict(account, tables={**told, "purchases": []}))
    assert problems(verdict(account, tables={**told, "reports": told["reports"][1:]})) == [("report", "extra")]
    twice = [*told["deposits"], {**told["deposits"][0], "id": "999"}]
    assert problems(verdict(account, tables={**told, "deposits": twice})) == [("deposit", "missing")]


def test_a_figure_that_a_report_does_not_show_any_more_is_named(account: Account, told: dict[str, Rows]) -> None:
    post(account, "Purchase", PaymentType="CreditCard", AccountRef={"value": "41"}, Line=[spent(6)])
    found = verdict(account, tables=told)
    sentences = " ".join(difference.sentence for difference in found.differences)
    assert {what for what, _ in problems(found)} == {"purchase", "report"}
    assert "Net Income is '-134.00' at the venue and '-140.00' at quickbooks" in sentences
