"""The judge finds every kind of difference that somebody could leave between a venue and its QuickBooks company."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync_sims.judge import Account, Unreadable, VenueSide, Verdict, judge
from sync_sims.judge_accounts import read_account
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.server import running
from sync_sims.wire import UNLIMITED

TOKEN, REALM = "eyJ-judge-token", "9341457021722202"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOOKS = ("deposits", "bills", "bill_payments", "purchases")
TABLES = ("customers", "products", "orders", "invoices", "payments", "refunds", *BOOKS)
Rows = list[dict[str, Any]]

ADA: dict[str, Any] = {
    "id": "c-1",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "company": None,
    "email": "ada@example.com",
    "phone": "+442079460000",
    "address_line1": "1 Square",
    "city": "London",
    "region": None,
    "postcode": "W1",
    "country": "gb",
    "note": None,
}
SEAT: dict[str, Any] = {
    "id": "p-1",
    "name": "Hall: Seat",
    "description": None,
    "kind": "ticket",
    "sku": "S1",
    "price_minor": 2550,
    "currency": "USD",
}
ORDER: dict[str, Any] = {
    "id": "o-1",
    "origin": "sale",
    "provider": "stripe",
    "total_minor": 5100,
    "currency": "USD",
    "status": "completed",
    "ordered_at": NOON,
    "customer_id": "c-1",
    "lines": [{"product_id": "p-1", "quantity": None, "amount_minor": 5100}],
}


@pytest.fixture
def account() -> Iterator[Account]:
    simulator = QuickBooksSimulator(limits=UNLIMITED, clock=NOON.timestamp, chance=random.Random(7))
    simulator.register(TOKEN, account_id=REALM, name="Blue Note")
    with running(simulator) as base:
        yield Account("blue-note", "quickbooks", base, TOKEN, parts={"realm_id": REALM})


def post(account: Account, entity: str, **fields: Any) -> dict[str, Any]:
    answer = requests.post(
        f"{account.base}/v3/company/{REALM}/{entity.lower()}",
        params={"minorversion": "75"},
        headers={"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"},
        json=fields,
        timeout=10,
    )
    assert answer.ok, answer.text
    return answer.json()[entity]


HALF = {"DetailType": "SalesItemLineDetail", "Amount": 25.5, "SalesItemLineDetail": {}}


def put_ada(account: Account, **other: Any) -> str:
    fields = {
        "DisplayName": "Ada Lovelace",
        "GivenName": "Ada",
        "FamilyName": "Lovelace",
        "PrimaryEmailAddr": {"Address": "ada@example.com"},
        "PrimaryPhone": {"FreeFormNumber": "+442079460000"},
        "BillAddr": {"Line1": "1 Square", "City": "London", "PostalCode": "W1", "Country": "GBR"},
    }
    return post(account, "Customer", **{**fields, **other})["Id"]


def put_seat(account: Account, **other: Any) -> str:
    fields = {"Name": "Hall - Seat", "Sku": "S1", "Type": "Service", "UnitPrice": 25.5}
    return post(account, "Item", **{**fields, "IncomeAccountRef": {"value": "79"}, **other})["Id"]


def book(account: Account, customer: str, item: str, *, amount: float = 51, **other: Any) -> str:
    line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": {"ItemRef": {"value": item}}}
    fields = {
        "PrivateNote": "o-1",
        "DocNumber": "VS-1",
        "TxnDate": "2026-11-20",
        "CustomerRef": {"value": customer},
        "Line": [line],
    }
    return post(account, "SalesReceipt", **{**fields, **other})["Id"]


def reports_there(account: Account) -> Rows:
    """The reports that QuickBooks would show now, as the venue keeps them."""
    return [
        {
            "id": f"{shown['Header']['ReportName']}-{shown['Header']['StartPeriod'][:7]}",
            "provider": "quickbooks",
            "name": shown["Header"]["ReportName"],
            "starts_on": shown["Header"]["StartPeriod"],
            "ends_on": shown["Header"]["EndPeriod"],
            "content": shown,
        }
        for shown in read_account(account).reports
    ]


def verdict(account: Account, *, tables: dict[str, Rows] | None = None, **side: Any) -> Verdict:
    rows = {**{name: [] for name in TABLES}, "reports": reports_there(account), **(tables or {})}
    return judge([account], lambda _venue, _provider: VenueSide(tables=rows, **side))


def problems(found: Verdict) -> list[tuple[str, str]]:
    return [(difference.what, difference.problem) for difference in found.differences]


def test_two_empty_sides_are_equal(account: Account) -> None:
    assert verdict(account).equal


def test_equal_customers_items_and_receipts_are_equal(account: Account) -> None:
    customer, item = put_ada(account), put_seat(account)
    book(account, customer, item)
    tables = {"customers": [ADA], "products": [SEAT], "orders": [ORDER]}
    found = verdict(account, tables=tables, known={customer: "c-1"}, known_products={item: "p-1"})
    assert found.differences == ()
    assert found.compared["quickbooks", "sales receipt"] == 1


def test_missing_and_extra_records_are_found(account: Account) -> None:
    tables = {"customers": [ADA], "products": [SEAT], "orders": [ORDER]}
    assert problems(verdict(account, tables=tables)) == [
        ("customer", "missing"),
        ("item", "missing"),
        ("sales receipt", "missing"),
    ]
    customer, item = put_ada(account), put_seat(account)
    book(account, customer, item)
    assert problems(verdict(account)) == [("customer", "extra"), ("item", "extra"), ("sales receipt", "extra")]


def test_a_doubled_customer_is_found(account: Account) -> None:
    known = {put_ada(account): "c-1", put_ada(account, DisplayName="Ada Lovelace (c-1)"): "c-1"}
    assert problems(verdict(account, tables={"customers": [ADA]}, known=known)) == [("customer", "doubled")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"GivenName": "Augusta"}, "given name"),
        ({"FamilyName": "Byron"}, "family name"),
        ({"CompanyName": "Engines"}, "company"),
        ({"PrimaryEmailAddr": {"Address": "a@example.com"}}, "e-mail"),
        ({"PrimaryPhone": {"FreeFormNumber": "1"}}, "phone"),
        ({"Notes": "late"}, "note"),
        ({"BillAddr": {"Line1": "1 Square", "City": "Paris", "PostalCode": "W1", "Country": "GBR"}}, "city"),
        ({"BillAddr": {"Line1": "1 Square", "City": "London", "PostalCode": "W1", "Country": "FRA"}}, "country"),
    ],
)
def test_a_customers_field_that_differs_is_named(account: Account, change: dict[str, Any], field: str) -> None:
    known = {put_ada(account, **change): "c-1"}
    found = verdict(account, tables={"customers": [ADA]}, known=known)
    assert problems(found) == [("customer", "different")]
    assert f"{field} is" in found.differences[0].sentence


def test_a_customer_who_is_not_in_use_is_missing(account: Account) -> None:
    known = {put_ada(account): "c-1"}
    post(account, "Customer", Id=next(iter(known)), SyncToken="0", sparse=True, Active=False)
    assert problems(verdict(account, tables={"customers": [ADA]}, known=known)) == [("customer", "missing")]
    assert verdict(account, known=known).equal


def test_a_display_name_that_an_accountant_chose_is_no_difference(account: Account) -> None:
    known = {put_ada(account, DisplayName="The Countess"): "c-1"}
    assert verdict(account, tables={"customers": [ADA]}, known=known).equal


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"Name": "Chair"}, "name"),
        ({"Name": "Hall - Seat (p-2)"}, "name"),
        ({"UnitPrice": 25.51}, "price"),
        ({"Sku": "S2"}, "article number"),
        ({"Type": "NonInventory"}, "type"),
        ({"Description": "Row A"}, "description"),
    ],
)
def test_a_different_item_is_found(account: Account, change: dict[str, Any], field: str) -> None:
    known = {put_seat(account, **change): "p-1"}
    found = verdict(account, tables={"products": [SEAT]}, known_products=known)
    assert problems(found) == [("item", "different")]
    assert f"{field} is" in found.differences[0].sentence


def test_an_item_may_carry_the_venues_id_behind_its_name(account: Account) -> None:
    known = {put_seat(account, Name="Hall - Seat (p-1)"): "p-1"}
    assert verdict(account, tables={"products": [SEAT]}, known_products=known).equal


def test_the_collective_item_is_no_product(account: Account) -> None:
    put_seat(account, Name="Ticket sales")
    assert verdict(account).equal


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 51.01}, "amount"),
        ({"TxnDate": "2026-11-21"}, "date"),
        ({"CustomerRef": {"value": "other"}}, "customer"),
        ({"Line": [HALF, HALF]}, "lines"),
    ],
)
def test_a_different_receipt_is_found(account: Account, change: dict[str, Any], field: str) -> None:
    customer, item = put_ada(account), put_seat(account)
    if "CustomerRef" in change:
        change = {"CustomerRef": {"value": put_ada(account, DisplayName="Somebody")}}
    book(account, customer, item, **change)
    found = verdict(account, tables={"orders": [ORDER]}, known={customer: "c-1"}, known_products={item: "p-1"})
    receipts = [difference for difference in found.differences if difference.what == "sales receipt"]
    assert {difference.problem for difference in receipts} == {"different"}
    assert f"{field} is" in receipts[0].sentence


def test_an_order_that_is_booked_twice_is_found(account: Account) -> None:
    customer, item = put_ada(account), put_seat(account)
    for number in ("VS-1", "VS-2"):
        book(account, customer, item, DocNumber=number)
    found = problems(verdict(account, tables={"orders": [ORDER]}, known={customer: "c-1"}))
    assert ("sales receipt", "doubled") in found


def test_receipts_that_an_accountant_wrote_and_opening_balances_are_not_compared(account: Account) -> None:
    customer, item = put_ada(account), put_seat(account)
    book(account, customer, item, DocNumber="1001")
    found = verdict(account, tables={"orders": [{**ORDER, "origin": "opening_balance"}]}, known={customer: "c-1"})
    assert "sales receipt" not in {difference.what for difference in found.differences}


def test_payments_and_refunds_that_were_received_there_are_compared(account: Account) -> None:
    customer, item = put_ada(account), put_seat(account)
    payment = post(account, "Payment", CustomerRef={"value": customer}, TotalAmt=20, TxnDate="2026-11-20")["Id"]
    line = {"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": {"ItemRef": {"value": item}}}
    refund = post(
        account,
        "RefundReceipt",
        CustomerRef={"value": customer},
        DepositToAccountRef={"value": "35"},
        TxnDate="2026-11-20",
        Line=[line],
    )["Id"]
    common = {"provider": "quickbooks", "currency": "USD"}
    who = {"customer_id": "c-1", "invoice_id": None}
    paid = {**common, **who, "id": payment, "amount_minor": 2000, "paid_at": NOON}
    returned = {**common, "id": refund, "amount_minor": 500, "refunded_at": NOON, "reason": None}
    tables = {"customers": [ADA], "products": [SEAT], "payments": [paid], "refunds": [returned]}
    known = {"known": {customer: "c-1"}, "known_products": {item: "p-1"}}
    assert verdict(account, tables=tables, **known).differences == ()
    wrong = {**tables, "payments": [{**paid, "amount_minor": 1}], "refunds": []}
    assert problems(verdict(account, tables=wrong, **known)) == [("payment", "different"), ("refund", "extra")]


def put_invoice(account: Account, customer: str, item: str, **other: Any) -> str:
    sold = {
        "DetailType": "SalesItemLineDetail",
        "Amount": 51,
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "Qty": 2},
    }
    fields = {"CustomerRef": {"value": customer}, "TxnDate": "2026-11-20", "DueDate": "2026-12-20", "Line": [sold]}
    return post(account, "Invoice", **{**fields, "PrivateNote": "venue-sync i-1", "DocNumber": "7", **other})["Id"]


INVOICE: dict[str, Any] = {
    "id": "i-1",
    "provider": "quickbooks",
    "customer_id": "c-1",
    "number": "7",
    "status": "open",
    "total_minor": 5100,
    "due_minor": 5100,
    "currency": "USD",
    "memo": None,
    "lines": [{"product_id": "p-1", "quantity": 2, "amount_minor": 5100}],
    "issued_at": NOON,
    "due_at": NOON.replace(month=12),
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, None),
        ({"total_minor": 5101}, "amount"),
        ({"due_minor": 0}, "due"),
        ({"due_at": NOON}, "due date"),
        ({"number": "8"}, "number"),
        ({"status": "paid"}, "status"),
        ({"customer_id": None}, "customer"),
        ({"memo": "Thanks"}, "memo"),
        ({"lines": []}, "lines"),
        ({"lines": [{**INVOICE["lines"][0], "quantity": 1}]}, "lines"),
        ({"lines": [{**INVOICE["lines"][0], "product_id": None}]}, "lines"),
    ],
)
def test_an_invoice_is_compared_field_by_field_and_line_by_line(
    account: Account, change: dict[str, Any], field: str | None
) -> None:
    customer, item = put_ada(account), put_seat(account)
    invoice = put_invoice(account, customer, item)
    link = {"Amount": 0, "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]}
    payment = post(account, "Payment", CustomerRef={"value": customer}, TotalAmt=20, TxnDate="2026-11-20", Line=[link])[
        "Id"
    ]
    paid = {"provider": "quickbooks", "currency": "USD", "id": payment, "amount_minor": 2000, "paid_at": NOON}
    tables = {
        "customers": [ADA],
        "products": [SEAT],
        "invoices": [{**INVOICE, **change}, {**INVOICE, "id": "draft", "issued_at": None}],
        "payments": [{**paid, "customer_id": "c-1", "invoice_id": "i-1"}],
    }
    found = verdict(account, tables=tables, known={customer: "c-1"}, known_products={item: "p-1"})
    assert [(one.what, one.problem) for one in found.differences] == ([("invoice", "different")] if field else [])
    assert all(f": {field} is" in one.sentence for one in found.differences)
    assert found.compared["quickbooks", "invoice"] == 1


def test_a_voided_invoice_must_be_void_at_the_venue(account: Account) -> None:
    customer, item = put_ada(account), put_seat(account)
    number = put_invoice(account, customer, item, PrivateNote=None)
    void = {"Id": number, "SyncToken": "0"}
    answer = requests.post(
        f"{account.base}/v3/company/{REALM}/invoice",
        params={"operation": "void"},
        headers={"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"},
        json=void,
        timeout=10,
    )
    assert answer.ok, answer.text
    lines = [{"product_id": "p-1", "quantity": None, "amount_minor": 0}]
    row = {**INVOICE, "id": number, "status": "void", "total_minor": 0, "due_minor": 0, "lines": lines}
    tables = {"customers": [ADA], "products": [SEAT], "invoices": [row]}
    known = {"known": {customer: "c-1"}, "known_products": {item: "p-1"}}
    assert verdict(account, tables=tables, **known).differences == ()
    open_still = {**tables, "invoices": [{**row, "status": "open"}]}
    assert problems(verdict(account, tables=open_still, **known)) == [("invoice", "different")]


@pytest.mark.parametrize(
    ("table", "row", "entity"),
    [("customers", ADA, "customers"), ("products", SEAT, "items"), ("orders", ORDER, "sales_receipts")],
)
def test_a_record_in_dead_letters_is_excused(account: Account, table: str, row: dict[str, Any], entity: str) -> None:
    found = verdict(account, tables={table: [row]}, excused=frozenset({(entity, row["id"])}))
    assert (found.equal, found.excused) == (True, 1)
    assert not verdict(account, tables={table: [row]}, excused=frozenset({("refund_receipts", row["id"])})).equal


def test_every_page_is_read(account: Account) -> None:
    seats = [{**SEAT, "id": f"p-{number}", "name": f"Seat {number}", "sku": None} for number in range(1005)]
    rows = [
        {
            "Name": seat["name"],
            "Type": "Service",
            "UnitPrice": 25.5,
            "IncomeAccountRef": {"value": "79"},
        }
        for seat in seats
    ]
    seeded = requests.post(f"{account.base}/_sim/accounts/{REALM}/seed/items", json={"rows": rows}, timeout=30).json()[
        "objects"
    ]
    known = {item["Id"]: seat["id"] for item, seat in zip(seeded, seats, strict=True)}
    assert verdict(account, tables={"products": seats}, known_products=known).equal
    assert verdict(account, tables={"products": seats[:-1]}, known_products=known).found == 1


def test_a_company_that_cannot_be_read_is_no_verdict(account: Account) -> None:
    stranger = Account("blue-note", "quickbooks", account.base, "eyJ-other", parts={"realm_id": REALM})
    with pytest.raises(Unreadable, match="answers 401"):
        verdict(stranger)
