"""Invoices with their lines, payments applied to them, refunds: booked once, changed, voided, found again."""

from dataclasses import replace
from typing import Any

import pytest

from sync_core.providers.protocol import Outcome, Remote, Write
from tests.sync_core.providers.outside import done, sought_of, write_many, write_one
from tests.sync_core.providers.quickbooks.conftest import QuickBooksCompany
from tests.sync_core.providers.quickbooks.writes import (
    create_customer,
    create_invoice,
    create_item,
    create_payment,
    create_receipt,
    create_refund,
    delete,
    line,
    update,
)


@pytest.fixture
def ada(quickbooks: QuickBooksCompany) -> str:
    return done(write_one(quickbooks.provider, "customers", create_customer("L1"))).id


def written(quickbooks: QuickBooksCompany, entity: str, write: Write) -> Remote:
    return done(write_one(quickbooks.provider, entity, write))


def money_lines(remote: Remote) -> list[dict[str, Any]]:
    return [one for one in remote.record["Line"] if one.get("DetailType") == "SalesItemLineDetail"]


def test_a_document_has_the_venues_lines_and_the_collective_item_for_the_rest(quickbooks: QuickBooksCompany, ada: str):
    item = written(quickbooks, "items", create_item("p1")).id
    lines = [line(10, ItemRef={"value": item}, Qty=3), line(80.5)]
    for entity, write in (
        ("sales_receipts", create_receipt("o1", Line=lines)),
        ("invoices", create_invoice("i1", ada, Line=lines)),
    ):
        made = written(quickbooks, entity, write)
        first, second = money_lines(made)
        assert made.record["TotalAmt"] == 90.5
        assert first["SalesItemLineDetail"]["ItemRef"]["value"] == item
        assert (first["SalesItemLineDetail"]["Qty"], first["SalesItemLineDetail"]["UnitPrice"]) == (3, 3.3333333)
        assert second["SalesItemLineDetail"]["ItemRef"]["name"] == "Ticket sales"


@pytest.mark.parametrize(
    ("lines", "total", "code"),
    [([line(90)], 90.5, "TOTAL"), ([line(90.005)], 90.005, "DECIMALS"), (None, 90.005, "DECIMALS")],
)
def test_lines_that_do_not_come_to_the_total_are_never_sent(
    quickbooks: QuickBooksCompany, ada: str, lines: Any, total: float, code: str
):
    for entity, write in (
        ("sales_receipts", create_receipt("o1", Line=lines, TotalAmt=total)),
        ("invoices", create_invoice("i1", ada, Line=lines, TotalAmt=total)),
    ):
        refused = write_one(quickbooks.provider, entity, write)
        assert (refused.refused_code, refused.remote) == (code, None)
    assert quickbooks.outside.objects("invoices") == quickbooks.outside.objects("salesreceipts") == []


def test_changed_lines_take_the_place_of_those_that_were_there(quickbooks: QuickBooksCompany, ada: str):
    made = written(quickbooks, "invoices", create_invoice("i1", ada))
    fields = {"Line": [line(1.25, Qty=2), line(2), line(3)], "TotalAmt": 6.25, "CustomerMemo.value": "Sorry"}
    changed = written(quickbooks, "invoices", update(made, "u1", fields, local_id="i1"))
    assert [one["Amount"] for one in money_lines(changed)] == [1.25, 2, 3]
    assert (changed.record["TotalAmt"], changed.record["Balance"]) == (6.25, 6.25)
    assert changed.record["CustomerMemo"] == {"value": "Sorry"}
    alone = write_one(quickbooks.provider, "invoices", update(changed, "u2", {"TotalAmt": 7}, local_id="i1"))
    assert alone.refused_code == "TOTAL"
    whole = written(quickbooks, "invoices", update(changed, "u3", {"Line": None, "TotalAmt": 7}, local_id="i1"))
    assert [one["Amount"] for one in money_lines(whole)] == [7]
    more = written(quickbooks, "invoices", update(whole, "u4", {"TotalAmt": 8}, local_id="i1"))
    assert [one["Amount"] for one in money_lines(more)] == [8]
    again = written(quickbooks, "invoices", update(more, "u5", {"DueDate": "2026-03-01"}, local_id="i1"))
    assert (again.record["TotalAmt"], again.record["DueDate"]) == (8, "2026-03-01")


def test_taxes_and_discounts_of_an_accountant_stay(quickbooks: QuickBooksCompany, ada: str):
    sold = {"DetailType": "SalesItemLineDetail", "Amount": 100, "SalesItemLineDetail": {"Qty": 2.5}}
    less = {"DetailType": "DiscountLineDetail", "Amount": 10, "DiscountLineDetail": {}}
    body = {"CustomerRef": {"value": ada}, "Line": [sold, less], "TxnTaxDetail": {"TotalTax": 9}}
    quickbooks.by_hand("POST", "invoice", body)
    ((found,),) = (page.records for page in quickbooks.provider.read("invoices", cursor=None))
    assert [(one["Amount"], one.get("SalesItemLineDetail", {}).get("Qty")) for one in found.record["Line"]] == [
        (100, None),
        (-10, None),
    ]
    changed = written(
        quickbooks, "invoices", update(found, "u", {"Line": [line(50), line(-5)], "TotalAmt": 54}, local_id="x")
    )
    assert (changed.record["TotalAmt"], changed.record["TxnTaxDetail"]["TotalTax"]) == (54, 9)


