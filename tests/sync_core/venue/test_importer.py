"""Importing a folder: every row is accounted for, venues keep to themselves, and a second import is quiet."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.store import venue_tables as tables
from sync_core.venue.importer import import_folder
from sync_core.venue.report import ImportReport

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def rows(database: sa.Engine, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
    with database.connect() as conn:
        return [tuple(row) for row in conn.execute(query)]


def count(database: sa.Engine, table: sa.Table) -> int:
    return rows(database, sa.select(sa.func.count()).select_from(table))[0][0]


def stamps(database: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """The transaction that last touched each synced row."""
    return {
        table.name: rows(
            database,
            sa.select(table.c.venue_id, table.c.id, sa.cast(table.c.changed_xid, sa.Text)).order_by(
                table.c.venue_id, table.c.id
            ),
        )
        for table in tables.SYNCED
    }


def violations(database: sa.Engine) -> dict[str, int]:
    """How often each rule of a sound import is broken in the database."""
    o, r, p = tables.orders, tables.refunds, tables.products
    li = (
        sa.func.jsonb_to_recordset(o.c.lines)
        .table_valued(sa.column("product_id", sa.Text), sa.column("amount_minor", sa.BigInteger))
        .render_derived(name="li", with_types=True)
    )
    refunded = (
        sa.select(r.c.venue_id, r.c.order_id, sa.func.sum(r.c.amount_minor).label("back"))
        .group_by(r.c.venue_id, r.c.order_id)
        .subquery()
    )
    of_lines = sa.select(sa.func.sum(li.c.amount_minor)).select_from(li).scalar_subquery()
    same_order = sa.and_(r.c.venue_id == o.c.venue_id, r.c.order_id == o.c.id)
    queries = {
        "a refund without its order": sa.select(sa.func.count()).select_from(r).where(~sa.exists().where(same_order)),
        "a refund paid back elsewhere": sa.select(sa.func.count())
        .select_from(r.join(o, same_order))
        .where(r.c.provider != o.c.provider),
        "a refund before its sale": sa.select(sa.func.count())
        .select_from(r.join(o, same_order))
        .where(r.c.refunded_at < o.c.ordered_at),
        "more refunded than paid": sa.select(sa.func.count())
        .select_from(refunded.join(o, sa.and_(refunded.c.venue_id == o.c.venue_id, refunded.c.order_id == o.c.id)))
        .where(refunded.c.back > o.c.total_minor),
        "a sale whose lines make another total": sa.select(sa.func.count())
        .select_from(o)
        .where(o.c.origin == "sale", of_lines.is_distinct_from(o.c.total_minor)),
        "a line of another venue's product": sa.select(sa.func.count())
        .select_from(o.join(li, sa.true()))
        .where(
            li.c.product_id.is_not(None),
            ~sa.exists().where(p.c.venue_id == o.c.venue_id, p.c.id == li.c.product_id),
        ),
        "an order of another venue's customer": sa.select(sa.func.count())
        .select_from(o)
        .where(
            o.c.customer_id.is_not(None),
            ~sa.exists().where(tables.customers.c.venue_id == o.c.venue_id, tables.customers.c.id == o.c.customer_id),
        ),
        "a customer of two venues": sa.select(sa.func.count() - sa.func.count(tables.customers.c.id.distinct())),
        "an article of two venues": sa.select(sa.func.count() - sa.func.count(p.c.id.distinct())),
        "stock without a product": sa.select(sa.func.count())
        .select_from(tables.stock)
        .where(~sa.exists().where(p.c.venue_id == tables.stock.c.venue_id, p.c.id == tables.stock.c.id)),
        "money that is negative or nothing": sa.select(sa.func.count())
        .select_from(o)
        .where(sa.or_(o.c.total_minor <= 0, o.c.currency != "GBP")),
    }
    found = {rule: rows(database, query)[0][0] for rule, query in queries.items()}
    return {rule: times for rule, times in found.items() if times}


def unaccounted(report: ImportReport) -> dict[tuple[str, str], int]:
    return {(s.file, s.unit): s.read - s.accounted for s in report.sources if s.read != s.accounted}


def source(report: ImportReport, file: str, unit: str) -> Any:
    return next(s for s in report.sources if (s.file, s.unit) == (file, unit))


RETAIL = "online_retail_2009_2010.parquet"


def test_every_row_of_every_file_is_imported_left_out_or_rejected(database: sa.Engine, folder: Path) -> None:
    report = import_folder(database, folder, venues=2)

    assert unaccounted(report) == {}
    lines, invoices = source(report, RETAIL, "rows"), source(report, RETAIL, "invoices")
    assert (lines.read, dict(lines.imported)) == (33, {"order_lines": 9, "refunds": 5})
    assert (invoices.read, dict(invoices.imported)) == (18, {"orders": 4, "refunds": 5})
    written = {table.table: table.inserted for table in report.tables}
    assert written == {
        "venues": 2,
        "events": 5,
        "products": 8,
        "stock": 5,
        "customers": 3,
        "orders": 7,
        "refunds": 5,
    }
    assert {table.name: count(database, table) for table in tables.metadata.sorted_tables if table.name in written} == (
        written
    )
    assert violations(database) == {}


def test_every_rejection_is_kept_with_file_row_reason_and_content(database: sa.Engine, folder: Path) -> None:
    report = import_folder(database, folder, venues=2)

    kept = rows(database, sa.select(*tables.import_rejections.columns).order_by("source", "row"))
    assert len(kept) == report.rejected == 30
    reasons = {(file, row): (reason, content) for file, row, reason, content, _ in kept}
    assert reasons["allevents_pipe.txt", 7] == (
        "names a venue that does not exist",
        {
            "id": "16",
            "venue": "99",
            "category": "6",
            "date": "1827",
            "name": "Nowhere",
            "start": "2008-01-01 20:00:00",
        },
    )
    assert reasons["venue_pipe.txt", 7] == (
        "has not the 5 fields id|name|city|state|seats",
        {"line": "5|Too|Few"},
    )
    date = reasons[RETAIL, 18]
    assert (date[0], date[1]["at"]) == ("the invoice's date is not a date and time", "yesterday")
    assert Counter(reason for file, _, reason, *_ in kept if file == RETAIL) == source(report, RETAIL, "rows").rejected


def test_a_refund_joins_the_customers_sale_until_its_money_is_gone(database: sa.Engine, folder: Path) -> None:
    import_folder(database, folder, venues=2)

    r, o = tables.refunds, tables.orders
    query = (
        sa.select(r.c.id, r.c.order_id, r.c.amount_minor, o.c.origin, sa.cast(o.c.ordered_at, sa.Text))
        .select_from(r.join(o, sa.and_(r.c.venue_id == o.c.venue_id, r.c.order_id == o.c.id)))
        .order_by(r.c.id)
    )
    assert rows(database, query) == [
        ("C500010", "500001", 600, "sale", "2009-12-01 10:00:00+00"),
        ("C500011", "500001", 500, "sale", "2009-12-01 10:00:00+00"),
        ("C500012", "open-C500012", 500, "opening balance", "2009-12-01 00:00:00+00"),
        ("C500013", "open-C500013", 250, "opening balance", "2009-12-01 00:00:00+00"),
        ("C500014", "open-C500014", 777, "opening balance", "2009-12-01 00:00:00+00"),
    ]


def test_a_customer_without_a_single_country_has_it_in_the_note(database: sa.Engine, folder: Path) -> None:
    import_folder(database, folder, venues=2)

    c = tables.customers
    assert rows(database, sa.select(c.c.id, c.c.family_name, c.c.email, c.c.country, c.c.note).order_by(c.c.id)) == [
        ("13000", "13000", "customer-13000@example.com", "GB", None),
        ("13001", "13001", "customer-13001@example.com", "FR", None),
        ("13002", "13002", "customer-13002@example.com", None, "Country in the source: Channel Islands"),
    ]


def test_a_second_import_touches_no_row(database: sa.Engine, folder: Path) -> None:
    import_folder(database, folder, venues=2)
    before = stamps(database)

    report = import_folder(database, folder, venues=2)

    assert {table.table: (table.inserted, table.updated) for table in report.tables} == {
        table.table: (0, 0) for table in report.tables
    }
    assert stamps(database) == before
    assert sum(len(touched) for touched in before.values()) == 28
    assert count(database, tables.import_rejections) == 30


def test_a_second_import_writes_back_only_what_differs_and_leaves_stock_alone(
    database: sa.Engine, folder: Path
) -> None:
    import_folder(database, folder, venues=2)
    before = stamps(database)
    with database.begin() as conn:
        conn.execute(sa.update(tables.products).where(tables.products.c.id == "10004").values(name="Changed"))
        conn.execute(sa.update(tables.stock).where(tables.stock.c.id == "10002").values(quantity=1))
        conn.execute(sa.update(tables.refunds).values(status="succeeded", refunded_at=sa.func.now()))
    sold = stamps(database)

    report = import_folder(database, folder, venues=2)

    assert {table.table: table.updated for table in report.tables if table.updated} == {"products": 1}
    assert rows(database, sa.select(tables.stock.c.quantity).where(tables.stock.c.id == "10002")) == [(1,)]
    assert rows(database, sa.select(tables.refunds.c.status).distinct()) == [("succeeded",)]
    after = stamps(database)
    assert after["stock"] == sold["stock"] != before["stock"]
    assert after["orders"] == before["orders"]


@pytest.mark.parametrize("venues", [1, 3])
def test_another_selection_of_venues_is_refused(database: sa.Engine, folder: Path, venues: int) -> None:
    import_folder(database, folder, venues=2)
    before = stamps(database)

    with pytest.raises(ConfigurationError, match="The database holds an import of 2 venues"):
        import_folder(database, folder, venues=venues)

    assert stamps(database) == before


def test_orders_never_move_to_another_provider(database: sa.Engine, folder: Path) -> None:
    import_folder(database, folder, venues=2, providers=("stripe", "square"))
    before = stamps(database)

    with pytest.raises(ConfigurationError, match=r"Order .* is paid at another provider"):
        import_folder(database, folder, venues=2, providers=("square",))

    assert stamps(database) == before


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("tickit/venue_pipe.txt", "id|name|city|state|seats"),
        ("tickit/allevents_pipe.txt", "id|venue|category|date|name|start"),
        ("tickit/category_pipe.txt", "id|group|name|description"),
        ("tickit/date2008_pipe.txt", "id|date|day|week|month|quarter|year|holiday"),
        (f"online_retail/{RETAIL}", "Invoice, StockCode, Description"),
    ],
)
def test_a_missing_file_is_named_with_what_it_should_hold(
    database: sa.Engine, folder: Path, file: str, says: str
) -> None:
    (folder / file).unlink()

    with pytest.raises(ConfigurationError) as refusal:
        import_folder(database, folder)

    assert str(folder / file) in str(refusal.value)
    assert says in str(refusal.value)
    assert count(database, tables.venues) == 0


def test_a_parquet_file_that_is_none_is_named(database: sa.Engine, folder: Path) -> None:
    (folder / "online_retail" / RETAIL).write_bytes(b"PAR1 not at all")

    with pytest.raises(ConfigurationError, match="is not a readable Parquet file"):
        import_folder(database, folder)


def test_a_folder_that_is_none_is_named(database: sa.Engine, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="must hold tickit/ and online_retail/"):
        import_folder(database, tmp_path / "nowhere")


def test_an_import_without_venues_or_with_a_provider_twice_is_refused(database: sa.Engine, folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="at least one venue"):
        import_folder(database, folder, venues=0)
    with pytest.raises(ConfigurationError, match="each named once"):
        import_folder(database, folder, providers=("stripe", "stripe"))


def test_progress_names_every_table(database: sa.Engine, folder: Path) -> None:
    told: list[str] = []

    import_folder(database, folder, venues=2, on_progress=told.append)

    assert told[:2] == ["reading venues and events", "reading customers and sales"]
    assert told[-2:] == ["writing orders (7 rows)", "writing refunds (5 rows)"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data set is not beside the repository")
def test_the_real_data_set_adds_up(database: sa.Engine) -> None:
    report = import_folder(database, SHARED)

    assert unaccounted(report) == {}
    lines, invoices = source(report, RETAIL, "rows"), source(report, RETAIL, "invoices")
    assert (lines.read, dict(lines.imported)) == (525_461, {"order_lines": 511_490, "refunds": 10_081})
    assert (invoices.read, dict(invoices.imported)) == (28_816, {"orders": 20_876, "refunds": 4_495})
    assert dict(source(report, RETAIL, "customers").imported) == {"customers": 4_383}
    assert source(report, "allevents_pipe.txt", "rows").rejected == {"names a venue that does not exist": 139}
    assert count(database, tables.import_rejections) == report.rejected == 4_029
    assert count(database, tables.venues) == 24
    assert count(database, tables.orders) == 20_876 + 468
    assert violations(database) == {}
    before = stamps(database)

    again = import_folder(database, SHARED)

    assert sum(table.inserted + table.updated for table in again.tables) == 0
    assert stamps(database) == before
