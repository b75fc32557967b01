"""The whole way with QuickBooks: unique names, decimal prices, countries rewritten, receipts for orders, payments home."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from sync_core.sync.report import Mode
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.wire import UNLIMITED
from tests.world import World, account, world

TOKEN = "eyJ-test-token"


@pytest.fixture
def books(database: sa.Engine, tmp_path: Path) -> Iterator[World]:
    """A world whose only provider is QuickBooks, with one venue connected to a company."""
    with world(database, tmp_path, lambda: {"quickbooks": QuickBooksSimulator(limits=UNLIMITED)}) as made:
        venue = made.venue(providers=())
        made.sim("quickbooks", "PUT", "accounts", credential=TOKEN, account_id=account(venue), name=venue)
        secret = {"access_token": TOKEN, "realm_id": account(venue)}
        made.engine.connect(venue, "quickbooks", secret, environment="production")
        yield made


VENUE = "blue-note"


def by_hand(world: World, method: str, path: str, body: Any = None, **params: str) -> Any:
    """What an accountant does in QuickBooks."""
    answer = requests.request(
        method,
        f"{world.bases['quickbooks']}/v3/company/{account(VENUE)}/{path}",
        params={"minorversion": "75", **params},
        json=body,
        headers={"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"},
        timeout=10,
    )
    assert answer.ok, answer.text
    return answer.json()


def living(world: World, collection: str) -> list[dict[str, Any]]:
    return [one for one in world.objects("quickbooks", VENUE, collection) if one.get("Active", True)]


def customers(world: World, count: int) -> None:
    for n in range(count):
        world.insert(
            "customers",
            VENUE,
            id=f"c{n}",
            given_name="李",
            family_name=f"Guest {n}",
            email=f"c{n}@example.com",
            address_line1="1 Main St",
            city="Reno",
            country="US",
        )


def products(world: World, count: int) -> None:
    for n in range(count):
        world.insert(
            "products",
            VENUE,
            id=f"p{n}",
            kind="ticket" if n % 2 else "merchandise",
            sku=f"SKU-{n}",
            name="Standard: Stalls" if n < 2 else f"Stalls {n}",
            description="Row A 🎭",
            price_minor=1999 + n,
            currency="USD",
        )


def quiet(world: World, entity: str) -> None:
    """Another sync, and a full one, find nothing to do on either side."""
    before = world.rows(f"SELECT max(updated_at) FROM venue.{'customers' if entity == 'customers' else 'products'}")
    for mode in (Mode(), Mode(), Mode(kind="full")):
        world.forget_calls()
        report = world.sync(VENUE, "quickbooks", entity, mode)
        assert (report.status, report.error, report.counts.written) == ("succeeded", None, 0)
        assert (report.counts.pulled_created, report.counts.pulled_updated) == (0, 0)
        assert world.calls("quickbooks")["writes"] == 0
    table = "customers" if entity == "customers" else "products"
    assert world.rows(f"SELECT max(updated_at) FROM venue.{table}") == before


def test_customers_go_in_batches_of_thirty_and_stay_quiet_though_the_country_is_rewritten(books: World) -> None:
    customers(books, 65)
    books.forget_calls()

    report = books.sync(VENUE, "quickbooks", "customers")

    assert (report.status, report.error, report.counts.created) == ("succeeded", None, 65)
    assert books.calls("quickbooks")["writes"] == 3
    assert {one["BillAddr"]["Country"] for one in living(books, "customers")} == {"USA"}
    quiet(books, "customers")


def test_a_change_of_either_side_reaches_the_other_once(books: World) -> None:
    customers(books, 2)
    books.sync(VENUE, "quickbooks", "customers")
    first, second = sorted(living(books, "customers"), key=lambda one: one["FamilyName"])
    by_hand(
        books,
        "POST",
        "customer",
        {
            "Id": first["Id"],
            "SyncToken": first["SyncToken"],
            "sparse": True,
            "BillAddr": {"Line1": "Storgata 1", "City": "Oslo", "Country": "Norway"},
        },
    )
    books.sql("UPDATE venue.customers SET family_name = 'King', updated_at = now() WHERE id = 'c1'")

    report = books.sync(VENUE, "quickbooks", "customers")

    assert (report.status, report.error, report.counts.updated, report.counts.pulled_updated) == (
        "succeeded",
        None,
        1,
        1,
    )
    assert books.rows("SELECT city, country FROM venue.customers ORDER BY id") == [("Oslo", "NO"), ("Reno", "US")]
    renamed = next(one for one in living(books, "customers") if one["Id"] == second["Id"])
    assert (renamed["DisplayName"], renamed["BillAddr"]["City"]) == ("李 King", "Reno")
    quiet(books, "customers")


def test_two_customers_of_one_name_are_two_customers_and_stay_quiet(books: World) -> None:
    for n in (1, 2):
        books.insert("customers", VENUE, id=f"c{n}", given_name="Ada", family_name="Smith", phone=f"555-000{n}")

    report = books.sync(VENUE, "quickbooks", "customers")

    assert (report.counts.created, report.counts.failed) == (2, 0)
    assert sorted(one["DisplayName"] for one in living(books, "customers")) == ["Ada Smith", "Ada Smith (c2)"]
    quiet(books, "customers")
    assert books.rows("SELECT DISTINCT given_name, family_name FROM venue.customers") == [("Ada", "Smith")]


def test_one_bad_customer_does_not_hold_the_rest(books: World) -> None:
    customers(books, 3)
    books.insert("customers", VENUE, id="nobody", note="without a name or address")

    report = books.sync(VENUE, "quickbooks", "customers")

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 3, 1)


def test_a_customer_made_in_quickbooks_comes_home_and_one_made_inactive_goes(books: World) -> None:
    by_hand(books, "POST", "customer", {"DisplayName": "Amy's Bird Sanctuary", "Notes": "from the books"})
    books.sync(VENUE, "quickbooks", "customers")
    assert books.rows("SELECT given_name, note FROM venue.customers") == [("Amy's Bird Sanctuary", "from the books")]
    quiet(books, "customers")
    (found,) = living(books, "customers")
    by_hand(
        books, "POST", "customer", {"Id": found["Id"], "SyncToken": found["SyncToken"], "sparse": True, "Active": False}
    )

    report = books.sync(VENUE, "quickbooks", "customers")

    assert (report.status, report.counts.pulled_deleted) == ("succeeded", 1)


def test_a_customer_deleted_at_the_venue_is_made_inactive_and_stays_so(books: World) -> None:
    customers(books, 1)
    books.sync(VENUE, "quickbooks", "customers")
    books.sql("UPDATE venue.customers SET deleted_at = now(), updated_at = now()")

    report = books.sync(VENUE, "quickbooks", "customers")

    assert (report.status, report.counts.deleted, living(books, "customers")) == ("succeeded", 1, [])
    quiet(books, "customers")
    assert books.rows("SELECT deleted_at IS NULL FROM venue.customers") == [(False,)]
    books.sql("UPDATE venue.customers SET deleted_at = NULL, updated_at = now()")
    assert books.sync(VENUE, "quickbooks", "customers").counts.updated == 1
    assert len(living(books, "customers")) == 1


def test_products_become_items_with_decimal_prices_and_names_of_their_own(books: World) -> None:
    products(books, 5)
    books.insert("products", VENUE, id="yen", kind="ticket", name="Tokyo night", price_minor=5000, currency="JPY")
    books.insert("products", VENUE, id="free", kind="ticket", name="Donation", price_minor=None, currency="USD")

    report = books.sync(VENUE, "quickbooks", "items")

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 6, 1)
    items = {one["Name"]: one for one in living(books, "items")}
    assert {"Standard - Stalls", "Standard - Stalls (p1)"} <= set(items)
    assert (items["Standard - Stalls"]["UnitPrice"], items["Standard - Stalls"]["Type"]) == (19.99, "NonInventory")
    assert items["Standard - Stalls (p1)"]["Type"] == "Service"
    books.sql("DELETE FROM venue.products WHERE id = 'yen'")
    quiet(books, "items")
    assert books.rows("SELECT name, price_minor FROM venue.products WHERE id IN ('p0', 'free') ORDER BY id") == [
        ("Donation", None),
        ("Standard: Stalls", 1999),
    ]


def test_a_price_changed_in_the_books_comes_home_to_the_cent(books: World) -> None:
    products(books, 1)
    books.sync(VENUE, "quickbooks", "items")
    (item,) = [one for one in living(books, "items") if one.get("Sku") == "SKU-0"]
    by_hand(
        books, "POST", "item", {"Id": item["Id"], "SyncToken": item["SyncToken"], "sparse": True, "UnitPrice": 0.29}
    )

    report = books.sync(VENUE, "quickbooks", "items")

    assert (report.status, report.counts.pulled_updated, report.counts.written) == ("succeeded", 1, 0)
    assert books.rows("SELECT name, sku, price_minor FROM venue.products") == [("Standard: Stalls", "SKU-0", 29)]


def test_orders_are_booked_once_each_and_follow_their_customers(books: World) -> None:
    customers(books, 1)
    at = datetime(2026, 1, 2, 20, tzinfo=UTC)
    for n, customer in enumerate(["c0", None, "c0"]):
        books.insert(
            "orders",
            VENUE,
            id=f"o{n}",
            provider="stripe",
            customer_id=customer,
            total_minor=9050 + n,
            currency="USD",
            ordered_at=at,
        )
    books.insert(
        "orders",
        VENUE,
        id="opening",
        provider="stripe",
        origin="opening balance",
        total_minor=1,
        currency="USD",
        ordered_at=at,
    )

    waiting = books.sync(VENUE, "quickbooks", "sales_receipts")
    books.sync(VENUE, "quickbooks", "customers")
    booked = books.sync(VENUE, "quickbooks", "sales_receipts")

    assert (waiting.status, waiting.counts.created, waiting.counts.waiting) == ("succeeded", 1, 2)
    assert (booked.status, booked.counts.created, booked.counts.waiting) == ("succeeded", 2, 0)
    receipts = {one["PrivateNote"]: one for one in books.objects("quickbooks", VENUE, "salesreceipts")}
    assert {note: one["TotalAmt"] for note, one in receipts.items()} == {"o0": 90.5, "o1": 90.51, "o2": 90.52}
    assert receipts["o0"]["TxnDate"] == "2026-01-02"
    assert books.sync(VENUE, "quickbooks", "sales_receipts", Mode(kind="full")).counts.written == 0
    books.sql("UPDATE venue.orders SET total_minor = 100 WHERE id = 'o0'")
    assert books.sync(VENUE, "quickbooks", "sales_receipts").counts.updated == 1
    assert len(books.objects("quickbooks", VENUE, "salesreceipts")) == 3
    books.sync(VENUE, "quickbooks", "items")
    assert books.rows("SELECT count(*) FROM venue.products") == [(0,)]


def test_payments_and_refunds_of_the_books_come_home(books: World) -> None:
    customers(books, 1)
    books.sync(VENUE, "quickbooks", "customers")
    (customer,) = living(books, "customers")
    by_hand(
        books,
        "POST",
        "payment",
        {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 100.1, "TxnDate": "2026-05-05"},
    )
    report = books.sync(VENUE, "quickbooks", "payments")
    refunds = books.sync(VENUE, "quickbooks", "refund_receipts")

    assert (report.status, report.error, report.counts.pulled_created) == ("succeeded", None, 1)
    assert (refunds.status, refunds.error) == ("succeeded", None)
    assert books.rows("SELECT provider, customer_id, amount_minor, currency, status FROM venue.payments") == [
        ("quickbooks", "c0", 10010, "USD", "succeeded")
    ]


def test_a_batch_whose_answer_is_lost_is_not_written_twice(books: World) -> None:
    customers(books, 40)
    books.faults("quickbooks", {"kind": "drop_after", "path": "*/batch", "times": 2})

    report = books.sync(VENUE, "quickbooks", "customers")

    assert (report.status, report.counts.created, len(living(books, "customers"))) == ("succeeded", 40, 40)
    quiet(books, "customers")


def test_without_a_ledger_everything_is_known_again_and_nothing_is_written_twice(books: World) -> None:
    customers(books, 3)
    products(books, 3)
    for n in range(3):
        at = datetime(2026, 1, 2, tzinfo=UTC)
        order = {"provider": "stripe", "total_minor": 100 + n, "currency": "USD", "ordered_at": at}
        books.insert("orders", VENUE, id=f"o{n}", customer_id=f"c{n}", **order)
    entities = ("customers", "items", "sales_receipts")
    held = ("customers", "items", "salesreceipts")
    for entity in entities:
        assert books.sync(VENUE, "quickbooks", entity).counts.created == 3
    before = {name: len(books.objects("quickbooks", VENUE, name)) for name in held}
    books.sql("DELETE FROM sync.ledger")
    books.sql("DELETE FROM sync.cursors")

    for entity in entities:
        assert books.sync(VENUE, "quickbooks", entity).error is None

    assert {name: len(books.objects("quickbooks", VENUE, name)) for name in held} == before
    assert books.rows("SELECT count(*) FROM venue.customers") == [(3,)]
    assert books.rows("SELECT count(*) FROM venue.products") == [(3,)]
    quiet(books, "customers")
    quiet(books, "items")