def test_an_invoice_without_a_number_is_numbered_and_another_ones_number_is_refused(
    quickbooks: QuickBooksCompany, ada: str
):
    first = written(quickbooks, "invoices", create_invoice("i1", ada))
    assert first.record["DocNumber"] == "1001"
    assert (first.record["Mark"], "PrivateNote" in first.record) == ("i1", False)
    named = written(quickbooks, "invoices", create_invoice("i2", ada, DocNumber="A-1"))
    assert named.record["DocNumber"] == "A-1"
    taken = write_one(quickbooks.provider, "invoices", create_invoice("i3", ada, DocNumber="A-1"))
    assert taken.refused_code == "6140"
    late = replace(create_invoice("i2", ada, DocNumber="A-1", TotalAmt=50, Line=[line(50)]), key="long-after")
    assert written(quickbooks, "invoices", late).id == named.id
    assert [one["TotalAmt"] for one in quickbooks.outside.objects("invoices")] == [90.5, 50]


def test_payments_settle_their_invoice_and_its_status_follows(quickbooks: QuickBooksCompany, ada: str):
    invoice = written(quickbooks, "invoices", create_invoice("i1", ada))
    payment = written(quickbooks, "payments", create_payment("m1", ada, invoice.id))
    assert (payment.record["UnappliedAmt"], payment.record["status"], payment.record["Mark"]) == (0, "Received", "m1")
    (half,) = quickbooks.provider.fetch("invoices", [invoice.id])
    assert (half.record["Balance"], half.record["TxnStatus"]) == (50.5, "UnPaid")
    paid = written(quickbooks, "payments", update(payment, "u1", {"TotalAmt": 90.5}, local_id="m1"))
    assert (paid.record["TotalAmt"], paid.record["UnappliedAmt"]) == (90.5, 0)
    (whole,) = quickbooks.provider.fetch("invoices", [invoice.id])
    assert (whole.record["Balance"], whole.record["TxnStatus"]) == (0, "Paid")
    loose = written(quickbooks, "payments", update(paid, "u2", {"Line[0].LinkedTxn[0].TxnId": None}, local_id="m1"))
    assert loose.record["UnappliedAmt"] == 90.5
    too_much = write_one(quickbooks.provider, "payments", create_payment("m2", ada, invoice.id, TotalAmt=1000))
    assert too_much.refused_code == "6000"
    assert written(quickbooks, "payments", delete(loose, "d", local_id="m1")).deleted
    credit = written(quickbooks, "payments", create_payment("m3", ada, None))
    assert credit.record["UnappliedAmt"] == 40
    rounded = write_one(quickbooks.provider, "payments", create_payment("m4", ada, None, TotalAmt=0.125))
    assert rounded.refused_code == "DECIMALS"


def test_only_payments_pay_an_invoice(quickbooks: QuickBooksCompany, ada: str):
    invoice = written(quickbooks, "invoices", create_invoice("i1", ada, TxnStatus="Paid"))
    assert invoice.record["TxnStatus"] == "UnPaid"
    said = write_one(quickbooks.provider, "invoices", update(invoice, "u", {"TxnStatus": "Paid"}, local_id="i1"))
    assert (said.refused_code, "enter or delete payments" in (said.refused_reason or "")) == ("STATUS", True)


def test_what_is_voided_keeps_its_place_and_stays_void(quickbooks: QuickBooksCompany, ada: str):
    first, second = (written(quickbooks, "invoices", create_invoice(name, ada)) for name in ("i1", "i2"))
    payment = written(quickbooks, "payments", create_payment("m1", ada, second.id))
    outcomes: list[Outcome] = write_many(
        quickbooks.provider,
        "invoices",
        "update",
        [
            update(first, "v1", {"TxnStatus": "Voided"}, local_id="i1"),
            update(second, "u1", {"CustomerMemo.value": "Thanks"}, local_id="i2"),
        ],
    )
    void, other = (done(one) for one in outcomes)
    assert (void.record["TotalAmt"], void.record["TxnStatus"], void.record["Mark"]) == (0, "Voided", "i1")
    assert [one["SalesItemLineDetail"].get("Qty") for one in money_lines(void)] == [None, None]
    assert other.record["CustomerMemo"] == {"value": "Thanks"}
    gone = written(quickbooks, "payments", update(payment, "v2", {"status": "Voided"}, local_id="m1"))
    assert (gone.record["TotalAmt"], gone.record["status"], gone.deleted) == (0, "Voided", False)
    for entity, remote, fields in (("invoices", void, {"DueDate": "2026-03-01"}), ("payments", gone, {"TotalAmt": 5})):
        again = write_one(quickbooks.provider, entity, update(remote, "again", fields, local_id="x"))
        assert again.refused_code == "VOID"
    for entity, write in (
        ("invoices", create_invoice("i9", ada, TxnStatus="Voided")),
        ("payments", create_payment("m9", ada, None, status="Voided")),
    ):
        assert write_one(quickbooks.provider, entity, write).refused_code == "VOID"


