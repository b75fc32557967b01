"""Orders line by line, invoices, payments and refunds of the books: out, home, and quiet, whoever wrote them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from sync_core.sync.report import EntityReport, Mode
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.wire import UNLIMITED
from tests.sync_core.sync.test_quickbooks_round import TOKEN, VENUE, by_hand
from tests.world import World, account, world

ENTITIES = ("customers", "items", "sales_receipts", "invoices", "payments", "refund_receipts")
AT = datetime(2026, 1, 2, 20, tzinfo=UTC)
LINES = [
    {"line": 1, "product_id": "p0", "sku": "S-0", "description": "Stalls", "quantity": 3, "amount_minor": 1000},
    {"line": 2, "product_id": None, "sku": None, "description": "Fee", "quantity": 1, "amount_minor": 250},
]


@pytest.fixture
def books(database: sa.Engine, tmp_path: Path) -> Iterator[World]:
    """A venue whose company is kept in dinars, with a customer and a product."""
    with world(database, tmp_path, lambda: {"quickbooks": QuickBooksSimulator(limits=UNLIMITED)}) as made:
        venue = made.venue(providers=(), currency="KWD")
        made.sim("quickbooks", "PUT", "accounts", credential=TOKEN, account_id=account(venue), name=venue)
        kept_in = {"CurrencyPrefs": {"HomeCurrency": {"value": "KWD"}}}
        made.sim("quickbooks", "POST", f"accounts/{account(venue)}/seed/preferences", rows=[kept_in])
        secret = {"access_token": TOKEN, "realm_id": account(venue)}
        made.engine.connect(venue, "quickbooks", secret, environment="production")
        made.insert("customers", VENUE, id="c0", given_name="Ada", family_name="King", email="ada@example.com")
        made.insert("products", VENUE, id="p0", kind="ticket", name="Stalls", price_minor=3330, currency="KWD")
        yield made


def whole_round(world: World, mode: Mode | None = None) -> dict[str, EntityReport]:
    reports = {entity: world.sync(VENUE, "quickbooks", entity, mode) for entity in ENTITIES}
    assert {entity: (one.status, one.error) for entity, one in reports.items()} == dict.fromkeys(
        ENTITIES, ("succeeded", None)
    )
    return reports


def quiet(world: World) -> None:
    """What was done on either side goes out, what became of it comes home, then nobody has anything to say any more."""
    whole_round(world)
    whole_round(world)
    for mode in (None, Mode(kind="full")):
        world.forget_calls()
        reports = whole_round(world, mode)
        counts = [
            (one.counts.written, one.counts.pulled_created, one.counts.pulled_updated) for one in reports.values()
        ]
        assert (counts, world.calls("quickbooks")["writes"]) == ([(0, 0, 0)] * len(ENTITIES), 0)


def insert(world: World, table: str, **values: Any) -> None:
    world.insert(table, VENUE, provider="quickbooks", currency="KWD", **values)


def invoice(world: World, name: str, **values: Any) -> None:
    lines = orjson.dumps(LINES).decode()
    row = {"customer_id": "c0", "status": "open", "total_minor": 1250, "lines": lines, "issued_at": AT}
    insert(world, "invoices", id=name, **{**row, **values})


def held(world: World, collection: str) -> list[dict[str, Any]]:
    return [one for one in world.objects("quickbooks", VENUE, collection) if one.get("status") != "Deleted"]


def test_an_order_is_booked_with_the_items_it_is_made_of(books: World) -> None:
    order = {"provider": "stripe", "customer_id": "c0", "total_minor": 1250, "currency": "KWD", "ordered_at": AT}
    books.insert("orders", VENUE, id="o1", lines=orjson.dumps(LINES).decode(), **order)
    books.insert("orders", VENUE, id="whole", lines="[]", **order)
    books.insert("orders", VENUE, id="wrong", lines=orjson.dumps(LINES[:1]).decode(), **order)
    books.insert("orders", VENUE, id="fine", lines="[]", **{**order, "total_minor": 1251})

    report = whole_round(books)["sales_receipts"]

    assert (report.counts.created, report.counts.failed) == (2, 2)
    receipts = {one["PrivateNote"]: one for one in held(books, "salesreceipts")}
    sold = [one["SalesItemLineDetail"] for one in receipts["o1"]["Line"][:2]]
    assert [(one["ItemRef"]["name"], one["Qty"]) for one in sold] == [("Stalls", 3), ("Ticket sales", 1)]
    assert {name: one["TotalAmt"] for name, one in receipts.items()} == {"o1": 1.25, "whole": 1.25}
    reasons = books.rows("SELECT record_id, code FROM sync.dead_letters WHERE entity = 'sales_receipts' ORDER BY 1")
    assert reasons == [("fine", "DECIMALS"), ("wrong", "TOTAL")]
    books.sql("UPDATE venue.orders SET status = 'canceled', updated_at = now() WHERE id = 'o1'")
    assert whole_round(books)["sales_receipts"].counts.updated == 1
    assert {one["PrivateNote"]: one["TotalAmt"] for one in held(books, "salesreceipts")} == {
        "o1 Voided": 0,
        "whole": 1.25,
    }


def test_an_order_is_no_concern_of_the_books_before_it_is_completed(books: World) -> None:
    order = {"provider": "square", "customer_id": "c0", "total_minor": 1000, "currency": "KWD", "ordered_at": AT}
    for name in ("open", "canceled"):
        books.insert("orders", VENUE, id=name, status=name, lines="[]", **order)

    report = whole_round(books)["sales_receipts"]

    assert (report.counts.created, report.counts.failed, report.counts.waiting) == (0, 0, 0)
    books.sql("UPDATE venue.orders SET status = 'completed' WHERE id = 'open'")
    assert whole_round(books)["sales_receipts"].counts.created == 1
    assert [one["PrivateNote"] for one in held(books, "salesreceipts")] == ["open"]


def test_an_order_waits_for_a_product_that_is_to_come_and_not_for_one_that_is_deleted(books: World) -> None:
    books.insert("products", VENUE, id="gone", name="Gone", price_minor=10, currency="KWD", deleted_at=AT)
    books.insert("products", VENUE, id="late", name="Late", price_minor=10, currency="EUR")
    order = {"provider": "stripe", "customer_id": "c0", "total_minor": 1000, "currency": "KWD", "ordered_at": AT}
    for name in ("gone", "late"):
        lines = orjson.dumps([{**LINES[0], "product_id": name}]).decode()
        books.insert("orders", VENUE, id=f"of-{name}", lines=lines, **order)

    report = whole_round(books)["sales_receipts"]

    assert (report.counts.created, report.counts.waiting) == (1, 1)
    [receipt] = held(books, "salesreceipts")
    assert receipt["PrivateNote"] == "of-gone"
    assert receipt["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "Ticket sales"
    reasons = books.rows("SELECT local_id, reason FROM sync.pending WHERE entity = 'sales_receipts'")
    assert reasons == [("of-late", "Its items record late is not at the provider yet.")]
    books.sql("UPDATE venue.products SET currency = 'KWD' WHERE id = 'late'")
    assert whole_round(books)["sales_receipts"].counts.created == 1


def test_an_invoice_goes_out_is_paid_on_either_side_and_comes_home(books: World) -> None:
    invoice(books, "i1")
    insert(books, "payments", id="m1", customer_id="c0", invoice_id="i1", amount_minor=500, status="succeeded")
    invoice(books, "draft", issued_at=None, status="draft")

    reports = whole_round(books)

    assert (reports["invoices"].counts.created, reports["payments"].counts.created) == (1, 1)
    (shown,) = held(books, "invoices")
    assert (shown["TotalAmt"], shown["Balance"], shown["DocNumber"]) == (1.25, 0.75, "1001")
    quiet(books)
    assert books.rows("SELECT number, status, total_minor, due_minor FROM venue.invoices WHERE id = 'i1'") == [
        ("1001", "open", 1250, 750)
    ]
    rest = {"Amount": 0.75, "LinkedTxn": [{"TxnId": shown["Id"], "TxnType": "Invoice"}]}
    by_hand(books, "POST", "payment", {"CustomerRef": shown["CustomerRef"], "TotalAmt": 0.75, "Line": [rest]})
    quiet(books)
    assert books.rows("SELECT status, due_minor, lines->0->>'sku' FROM venue.invoices WHERE id = 'i1'") == [
        ("paid", 0, "S-0")
    ]
    assert books.rows("SELECT invoice_id, customer_id, amount_minor FROM venue.payments ORDER BY amount_minor") == [
        ("i1", "c0", 500),
        ("i1", "c0", 750),
    ]


def test_an_accountants_invoice_comes_home_line_by_line_and_follows_both_sides(books: World) -> None:
    whole_round(books)
    (customer,), (item,) = held(books, "customers"), held(books, "items")
    detail = {"ItemRef": {"value": item["Id"]}, "Qty": 2, "UnitPrice": 5}
    lines = [
        {"DetailType": "SalesItemLineDetail", "Amount": 10, "Description": "Row A", "SalesItemLineDetail": detail},
        {"DetailType": "DiscountLineDetail", "Amount": 1, "DiscountLineDetail": {}},
    ]
    body = {"CustomerRef": {"value": customer["Id"]}, "Line": lines, "TxnDate": "2026-03-04"}
    made = by_hand(books, "POST", "invoice", body)["Invoice"]
    quiet(books)
    assert books.rows("SELECT id, customer_id, total_minor, status FROM venue.invoices") == [
        (made["Id"], "c0", 9000, "open")
    ]
    ((home,),) = books.rows("SELECT lines FROM venue.invoices")
    assert [(one["product_id"], one["quantity"], one["amount_minor"]) for one in home] == [
        ("p0", 2, 10000),
        (None, None, -1000),
    ]

    books.sql("UPDATE venue.invoices SET memo = 'Thank you', updated_at = now()")
    by_hand(books, "POST", "invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "DueDate": "2026-05-06"})
    quiet(books)
    (shown,) = held(books, "invoices")
    assert (shown["CustomerMemo"], shown["DueDate"], shown["TotalAmt"]) == ({"value": "Thank you"}, "2026-05-06", 9)
    assert books.rows("SELECT memo, due_at FROM venue.invoices") == [("Thank you", datetime(2026, 5, 6, tzinfo=UTC))]


def test_the_venue_voids_and_deletes_and_so_do_accountants(books: World) -> None:
    for name in ("i1", "i2", "i3"):
        invoice(books, name)
    insert(books, "payments", id="m1", customer_id="c0", invoice_id="i3", amount_minor=500, status="succeeded")
    whole_round(books)
    by_name = {one["PrivateNote"].removeprefix("venue-sync "): one for one in held(books, "invoices")}
    books.sql("UPDATE venue.invoices SET status = 'void', updated_at = now() WHERE id = 'i1'")
    books.sql("UPDATE venue.invoices SET deleted_at = now(), updated_at = now() WHERE id = 'i2'")
    books.sql("UPDATE venue.payments SET status = 'canceled', updated_at = now()")
    third = {"Id": by_name["i3"]["Id"], "SyncToken": by_name["i3"]["SyncToken"]}
    by_hand(books, "POST", "invoice", third, operation="void")

    quiet(books)

    assert books.rows("SELECT id, status, total_minor, deleted_at IS NULL FROM venue.invoices ORDER BY id") == [
        ("i1", "void", 0, True),
        ("i2", "open", 1250, False),
        ("i3", "void", 0, True),
    ]
    assert books.rows("SELECT status, amount_minor FROM venue.payments") == [("canceled", 0)]
    assert sorted(one["PrivateNote"] for one in held(books, "invoices")) == [
        "venue-sync i1 Voided",
        "venue-sync i3 Voided",
    ]


def test_refunds_go_out_come_home_and_are_booked_once(books: World) -> None:
    whole_round(books)
    insert(books, "refunds", id="r1", amount_minor=1230, reason="Rain")
    by_hand(
        books,
        "POST",
        "refundreceipt",
        {
            "DepositToAccountRef": {"value": "35"},
            "Line": [{"DetailType": "SalesItemLineDetail", "Amount": 2.5, "SalesItemLineDetail": {}}],
            "CustomerMemo": {"value": "Sorry"},
            "TxnDate": "2026-03-04",
        },
    )

    assert whole_round(books)["refund_receipts"].counts.created == 1
    quiet(books)

    assert books.rows("SELECT amount_minor, reason, status, refunded_at IS NOT NULL FROM venue.refunds ORDER BY 1") == [
        (1230, "Rain", "succeeded", True),
        (2500, "Sorry", "succeeded", True),
    ]
    assert sorted(one["TotalAmt"] for one in held(books, "refundreceipts")) == [1.23, 2.5]


def test_without_a_ledger_documents_are_known_again_by_their_marks(books: World) -> None:
    invoice(books, "i1")
    insert(books, "payments", id="m1", customer_id="c0", invoice_id="i1", amount_minor=500, status="succeeded")
    insert(books, "refunds", id="r1", amount_minor=1230)
    quiet(books)
    collections = ("invoices", "payments", "refundreceipts")
    before = {name: len(held(books, name)) for name in collections}
    books.sql("DELETE FROM sync.ledger")
    books.sql("DELETE FROM sync.cursors")

    quiet(books)

    assert {name: len(held(books, name)) for name in collections} == before
    for table in ("invoices", "payments", "refunds"):
        assert books.rows(f"SELECT count(*) FROM venue.{table}") == [(1,)]


def test_an_invoice_whose_answer_was_lost_is_booked_once(books: World) -> None:
    whole_round(books)
    for number in range(3):
        invoice(books, f"i{number}")
    books.faults("quickbooks", {"kind": "drop_after", "path": "*/batch", "times": 2})

    assert whole_round(books)["invoices"].counts.created == 3
    quiet(books)
    assert len(held(books, "invoices")) == 3
