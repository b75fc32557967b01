"""What is only read from the books comes home as a person would write it down: whole amounts, plain words, days."""

from typing import Any

import pytest

from tests.mappings.test_quickbooks_templates import back, compiled

DOLLARS = {"CurrencyRef": {"value": "USD", "name": "United States Dollar"}, "TxnDate": "2026-05-05"}
ENTITIES = ("deposits", "bills", "bill_payments", "purchases", "reports")


@pytest.mark.parametrize("entity", ENTITIES)
def test_nothing_of_it_is_sent_and_every_column_is_filled(entity: str) -> None:
    mapping = compiled(entity)
    assert mapping.push_paths == ()
    assert set(mapping.pull_columns) | {"provider"} == set(mapping.model.columns)


def test_a_deposit_of_a_payout_is_what_was_sold_less_the_fee() -> None:
    row = back(
        compiled("deposits"),
        {
            **DOLLARS,
            "DepositToAccountRef": {"value": "35", "name": "Checking"},
            "TotalAmt": 48.25,
            "PrivateNote": " Stripe, week 19 ",
            "Line": [
                {"Amount": 50, "LinkedTxn": [{"TxnId": "180", "TxnType": "SalesReceipt"}], "DepositLineDetail": {}},
                {"Amount": -1.75, "DepositLineDetail": {"AccountRef": {"value": "70", "name": "Merchant Fees"}}},
            ],
        },
    )
    assert row.pop("deposited_at").isoformat() == "2026-05-05T00:00:00+00:00"
    sold = {"line": 1, "amount_minor": 5000, "account": None, "source": "SalesReceipt", "source_id": "180"}
    fee = {"line": 2, "amount_minor": -175, "account": "Merchant Fees", "source": None, "source_id": None}
    assert row == {
        "account": "Checking",
        "total_minor": 4825,
        "currency": "USD",
        "memo": "Stripe, week 19",
        "lines": [sold | {"description": None}, fee | {"description": None}],
    }


def test_a_bill_is_owed_as_far_as_it_is_not_paid() -> None:
    row = back(
        compiled("bills"),
        {**DOLLARS, "VendorRef": {"value": "56", "name": "Bob's"}, "TotalAmt": 150, "Balance": 0.5, "DocNumber": "7"},
    )
    assert (row["vendor"], row["number"], row["total_minor"], row["due_minor"]) == ("Bob's", "7", 15000, 50)
    assert (row["billed_at"].isoformat(), row["due_at"]) == ("2026-05-05T00:00:00+00:00", None)


@pytest.mark.parametrize(("theirs", "ours"), [("Check", "check"), ("CreditCard", "credit card")])
def test_a_bill_payment_names_its_bills_and_how_they_were_paid(theirs: str, ours: str) -> None:
    paid = {**DOLLARS, "VendorRef": {"value": "56", "name": "Bob's"}, "PayType": theirs, "TotalAmt": 75}
    row = back(compiled("bill_payments"), {**paid, "BillIds": ["191", "192"]})
    assert (row["method"], row["total_minor"], row["bill_ids"]) == (ours, 7500, ["191", "192"])


def test_a_purchase_without_a_payee_is_money_spent_all_the_same() -> None:
    shown: dict[str, Any] = {
        **DOLLARS,
        "AccountRef": {"value": "41", "name": "Mastercard"},
        "PaymentType": "CreditCard",
        "Credit": False,
        "TotalAmt": 42.4,
    }
    row = back(compiled("purchases"), shown)
    assert (row["payee"], row["account"], row["method"]) == (None, "Mastercard", "credit card")
    assert (row["total_minor"], row["credit"]) == (4240, False)


def test_a_report_is_kept_whole() -> None:
    header = {"ReportName": "CashFlow", "StartPeriod": "2026-10-01", "EndPeriod": "2026-10-31", "Currency": "USD"}
    content = {"Header": header, "Columns": {}, "Rows": {"Row": [{"type": "Section", "group": "EndingCash"}]}}
    row = back(compiled("reports"), {"Header": header, "Content": content})
    assert (row["name"], row["starts_on"], row["ends_on"], row["basis"]) == (
        "CashFlow",
        "2026-10-01",
        "2026-10-31",
        None,
    )
    assert row["content"] == content