def test_an_order_is_booked_when_it_is_completed_and_voided_when_it_is_canceled(quickbooks: QuickBooksCompany):
    for status in ("UnPaid", "Voided"):
        early = write_one(quickbooks.provider, "sales_receipts", create_receipt("o1", TxnStatus=status))
        assert early.refused_code == "NOT_SOLD"
    made = written(quickbooks, "sales_receipts", create_receipt("o1", TxnStatus="Paid"))
    void = written(quickbooks, "sales_receipts", update(made, "v", {"TxnStatus": "Voided"}, local_id="o1"))
    assert (void.record["TotalAmt"], void.record["PrivateNote"]) == (0, "o1 Voided")
    back = write_one(quickbooks.provider, "sales_receipts", update(void, "u", {"TxnStatus": "Paid"}, local_id="o1"))
    assert back.refused_code == "VOID"


def test_a_voiding_that_was_overtaken_comes_back_and_is_asked_for_again(quickbooks: QuickBooksCompany, ada: str):
    made = written(quickbooks, "invoices", create_invoice("i1", ada))
    token = made.state["sync_token"]
    quickbooks.by_hand("POST", "invoice", {"Id": made.id, "SyncToken": token, "sparse": True, "DueDate": "2026-09-09"})
    outcome = write_one(quickbooks.provider, "invoices", update(made, "v1", {"TxnStatus": "Voided"}, local_id="i1"))
    assert outcome.overtaken is not None
    void = written(quickbooks, "invoices", update(outcome.overtaken, "v2", {"TxnStatus": "Voided"}, local_id="i1"))
    assert (void.record["TxnStatus"], void.record["DueDate"]) == ("Voided", "2026-09-09")


def test_a_refund_is_paid_out_of_where_sales_are_paid_in(quickbooks: QuickBooksCompany):
    made = written(quickbooks, "refund_receipts", create_refund("r1"))
    assert (made.record["TotalAmt"], made.record["status"], made.record["Mark"]) == (12.3, "Completed", "r1")
    assert made.record["DepositToAccountRef"]["name"] == "Undeposited Funds"
    late = replace(create_refund("r1", TotalAmt=10), key="long-after")
    again = written(quickbooks, "refund_receipts", late)
    assert (again.id, again.record["TotalAmt"]) == (made.id, 10)
    quickbooks.by_hand("POST", "refundreceipt", {"Id": made.id, "SyncToken": "1"}, operation="delete")
    assert quickbooks.provider.fetch("refund_receipts", [made.id])[0].deleted


def test_a_voided_payment_says_so_and_a_voided_refund_is_none(quickbooks: QuickBooksCompany, ada: str):
    paid = quickbooks.by_hand("POST", "payment", {"CustomerRef": {"value": ada}, "TotalAmt": 5})["Payment"]
    quickbooks.by_hand("POST", "payment", {**paid, "sparse": True}, operation="update", include="void")
    (void,) = quickbooks.provider.fetch("payments", [paid["Id"]])
    assert (void.record["status"], void.deleted) == ("Voided", False)


def test_documents_whose_fate_is_unknown_are_found_by_their_mark(quickbooks: QuickBooksCompany, ada: str):
    writes = {
        "invoices": [create_invoice("i1", ada), create_invoice("i2", ada)],
        "payments": [create_payment("m1", ada, None), create_payment("m2", ada, None)],
        "refund_receipts": [create_refund("r1"), create_refund("r2")],
    }
    for entity, pair in writes.items():
        sought = [sought_of(write, quickbooks.clock) for write in pair]
        made = written(quickbooks, entity, pair[0])
        found = quickbooks.provider.find(entity, sought)
        assert {name: one.id for name, one in found.items()} == {pair[0].local_id: made.id}


@pytest.mark.parametrize("kind", ["drop_after", "half_answer", "error_after"])
def test_a_document_disturbed_after_it_took_effect_is_one_document(quickbooks: QuickBooksCompany, ada: str, kind: str):
    quickbooks.outside.faults({"kind": kind, "status": 503, "path": "*/invoice", "times": 1})
    made = written(quickbooks, "invoices", create_invoice("i1", ada))
    quickbooks.outside.faults({"kind": kind, "status": 503, "path": "*/invoice", "times": 1})
    void = written(quickbooks, "invoices", update(made, "v", {"TxnStatus": "Voided"}, local_id="i1"))
    assert void.record["TxnStatus"] == "Voided"
    assert len(quickbooks.outside.objects("invoices")) == 1
