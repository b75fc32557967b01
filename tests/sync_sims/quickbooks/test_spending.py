"""Money that is owed, paid, spent and brought to the bank, as the official SDK writes, reads and follows it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.objects import Bill, BillPayment, Deposit, Purchase, Vendor

from tests.sync_sims.quickbooks.conftest import NOON, HandClock
from tests.sync_sims.quickbooks.test_documents import spent

Ask = Callable[..., requests.Response]
Json = dict[str, Any]


@pytest.fixture
def spending(sdk: QuickBooks, clock: HandClock) -> dict[str, Any]:
    """A vendor, a bill with half of it paid, a purchase and a deposit, all made by the SDK an hour after noon."""
    clock.advance(3600)

    def made(kind: Any, row: Json) -> Any:
        return kind.from_json(row).save(qb=sdk)

    vendor = made(Vendor, {"DisplayName": "Acme"})
    party = {"value": vendor.Id}
    bill = made(Bill, {"VendorRef": party, "DocNumber": "A-17", "DueDate": "2026-08-01", "Line": [spent(150)]})
    line = {"Amount": 75, "LinkedTxn": [{"TxnId": bill.Id, "TxnType": "Bill"}]}
    check = {"BankAccountRef": {"value": "35"}}
    paid = {"VendorRef": party, "PayType": "Check", "TotalAmt": 75, "Line": [line], "CheckPayment": check}
    bought = {"AccountRef": {"value": "41"}, "PaymentType": "CreditCard", "Line": [spent(34)]}
    brought = {"Amount": 96.5, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "79"}}}
    return {
        "Vendor": vendor,
        "Bill": bill,
        "BillPayment": made(BillPayment, paid),
        "Purchase": made(Purchase, bought),
        "Deposit": made(Deposit, {"DepositToAccountRef": {"value": "35"}, "Line": [brought]}),
    }


def test_the_sdk_finds_what_it_made(sdk: QuickBooks, spending: dict[str, Any]):
    (bill,) = Bill.filter(DocNumber="A-17", qb=sdk)
    assert (bill.TotalAmt, bill.Balance, bill.VendorRef.name, bill.DueDate) == (150, 75, "Acme", "2026-08-01")
    (payment,) = BillPayment.where("PayType = 'Check'", qb=sdk)
    assert payment.Line[0].LinkedTxn[0].TxnId == bill.Id
    assert Purchase.get(spending["Purchase"].Id, qb=sdk).AccountRef.name == "Mastercard"
    (deposit,) = Deposit.all(qb=sdk)
    assert (deposit.TotalAmt, deposit.DepositToAccountRef.name) == (96.5, "Checking")
    assert Vendor.get(spending["Vendor"].Id, qb=sdk).Balance == 75


def test_change_data_tells_the_sdk_of_each_kind_and_of_what_was_deleted(
    sdk: QuickBooks, spending: dict[str, Any], clock: HandClock
):
    kinds = [Bill, BillPayment, Purchase, Deposit]
    noon = datetime.fromtimestamp(NOON, UTC).isoformat(timespec="seconds")
    first: Any = change_data_capture(kinds, noon, qb=sdk)
    assert {kind.__name__: len(getattr(first, kind.__name__)) for kind in kinds} == dict.fromkeys(
        ("Bill", "BillPayment", "Purchase", "Deposit"), 1
    )
    clock.advance(3600)
    spending["Purchase"].delete(qb=sdk)
    later: Any = change_data_capture(kinds, datetime.fromtimestamp(clock.now - 60, UTC).isoformat(), qb=sdk)
    (gone,) = later.Purchase
    assert (gone.Id, gone.status) == (spending["Purchase"].Id, "Deleted")
    assert not hasattr(later, "Bill")


def test_a_voided_payment_of_a_bill_leaves_the_bill_open_again(sdk: QuickBooks, ask: Ask, spending: dict[str, Any]):
    spending["BillPayment"].void(qb=sdk)
    payment = ask("GET", f"/billpayment/{spending['BillPayment'].Id}").json()["BillPayment"]
    assert (payment["TotalAmt"], payment["Line"], payment["PrivateNote"]) == (0, [], "Voided")
    bill = ask("GET", f"/bill/{spending['Bill'].Id}").json()["Bill"]
    assert (bill["Balance"], bill["LinkedTxn"]) == (150, [])
