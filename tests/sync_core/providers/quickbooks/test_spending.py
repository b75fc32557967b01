"""Bills, their payments, purchases and deposits as they are read: all of them once, then what changed, was voided or deleted."""

from typing import Any

import pytest

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Remote
from tests.sync_core.providers.outside import done, read_all, write_one
from tests.sync_core.providers.quickbooks.conftest import QuickBooksCompany
from tests.sync_core.providers.quickbooks.writes import create_customer, create_receipt

KINDS = {"bills": "bill", "bill_payments": "billpayment", "purchases": "purchase", "deposits": "deposit"}


def line(amount: float, **more: Any) -> dict[str, Any]:
    detail = {"AccountRef": {"value": "69"}}
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
        **more,
    }


@pytest.fixture
def made(quickbooks: QuickBooksCompany) -> dict[str, dict[str, Any]]:
    """One object of each kind: a payment over two bills, of which the second is `bills`."""
    outside = quickbooks.outside
    (vendor,) = outside.seed("vendors", {"DisplayName": "Acme"})
    party = {"value": vendor["Id"]}
    bills = outside.seed("bills", *({"VendorRef": party, "Line": [line(150)]} for _ in range(2)))
    paid = [{"Amount": 75, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]} for bill in reversed(bills)]
    check = {"BankAccountRef": {"value": "35"}}
    (payment,) = outside.seed(
        "billpayments", {"VendorRef": party, "PayType": "Check", "TotalAmt": 150, "Line": paid, "CheckPayment": check}
    )
    (purchase,) = outside.seed(
        "purchases", {"AccountRef": {"value": "41"}, "PaymentType": "CreditCard", "Line": [line(34)]}
    )
    receipt = done(write_one(quickbooks.provider, "sales_receipts", create_receipt("o1")))
    brought = {
        "Amount": receipt.record["TotalAmt"],
        "LinkedTxn": [{"TxnId": receipt.id, "TxnType": "SalesReceipt", "TxnLineId": "0"}],
    }
    fee = {"Amount": -1.75, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "70"}}}
    (deposit,) = outside.seed("deposits", {"DepositToAccountRef": {"value": "35"}, "Line": [brought, fee]})
    return {"bills": bills[1], "bill_payments": payment, "purchases": purchase, "deposits": deposit}


def read(quickbooks: QuickBooksCompany, entity: str, cursor: Any = None) -> tuple[dict[str, Remote], Any]:
    records, after = read_all(quickbooks.provider, entity, cursor)
    return {one.id: one for one in records}, after


def test_each_kind_is_read_once_as_quickbooks_shows_it(quickbooks: QuickBooksCompany, made: dict[str, dict[str, Any]]):
    for entity, known in made.items():
        found, cursor = read(quickbooks, entity)
        shown = found[known["Id"]]
        assert (shown.record["TotalAmt"], shown.deleted) == (known["TotalAmt"], False)
        assert shown.updated_at is not None
        quickbooks.clock.advance(3600)
        _, cursor = read(quickbooks, entity, cursor)
        quickbooks.clock.advance(3600)
        assert read(quickbooks, entity, cursor)[0] == {}


def test_a_payment_names_its_bills_and_a_bill_what_is_still_owed(
    quickbooks: QuickBooksCompany, made: dict[str, dict[str, Any]]
):
    bills, _ = read(quickbooks, "bills")
    payment = read(quickbooks, "bill_payments")[0][made["bill_payments"]["Id"]]
    assert payment.record["BillIds"] == sorted(bills)
    assert [bill.record["Balance"] for bill in bills.values()] == [75, 75]


def test_a_deposit_shows_what_was_brought_and_what_the_fee_took(
    quickbooks: QuickBooksCompany, made: dict[str, dict[str, Any]]
):
    deposit = read(quickbooks, "deposits")[0][made["deposits"]["Id"]]
    brought, fee = deposit.record["Line"]
    assert brought["LinkedTxn"][0]["TxnType"] == "SalesReceipt"
    assert (fee["Amount"], fee["DepositLineDetail"]["AccountRef"]["name"]) == (-1.75, "Merchant Fees")


def test_what_an_accountant_deletes_or_voids_is_gone_and_the_bill_is_open_again(
    quickbooks: QuickBooksCompany, made: dict[str, dict[str, Any]]
):
    cursors = {entity: read(quickbooks, entity)[1] for entity in KINDS}
    quickbooks.clock.advance(3600)
    version = {"Id": made["bill_payments"]["Id"], "SyncToken": "0", "sparse": True}
    quickbooks.by_hand("POST", "billpayment", version, operation="update", include="void")
    for entity in ("purchases", "deposits"):
        gone = {"Id": made[entity]["Id"], "SyncToken": "0"}
        quickbooks.by_hand("POST", KINDS[entity], gone, operation="delete")

    for entity in ("bill_payments", "purchases", "deposits"):
        assert read(quickbooks, entity, cursors[entity])[0][made[entity]["Id"]].deleted, entity
    bill = read(quickbooks, "bills", cursors["bills"])[0][made["bills"]["Id"]]
    assert (bill.record["Balance"], bill.deleted) == (150, False)
    # Without a cursor there is no word of deletion, but a voided payment still says that it pays nothing.
    assert {one.deleted for one in read(quickbooks, "bill_payments")[0].values()} == {True}


@pytest.mark.parametrize("entity", [*KINDS, "reports"])
def test_nothing_of_it_is_written(quickbooks: QuickBooksCompany, entity: str):
    with pytest.raises(ProviderRefused, match="only read"):
        write_one(quickbooks.provider, entity, create_customer("L1"))
    assert quickbooks.provider.find(entity, []) == {}
