"""The QuickBooks templates of documents: lines item by item, days for times, and the venue's id where it is found again."""

from typing import Any

import pandas as pd

from tests.mappings.test_quickbooks_templates import back, compiled, refused, sent

INVOICES, PAYMENTS = compiled("invoices"), compiled("payments")
REFUNDS, RECEIPTS = compiled("refund_receipts"), compiled("sales_receipts")

AT = pd.Timestamp("2026-01-02T20:00:00Z").to_pydatetime()
LINE: dict[str, Any] = {
    "line": 1,
    "product_id": "7",
    "sku": "S-1",
    "description": "Hamlet",
    "quantity": 2,
    "amount_minor": 9050,
}
SOLD = {
    "Amount": 90.5,
    "Description": "Hamlet",
    "SalesItemLineDetail": {"ItemRef": {"value": "7"}, "Qty": 2},
}


def test_an_order_is_a_sales_receipt_with_its_lines() -> None:
    record = sent(
        RECEIPTS, customer_id="60", total_minor=9050, currency="USD", status="completed", ordered_at=AT, lines=[LINE]
    )
    assert record == {
        "PrivateNote": "id-1",
        "CustomerRef": {"value": "60"},
        "TotalAmt": 90.5,
        "CurrencyRef": {"value": "USD"},
        "TxnStatus": "Paid",
        "TxnDate": "2026-01-02",
        "Line": [SOLD],
    }
    without = sent(RECEIPTS, total_minor=9050, currency="JPY", ordered_at=AT, lines=[])
    assert ("Line" in without, without["TotalAmt"]) == (False, 9050)
    assert refused(RECEIPTS, total_minor=-1, currency="USD", ordered_at=AT, lines=[]).code == "minimum"


def test_an_invoice_comes_back_as_it_went() -> None:
    row = {
        "number": "2026-17",
        "customer_id": "60",
        "status": "open",
        "total_minor": 9050,
        "currency": "KWD",
        "memo": "Thank you",
        "lines": [LINE],
        "issued_at": AT.replace(hour=0),
        "due_at": AT.replace(month=2, hour=0),
    }
    record = sent(INVOICES, **row)
    assert (record["TotalAmt"], record["Line"][0]["Amount"], record["TxnStatus"]) == (9.05, 9.05, "UnPaid")
    home = back(INVOICES, {**record, "Balance": 9.05})
    assert home == {**row, "due_minor": 9050, "lines": [{**LINE, "sku": None}]}


def test_a_payment_is_money_that_came_and_a_voided_one_is_not() -> None:
    payment = {
        "TotalAmt": 100,
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "CustomerRef": {"value": "1"},
        "TxnDate": "2026-05-05",
        "Line": [{"Amount": 100, "LinkedTxn": [{"TxnId": "9", "TxnType": "Invoice"}]}],
    }
    row = back(PAYMENTS, payment)
    assert row.pop("paid_at").isoformat() == "2026-05-05T00:00:00+00:00"
    assert row == {
        "amount_minor": 10000,
        "currency": "USD",
        "status": "succeeded",
        "customer_id": "1",
        "invoice_id": "9",
        "description": None,
    }
    assert back(PAYMENTS, {**payment, "TotalAmt": 0, "status": "Voided"})["status"] == "canceled"
    assert PAYMENTS.new_row == {"refunded_minor": 0}
    record = sent(PAYMENTS, amount_minor=10000, currency="USD", status="succeeded", customer_id="1", invoice_id="9")
    assert record["Line"] == [{"LinkedTxn": [{"TxnId": "9"}]}]
    pending = refused(PAYMENTS, amount_minor=10000, currency="USD", status="pending")
    assert "canceled, succeeded" in pending.reason


def test_a_refund_receipt_is_a_refund() -> None:
    row = back(REFUNDS, {"TotalAmt": 42.4, "CurrencyRef": {"value": "USD"}, "TxnDate": "2026-05-03"})
    assert (row["amount_minor"], row["currency"], row["reason"], row["status"]) == (4240, "USD", None, "succeeded")
    record = sent(REFUNDS, amount_minor=4240, currency="USD", reason="Rain", status="requested")
    assert record == {
        "Mark": "id-1",
        "TotalAmt": 42.4,
        "CurrencyRef": {"value": "USD"},
        "CustomerMemo": {"value": "Rain"},
    }
