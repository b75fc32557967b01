"""Bills, payments, expenses, deposits and reports of the books come home, stay quiet, and follow what accountants do."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.sync.report import Mode
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.wire import UNLIMITED
from tests.sync_core.sync.test_quickbooks_round import TOKEN, VENUE, by_hand
from tests.world import World, account, world

ENTITIES = ("deposits", "bills", "bill_payments", "purchases", "reports")
MONTHS, KINDS = 13, 3


@pytest.fixture
def books(database: sa.Engine, tmp_path: Path) -> Iterator[World]:
    """A venue connected to a company in which something of each kind has happened."""
    with world(database, tmp_path, lambda: {"quickbooks": QuickBooksSimulator(limits=UNLIMITED)}) as made:
        venue = made.venue(providers=())
        made.sim("quickbooks", "PUT", "accounts", credential=TOKEN, account_id=account(venue), name=venue)
        made.engine.connect(
            venue, "quickbooks", {"access_token": TOKEN, "realm_id": account(venue)}, environment="production"
        )
        _happen(made)
        yield made


def line(amount: float) -> dict[str, Any]:
    detail = {"AccountRef": {"value": "69"}}
    return {"Amount": amount, "DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": detail}


def _happen(world: World) -> None:
    vendor = by_hand(world, "POST", "vendor", {"DisplayName": "Acme"})["Vendor"]
    party = {"value": vendor["Id"]}
    bill = by_hand(world, "POST", "bill", {"VendorRef": party, "DocNumber": "A-17", "Line": [line(150)]})["Bill"]
    paid = {"Amount": 100, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}
    check = {"BankAccountRef": {"value": "35"}}
    payment = {"VendorRef": party, "PayType": "Check", "TotalAmt": 100, "Line": [paid], "CheckPayment": check}
    by_hand(world, "POST", "billpayment", payment)
    by_hand(world, "POST", "purchase", {"AccountRef": {"value": "41"}, "PaymentType": "CreditCard", "Line": [line(34)]})
    sold = {"Amount": 50, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "79"}}}
    fee = {"Amount": -1.75, "DetailType": "DepositLineDetail", "DepositLineDetail": {"AccountRef": {"value": "70"}}}
    by_hand(world, "POST", "deposit", {"DepositToAccountRef": {"value": "35"}, "Line": [sold, fee]})


def bring(world: World, mode: Mode | None = None) -> dict[str, tuple[int, int, int]]:
    """What a sync of each entity brought: rows made, changed and deleted; nothing is ever written there."""
    brought: dict[str, tuple[int, int, int]] = {}
    for entity in ENTITIES:
        report = world.sync(VENUE, "quickbooks", entity, mode)
        assert (report.status, report.error, report.counts.written, report.counts.bad) == ("succeeded", None, 0, 0)
        counts = report.counts
        brought[entity] = (counts.pulled_created, counts.pulled_updated, counts.pulled_deleted)
    return brought


def test_what_the_books_say_comes_home_once(books: World) -> None:
    assert bring(books) == {**dict.fromkeys(ENTITIES, (1, 0, 0)), "reports": (MONTHS * KINDS, 0, 0)}

    ((bill, *owed),) = books.rows("SELECT id, provider, vendor, number, total_minor, due_minor FROM venue.bills")
    assert owed == ["quickbooks", "Acme", "A-17", 15000, 5000]
    assert books.rows("SELECT vendor, method, total_minor, bill_ids FROM venue.bill_payments") == [
        ("Acme", "check", 10000, [bill])
    ]
    assert books.rows("SELECT account, method, total_minor, credit FROM venue.purchases") == [
        ("Mastercard", "credit card", 3400, False)
    ]
    ((total, lines),) = books.rows("SELECT total_minor, lines FROM venue.deposits")
    assert (total, [(one["account"], one["amount_minor"]) for one in lines]) == (
        4825,
        [("Sales of Product Income", 5000), ("Merchant Fees", -175)],
    )


def test_another_sync_and_a_full_one_change_nothing(books: World) -> None:
    bring(books)
    for mode in (Mode(), Mode(kind="full")):
        assert bring(books, mode) == dict.fromkeys(ENTITIES, (0, 0, 0))


def test_a_report_changes_when_the_books_do_and_only_that_month_and_those_that_sum_up(books: World) -> None:
    bring(books)
    before = dict(books.rows("SELECT id, content FROM venue.reports"))
    today = by_hand(books, "GET", "query", query="SELECT * FROM Deposit")["QueryResponse"]["Deposit"][0]["TxnDate"]
    by_hand(books, "POST", "purchase", {"AccountRef": {"value": "41"}, "PaymentType": "CreditCard", "Line": [line(6)]})

    assert bring(books)["purchases"] == (1, 0, 0)

    after = dict(books.rows("SELECT id, content FROM venue.reports"))
    changed = {one for one, content in after.items() if content != before[one]}
    # The machine's month is UTC's, the company's that of California, which may be a month behind for some hours.
    assert {f"{name}-{today[:7]}" for name in ("ProfitAndLoss", "BalanceSheet", "CashFlow")} <= changed
    assert {one.partition("-")[2] for one in changed} <= {today[:7], datetime.now(UTC).isoformat()[:7]}


def test_what_an_accountant_takes_back_goes_and_the_bill_is_owed_again(books: World) -> None:
    bring(books)
    payment = by_hand(books, "GET", "query", query="SELECT * FROM BillPayment")["QueryResponse"]["BillPayment"][0]
    version = {"Id": payment["Id"], "SyncToken": payment["SyncToken"], "sparse": True}
    by_hand(books, "POST", "billpayment", version, operation="update", include="void")
    for kind in ("Purchase", "Deposit"):
        found = by_hand(books, "GET", "query", query=f"SELECT * FROM {kind}")["QueryResponse"][kind][0]
        gone = {"Id": found["Id"], "SyncToken": found["SyncToken"]}
        by_hand(books, "POST", kind.lower(), gone, operation="delete")

    brought = bring(books)

    assert {one: brought[one] for one in ("bill_payments", "purchases", "deposits")} == dict.fromkeys(
        ("bill_payments", "purchases", "deposits"), (0, 0, 1)
    )
    assert books.rows("SELECT due_minor FROM venue.bills") == [(15000,)]
    for table in ("bill_payments", "purchases", "deposits"):
        assert books.rows(f"SELECT count(*) FROM venue.{table} WHERE deleted_at IS NULL") == [(0,)]
