"""What the box office sold, by provider and venue."""

import sqlalchemy as sa

from sync_core.store import venue_tables as tables
from sync_core.store.venue_rows import load, rows_from_records
from sync_core.store.venue_sales import sales_for_provider
from sync_core.venue.demo import generate_demo


def test_orders_of_the_venue_and_provider_come_oldest_first(database: sa.Engine) -> None:
    generate_demo(database, venues=2, customers_per_venue=10)
    o = tables.orders
    with database.begin() as conn:
        mine = sa.and_(o.c.venue_id == "lantern-hall", o.c.provider == "stripe")
        expected = conn.execute(
            sa.select(o.c.id, o.c.customer_id, o.c.total_minor, o.c.currency, o.c.ordered_at)
            .where(mine)
            .order_by(o.c.ordered_at, o.c.id)
        ).all()
        sales = sales_for_provider(conn, "stripe", "lantern-hall")

    keys = ("order_id", "customer_id", "amount_minor", "currency", "ordered_at")
    assert [tuple(sale[key] for key in keys) for sale in sales] == [tuple(row) for row in expected]
    assert len(sales) > 3
    assert all(sale["ordered_at"].tzinfo is not None for sale in sales)


def test_a_sale_is_described_by_its_first_line(database: sa.Engine) -> None:
    order = {
        "venue_id": "a",
        "provider": "stripe",
        "currency": "GBP",
        "ordered_at": "2009-12-01 00:00:00+00",
        "deleted_at": None,
    }
    line = {"quantity": 1, "amount_minor": 5}
    with database.begin() as conn:
        load(conn, tables.venues, rows_from_records(tables.venues, [{"id": "a", "name": "A", "currency": "GBP"}]))
        conn.execute(
            sa.insert(tables.orders),
            [
                {**order, "id": "1", "total_minor": 5, "origin": "sale", "lines": [{**line, "description": "Red mug"}]},
                {
                    **order,
                    "id": "2",
                    "total_minor": 10,
                    "origin": "sale",
                    "lines": [{**line, "description": None}, {**line, "description": "Second"}],
                },
                {**order, "id": "open-3", "total_minor": 15, "origin": "opening balance", "lines": []},
                {
                    **order,
                    "id": "4",
                    "total_minor": 5,
                    "origin": "sale",
                    "lines": [],
                    "deleted_at": "2009-12-02 00:00:00+00",
                },
            ],
        )
        sales = sales_for_provider(conn, "stripe", "a")

    assert {sale["order_id"]: sale["description"] for sale in sales} == {
        "1": "Order 1: Red mug",
        "2": "Order 2: one article and 1 more",
        "open-3": "Opening balance open-3",
    }
