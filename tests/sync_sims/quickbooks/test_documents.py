"""Invoices, receipts, payments, bills and deposits: what they hold, what they change, and what becomes of it."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from quickbooks import QuickBooks
from quickbooks.objects import Customer, Invoice, Payment

from tests.sync_sims.quickbooks.conftest import HandClock
from tests.sync_sims.quickbooks.test_lists import INVENTORY, fault

Ask = Callable[..., requests.Response]
Seed = Callable[..., dict[str, Any]]


def sold(item: dict[str, Any], amount: float, **detail: Any) -> dict[str, Any]:
    """A line of a sale."""
    full = {"ItemRef": {"value": item["Id"]}, **detail}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": full}


def spent(amount: float, account: str = "69") -> dict[str, Any]:
    """A line of a bill or a purchase."""
    detail = {"AccountRef": {"value": account}}
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }


@pytest.fixture
def ada(seed: Seed) -> dict[str, Any]:
    return seed("customers", DisplayName="Ada", BillAddr={"City": "London"})


@pytest.fixture
def ticket(seed: Seed) -> dict[str, Any]:
    return seed("items", Name="Ticket", Type="Service", IncomeAccountRef={"value": "1"}, UnitPrice=50)


@pytest.fixture
def basket(ada: dict[str, Any], ticket: dict[str, Any]) -> dict[str, Any]:
    """An invoice as it may be."""
    return {"CustomerRef": {"value": ada["Id"]}, "Line": [sold(ticket, 5)]}


def test_the_sdk_invoices_a_customer_and_takes_the_payment(
    sdk: QuickBooks, ask: Ask, ada: dict[str, Any], ticket: dict[str, Any], clock: HandClock
):
    customer = {"value": ada["Id"]}
    line = sold(ticket, 100.5, Qty=2, UnitPrice=50.25)
    clock.advance(10)
    made: Any = Invoice.from_json({"CustomerRef": customer, "Line": [line]}).save(qb=sdk)
    assert (made.TotalAmt, made.Balance, made.DocNumber, made.TxnDate, made.DueDate) == (
        100.5,
        100.5,
        "1001",
        "2026-07-15",
        "2026-08-14",
    )
    assert [entry.DetailType for entry in made.Line] == ["SalesItemLineDetail", "SubTotalLineDetail"]
    assert made.BillAddr.City == "London"
    assert Customer.get(ada["Id"], qb=sdk).Balance == 100.5

    paid = {"Amount": 50.5, "LinkedTxn": [{"TxnId": made.Id, "TxnType": "Invoice"}]}
    taken: Any = Payment.from_json({"CustomerRef": customer, "TotalAmt": 60, "Line": [paid]}).save(qb=sdk)
    assert taken.UnappliedAmt == 9.5
    after = ask("GET", f"/invoice/{made.Id}").json()["Invoice"]
    assert (after["Balance"], after["LinkedTxn"]) == (50, [{"TxnId": taken.Id, "TxnType": "Payment"}])
    assert Customer.get(ada["Id"], qb=sdk).Balance == 40.5
    taken.delete(qb=sdk)
    after = ask("GET", f"/invoice/{made.Id}").json()["Invoice"]
    assert (after["Balance"], after["LinkedTxn"]) == (100.5, [])
    assert fault(ask("GET", f"/payment/{taken.Id}"))["code"] == "610"


def test_a_document_stamps_its_customer_but_leaves_the_sync_token(
    ask: Ask, seed: Seed, ada: dict[str, Any], ticket: dict[str, Any], clock: HandClock
):
    clock.advance(60)
    seed("invoices", CustomerRef={"value": ada["Id"]}, Line=[sold(ticket, 50)])
    after = ask("GET", f"/customer/{ada['Id']}").json()["Customer"]
    assert (after["Balance"], after["SyncToken"]) == (50, "0")
    assert after["MetaData"]["LastUpdatedTime"] > ada["MetaData"]["LastUpdatedTime"]


def test_the_line_amount_must_be_quantity_times_price(ask: Ask, ada: dict[str, Any], ticket: dict[str, Any]):
    given = {"CustomerRef": {"value": ada["Id"]}, "Line": [sold(ticket, 100, Qty=3, UnitPrice=33.33)]}
    error = fault(ask("POST", "/invoice", json=given))
    assert (error["code"], error["element"]) == ("6070", "Line.Amount")


@pytest.mark.parametrize(
    ("change", "code", "element"),
    [
        ({"CustomerRef": None}, "2020", "CustomerRef"),
        ({"CustomerRef": {"value": "999"}}, "2500", "CustomerRef"),
        ({"Line": []}, "2020", "Line"),
        ({"Line": [{"Amount": 1}]}, "2020", "Line.DetailType"),
        ({"Line": [{"Amount": 1, "DetailType": "Gift"}]}, "2170", "Line.DetailType"),
        ({"Line": [{"DetailType": "SalesItemLineDetail"}]}, "2020", "Line.Amount"),
        ({"Line": [sold({"Id": "999"}, 5)]}, "2500", "Line.SalesItemLineDetail.ItemRef"),
        ({"Line": [sold({"Id": "1"}, 5, TaxCodeRef={"value": "VAT"})]}, "6100", "Line.TaxCodeRef"),
        ({"TxnDate": "15/07/2026"}, "2010", "TxnDate"),
        ({"DocNumber": "1" * 22}, "2050", "DocNumber"),
        ({"Line": [{"Amount": "much", "DetailType": "SalesItemLineDetail"}]}, "2090", "Line.Amount"),
    ],
)
def test_an_invoice_that_quickbooks_would_refuse(
    ask: Ask, basket: dict[str, Any], change: dict[str, Any], code: str, element: str
):
    error = fault(ask("POST", "/invoice", json={**basket, **change}))
    assert (error["code"], error["element"]) == (code, element)
    customer = ask("GET", f"/customer/{basket['CustomerRef']['value']}").json()["Customer"]
    assert customer["Balance"] == 0


def test_an_inactive_customer_cannot_be_invoiced(ask: Ask, seed: Seed, ada: dict[str, Any], ticket: dict[str, Any]):
    seed("customers", Id=ada["Id"], Active=False)
    given = {"CustomerRef": {"value": ada["Id"]}, "Line": [sold(ticket, 5)]}
    error = fault(ask("POST", "/invoice", json=given))
    assert error["code"] == "2500"
    assert "made inactive" in error["Detail"]


def test_a_document_number_is_given_once_unless_the_company_does_not_care(
    ask: Ask, simulator: Any, ada: dict[str, Any], ticket: dict[str, Any]
):
    given = {"CustomerRef": {"value": ada["Id"]}, "Line": [sold(ticket, 5)], "DocNumber": "1001"}
    first = ask("POST", "/invoice", json=given).json()["Invoice"]
    error = fault(ask("POST", "/salesreceipt", json=given))
    assert error["code"] == "6140"
    assert error["Detail"].endswith(f"DocNumber=1001 is assigned to TxnType=Invoice with TxnId={first['Id']}")
    automatic = ask("POST", "/invoice", json={**given, "DocNumber": "AUTO_GENERATE"}).json()["Invoice"]
    assert automatic["DocNumber"] == "1002"
    simulator.terms.duplicate_numbers = "allow"
    assert ask("POST", "/salesreceipt", json=given).status_code == 200


def test_money_of_a_payment_goes_only_as_far_as_the_invoice_is_open(
    ask: Ask, seed: Seed, ada: dict[str, Any], ticket: dict[str, Any]
):
    invoice = seed("invoices", CustomerRef={"value": ada["Id"]}, Line=[sold(ticket, 50)])
    line = {"Amount": 50.01, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    given = {"CustomerRef": {"value": ada["Id"]}, "TotalAmt": 60, "Line": [line]}
    assert fault(ask("POST", "/payment", json=given))["code"] == "6000"
    more = {**given, "TotalAmt": 10, "Line": [{**line, "Amount": 50}]}
    assert fault(ask("POST", "/payment", json=more))["code"] == "6000"
    bea = seed("customers", DisplayName="Bea")
    other = {**given, "CustomerRef": {"value": bea["Id"]}, "Line": [{**line, "Amount": 1}]}
    assert fault(ask("POST", "/payment", json=other))["element"] == "Line.LinkedTxn"
    assert ask("GET", f"/invoice/{invoice['Id']}").json()["Invoice"]["Balance"] == 50


def test_a_deleted_invoice_frees_the_money_of_its_payments(
    ask: Ask, seed: Seed, ada: dict[str, Any], ticket: dict[str, Any]
):
    invoice = seed("invoices", CustomerRef={"value": ada["Id"]}, Line=[sold(ticket, 50)])
    line = {"Amount": 50, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    payment = seed("payments", CustomerRef={"value": ada["Id"]}, TotalAmt=50, Line=[line])
    answer = ask("POST", "/invoice?operation=delete", json={"Id": invoice["Id"], "SyncToken": "0"}).json()
    assert answer["Invoice"] == {"status": "Deleted", "domain": "QBO", "Id": invoice["Id"]}
    after = ask("GET", f"/payment/{payment['Id']}").json()["Payment"]
    assert (after["UnappliedAmt"], after["Line"]) == (50, [])
    assert ask("GET", f"/customer/{ada['Id']}").json()["Customer"]["Balance"] == -50


def test_the_sdk_voids_an_invoice(sdk: QuickBooks, ask: Ask, seed: Seed, ada: dict[str, Any], ticket: dict[str, Any]):
    made = seed("invoices", CustomerRef={"value": ada["Id"]}, Line=[sold(ticket, 50, Qty=1, UnitPrice=50)])
    Invoice.get(made["Id"], qb=sdk).void(qb=sdk)
    after = ask("GET", f"/invoice/{made['Id']}").json()["Invoice"]
    assert (after["TotalAmt"], after["Balance"], after["PrivateNote"], after["SyncToken"]) == (0, 0, "Voided", "1")
    assert ask("GET", f"/customer/{ada['Id']}").json()["Customer"]["Balance"] == 0


def test_sales_and_refunds_move_money_and_stock(ask: Ask, seed: Seed):
    shirt = seed("items", **INVENTORY)
    line = sold(shirt, 30, Qty=2, UnitPrice=15)
    receipt = seed("salesreceipts", Line=[line], DepositToAccountRef={"value": "35"}, PaymentMethodRef={"value": "1"})
    assert (receipt["TotalAmt"], receipt["PaymentMethodRef"]["name"]) == (30, "Cash")
    assert fault(ask("POST", "/refundreceipt", json={"Line": [line]}))["element"] == "DepositToAccountRef"
    back = sold(shirt, 15, Qty=1, UnitPrice=15)
    seed("refundreceipts", Line=[back], DepositToAccountRef={"value": "35"})
    assert ask("GET", f"/item/{shirt['Id']}").json()["Item"]["QtyOnHand"] == 9
    balances = {
        row["Name"]: row["CurrentBalance"]
        for row in ask("GET", "/query", params={"query": "SELECT * FROM Account"}).json()["QueryResponse"]["Account"]
    }
    assert balances["Checking"] == 15
    assert balances["Sales of Product Income"] == 15
    assert (balances["Inventory Asset"], balances["Cost of Goods Sold"]) == (36, 4)
    assert balances["Opening Balance Equity"] == 40


def test_a_deposit_of_a_payout_brings_receipts_less_fees_to_the_bank(
    ask: Ask, seed: Seed, ada: dict[str, Any], ticket: dict[str, Any]
):
    receipt = seed("salesreceipts", Line=[sold(ticket, 50)])
    linked = {"Amount": 50, "LinkedTxn": [{"TxnId": receipt["Id"], "TxnType": "SalesReceipt", "TxnLineId": "0"}]}
    fee = {"Amount": -1.75, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "70"}}}
    given = {"DepositToAccountRef": {"value": "35"}, "Line": [linked, fee]}
    made = ask("POST", "/deposit", json=given).json()["Deposit"]
    assert made["TotalAmt"] == 48.25
    accounts = {
        name: ask("GET", f"/account/{number}").json()["Account"]["CurrentBalance"]
        for name, number in (("bank", "35"), ("undeposited", "4"), ("fees", "70"))
    }
    assert accounts == {"bank": 48.25, "undeposited": 0, "fees": 1.75}
    assert fault(ask("POST", "/deposit", json=given))["element"] == "Line.LinkedTxn"


def test_bills_are_owed_until_they_are_paid(ask: Ask, seed: Seed):
    vendor = seed("vendors", DisplayName="Acme")
    reference = {"value": vendor["Id"]}
    bill = seed("bills", VendorRef=reference, Line=[spent(150)])
    assert (bill["TotalAmt"], bill["Balance"], bill["APAccountRef"]["name"]) == (150, 150, "Accounts Payable (A/P)")
    assert ask("GET", f"/vendor/{vendor['Id']}").json()["Vendor"]["Balance"] == 150
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
    check = {"BankAccountRef": {"value": "41"}}
    given = {"VendorRef": reference, "PayType": "Check", "TotalAmt": 100, "Line": [line], "CheckPayment": check}
    assert fault(ask("POST", "/billpayment", json=given))["code"] == "6430"
    check["BankAccountRef"]["value"] = "35"
    paid = ask("POST", "/billpayment", json=given).json()["BillPayment"]
    after = ask("GET", f"/bill/{bill['Id']}").json()["Bill"]
    assert (after["Balance"], after["LinkedTxn"]) == (50, [{"TxnId": paid["Id"], "TxnType": "BillPayment"}])
    assert ask("GET", f"/vendor/{vendor['Id']}").json()["Vendor"]["Balance"] == 50


def test_a_purchase_is_paid_from_an_account_of_the_right_kind(ask: Ask, seed: Seed):
    vendor = seed("vendors", DisplayName="Acme")
    given = {"AccountRef": {"value": "41"}, "PaymentType": "Cash", "Line": [spent(34)]}
    assert fault(ask("POST", "/purchase", json=given))["code"] == "6430"
    card = {**given, "PaymentType": "CreditCard", "EntityRef": {"value": vendor["Id"], "type": "Vendor"}}
    made = ask("POST", "/purchase", json=card).json()["Purchase"]
    assert (made["TotalAmt"], made["EntityRef"]["name"], made["Credit"]) == (34, "Acme", False)
    assert ask("GET", "/account/41").json()["Account"]["CurrentBalance"] == 34
