"""The whole way of Square's orders, loyalty and sold stock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
import sqlalchemy as sa

from sync_core.sync.report import EntityReport
from sync_sims.square import SquareSimulator
from tests.world import World, account, key, world

VENUE = "blue-note"
SOLD_AT = datetime(2026, 1, 2, 19, 30, tzinfo=UTC)


@pytest.fixture
def square(database: sa.Engine, tmp_path: Path) -> Iterator[World]:
    """A world whose only provider is Square, with one venue, one customer and two products that both sides know."""
    with world(database, tmp_path, lambda: {"square": SquareSimulator()}) as made:
        made.venue(VENUE, providers=("square",))
        made.insert("customers", VENUE, id="c1", given_name="Ana", phone="+14155550100")
        for n in (1, 2):
            made.insert("products", VENUE, id=f"p{n}", name=f"Stalls {n}", price_minor=1000 * n, currency="USD")
            made.insert("stock", VENUE, id=f"p{n}", quantity=100)
        for entity in ("customers", "products", "inventory"):
            assert done(made, entity).counts.failed == 0
        yield made


def done(made: World, entity: str) -> EntityReport:
    report = made.sync(VENUE, "square", entity)
    assert (report.status, report.error) == ("succeeded", None)
    return report


def at_square(made: World, method: str, path: str, body: Any = None) -> Any:
    """What the platform's shop or the seller asks of Square."""
    headers = {"Authorization": f"Bearer {key(VENUE, 'square')}", "Square-Version": "2026-09-16"}
    answer = requests.request(method, made.bases["square"] + path, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def seed(made: World, collection: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return made.sim("square", "POST", f"accounts/{account(VENUE)}/seed/{collection}", rows=rows)["objects"]


def line(product: str | None, quantity: int, amount: int, description: str = "Stalls") -> dict[str, Any]:
    return {"product_id": product, "description": description, "quantity": quantity, "amount_minor": amount}


def add_order(made: World, local_id: str, total: int, *lines: dict[str, Any], **more: Any) -> None:
    numbered = [{"line": number, "sku": None, **one} for number, one in enumerate(lines, start=1)]
    row = {"provider": "square", "status": "open", "customer_id": "c1", "currency": "USD", **more}
    made.insert(
        "orders",
        VENUE,
        id=local_id,
        total_minor=total,
        ordered_at=SOLD_AT,
        **{name: value for name, value in row.items() if value is not None},
    )
    made.sql(
        "UPDATE venue.orders SET lines = :lines WHERE id = :id", lines=orjson.dumps(numbered).decode(), id=local_id
    )


def held(made: World) -> dict[str, dict[str, Any]]:
    return {one.get("reference_id", one["id"]): one for one in made.objects("square", VENUE, "orders")}


def quiet(made: World, *entities: str) -> None:
    """Twice nothing is written on either side."""
    for _ in range(2):
        for entity in entities:
            counts = done(made, entity).counts
            assert (counts.written, counts.pulled_created, counts.pulled_updated, counts.conflicts) == (0, 0, 0, 0)


def test_an_open_order_goes_out_with_its_lines_is_paid_there_and_comes_home_completed(square: World) -> None:
    add_order(square, "o1", 4500, line("p1", 2, 2000), line("p2", 1, 2500, "Box"))

    assert done(square, "orders").counts.created == 1

    order = held(square)["o1"]
    variations = {one["id"] for one in square.objects("square", VENUE, "catalog") if one["type"] == "ITEM_VARIATION"}
    assert {one["catalog_object_id"] for one in order["line_items"]} == variations
    assert [(one["quantity"], one["total_money"]["amount"]) for one in order["line_items"]] == [
        ("2", 2000),
        ("1", 2500),
    ]
    assert (order["state"], order["total_money"]) == ("OPEN", {"amount": 4500, "currency": "USD"})
    quiet(square, "orders")

    body = {"idempotency_key": "pay", "source_id": "cnon:card-nonce-ok", "order_id": order["id"]}
    at_square(square, "POST", "/v2/payments", {**body, "amount_money": order["total_money"]})
    report = done(square, "orders")

    assert (report.counts.pulled_updated, report.counts.written, report.counts.conflicts) == (1, 0, 0)
    assert square.rows("SELECT id, status, ordered_at, customer_id FROM venue.orders") == [
        ("o1", "completed", SOLD_AT, "c1")
    ]
    done(square, "inventory")
    assert square.rows("SELECT id, quantity FROM venue.stock ORDER BY id") == [("p1", 98), ("p2", 99)]
    done(square, "payments")
    assert square.rows("SELECT order_id, amount_minor FROM venue.payments") == [("o1", 4500)]
    quiet(square, "orders", "inventory", "payments")


@pytest.mark.parametrize(("quantity", "amount"), [(3, 1000), (7, 4), (2, 1999), (1, 0), (9, 9_999_999_999)])
def test_an_amount_that_cannot_be_divided_by_its_pieces_is_the_same_to_the_minor_unit(
    square: World, quantity: int, amount: int
) -> None:
    add_order(square, "o1", amount + 150, line("p1", quantity, amount))

    assert done(square, "orders").counts.created == 1

    (order,) = square.objects("square", VENUE, "orders")
    assert order["total_money"]["amount"] == amount + 150
    assert sum(int(one["quantity"]) for one in order["line_items"] if "catalog_object_id" in one) == quantity
    (before,) = square.rows("SELECT lines FROM venue.orders")
    square.sql("DELETE FROM sync.ledger WHERE entity = 'orders'")
    square.sql("DELETE FROM sync.cursors WHERE entity = 'orders'")
    report = done(square, "orders")
    assert (report.counts.created, report.counts.pulled_created, report.counts.conflicts) == (0, 0, 0)
    assert square.rows("SELECT lines FROM venue.orders") == [before]
    quiet(square, "orders")


def test_changed_lines_and_a_cancellation_go_out_with_the_version_they_were_made_for(square: World) -> None:
    add_order(square, "o1", 2000, line("p1", 2, 2000))
    add_order(square, "o2", 1000, line("p1", 1, 1000))
    done(square, "orders")
    lines = orjson.dumps([{"line": 1, "sku": None, **line("p2", 3, 5000, "Box")}]).decode()
    square.sql(
        "UPDATE venue.orders SET lines = :lines, total_minor = 5000, updated_at = now() WHERE id = 'o1'", lines=lines
    )
    square.sql("UPDATE venue.orders SET status = 'canceled', updated_at = now() WHERE id = 'o2'")

    assert done(square, "orders").counts.updated == 2

    orders = held(square)
    assert [(one["name"], one["quantity"]) for one in orders["o1"]["line_items"]] == [("Box", "1"), ("Box", "2")]
    assert orders["o1"]["total_money"]["amount"] == 5000
    assert (orders["o1"]["version"], orders["o2"]["state"]) == (2, "CANCELED")
    quiet(square, "orders")


def test_an_order_changed_at_square_at_the_moment_of_the_write_is_decided_by_the_policy(square: World) -> None:
    add_order(square, "o1", 2000, line("p1", 2, 2000))
    done(square, "orders")
    order = held(square)["o1"]
    row = {"id": order["id"], "ticket_name": "Table 7", "metadata": {"ordered_at": "2026-01-03T00:00:00Z"}}
    path = f"/v2/orders/{order['id']}"
    edit = {"kind": "edit", "method": "PUT", "path": path, "times": 1, "collection": "orders", "rows": [row]}
    square.faults("square", edit)
    square.sql("UPDATE venue.orders SET status = 'canceled', updated_at = now() WHERE id = 'o1'")

    report = done(square, "orders")

    assert (report.counts.updated, report.counts.pulled_updated, report.counts.failed) == (1, 1, 0)
    after = held(square)["o1"]
    assert (after["state"], after["ticket_name"], after["version"]) == ("CANCELED", "Table 7", 3)
    assert square.rows("SELECT status, ordered_at FROM venue.orders") == [
        ("canceled", datetime(2026, 1, 3, tzinfo=UTC))
    ]


def test_a_deleted_order_is_called_off_and_a_paid_one_is_kept_with_a_reason(square: World) -> None:
    add_order(square, "o1", 1000, line("p1", 1, 1000))
    add_order(square, "o2", 1000, line("p1", 1, 1000))
    done(square, "orders")
    body = {"idempotency_key": "pay", "source_id": "cnon:card-nonce-ok", "order_id": held(square)["o2"]["id"]}
    at_square(square, "POST", "/v2/payments", {**body, "amount_money": {"amount": 1000, "currency": "USD"}})
    done(square, "orders")
    square.sql("UPDATE venue.orders SET deleted_at = now(), updated_at = now() + interval '1 minute'")

    report = done(square, "orders")

    assert (report.counts.deleted, report.counts.failed) == (1, 1)
    assert [(one.record_id, one.code) for one in report.failures] == [("o2", "PAID")]
    assert (held(square)["o1"]["state"], held(square)["o2"]["state"]) == ("CANCELED", "COMPLETED")
    for _ in range(2):
        done(square, "orders")
        assert square.rows("SELECT count(*) FROM venue.orders WHERE deleted_at IS NULL") == [(0,)]


def test_sales_at_the_till_come_home_once_and_take_what_they_sold(square: World) -> None:
    (variation, _) = [one for one in square.objects("square", VENUE, "catalog") if one["type"] == "ITEM_VARIATION"]
    price = {"amount": 1250, "currency": "USD"}
    (customer,) = square.objects("square", VENUE, "customers")
    seed(
        square,
        "orders",
        {
            "customer_id": customer["id"],
            "paid": True,
            "line_items": [
                {"quantity": "2", "catalog_object_id": variation["id"]},
                {"quantity": "1.5", "name": "Ribbon", "base_price_money": price},
                {"quantity": "1", "base_price_money": price},
            ],
        },
    )

    report = done(square, "orders")

    assert report.counts.pulled_created == 1
    ((provider, origin, status, total, customer_id, lines),) = square.rows(
        "SELECT provider, origin, status, total_minor, customer_id, lines FROM venue.orders"
    )
    assert (provider, origin, status, customer_id) == ("square", "sale", "completed", "c1")
    assert total == 2000 + 1875 + 1250
    assert [(one["product_id"], one["quantity"], one["amount_minor"]) for one in lines] == [
        ("p1", 2, 2000),
        (None, None, 1875),
        (None, 1, 1250),
    ]
    done(square, "inventory")
    assert square.rows("SELECT quantity FROM venue.stock WHERE id = 'p1'") == [(98,)]
    done(square, "payments")
    assert square.rows("SELECT p.order_id = o.id FROM venue.payments p, venue.orders o") == [(True,)]
    quiet(square, "orders", "inventory", "payments")


def test_what_square_takes_for_an_order_without_one_of_its_own_is_no_second_sale(square: World) -> None:
    add_order(square, "o1", 2000, line("p1", 2, 2000), status="completed")
    seed(
        square,
        "payments",
        {"amount": 2000, "currency": "USD", "reference_id": "o1"},
        {"amount": 700, "currency": "USD"},
    )

    report = done(square, "orders")

    assert (report.counts.written, report.counts.pulled_created, report.counts.failed) == (0, 1, 0)
    assert square.rows("SELECT total_minor FROM venue.orders WHERE id <> 'o1'") == [(700,)]
    assert square.rows("SELECT count(*) FROM sync.dead_letters") == [(0,)]
    quiet(square, "orders")


def test_an_order_whose_answer_was_lost_is_made_once_and_one_that_costs_less_than_its_lines_is_refused(
    square: World,
) -> None:
    add_order(square, "o1", 2000, line("p1", 2, 2000))
    add_order(square, "o2", 500, line("p1", 2, 2000))
    add_order(square, "door", 500, line("p1", 1, 500), provider="door")
    square.faults("square", {"kind": "drop_after", "path": "/v2/orders", "times": 1})

    report = done(square, "orders")

    assert (report.counts.created, report.counts.failed) == (1, 1)
    assert [(one.record_id, one.code) for one in report.failures] == [("o2", "LINES_EXCEED_TOTAL")]
    assert list(held(square)) == ["o1"]


def test_points_are_given_once_and_the_balance_comes_home(square: World) -> None:
    (customer,) = square.objects("square", VENUE, "customers")
    (enrolled,) = seed(
        square, "loyalty_accounts", {"phone_number": "+14155550100", "customer_id": customer["id"], "points": 40}
    )
    assert done(square, "loyalty_accounts").counts.pulled_created == 1
    assert square.rows("SELECT id, customer_id, phone, points FROM venue.loyalty_accounts") == [
        (enrolled["id"], "c1", "+14155550100", 40)
    ]
    common = {"provider": "square", "account_id": enrolled["id"]}
    square.insert("loyalty_points", VENUE, id="g1", points=12, order_id="o1", **common)
    square.insert("loyalty_points", VENUE, id="g2", points=5, reason="Waited in the rain", **common)
    square.insert("loyalty_points", VENUE, id="g3", points=-7, reason="Given by mistake", **common)
    square.insert("loyalty_points", VENUE, id="g4", points=-700, reason="Too many", **common)
    square.insert("loyalty_points", VENUE, id="g5", points=1, provider="square", account_id="nobody's")
    square.faults(
        "square",
        {"kind": "drop_after", "path": "*/adjust", "times": 1},
        {"kind": "drop_after", "path": "*/accumulate", "times": 1},
    )

    report = done(square, "loyalty_points")

    assert (report.counts.created, report.counts.failed, report.counts.waiting) == (3, 1, 1)
    events = square.objects("square", VENUE, "loyalty_events")
    assert sorted(
        (one["type"], (one.get("accumulate_points") or one["adjust_points"])["points"]) for one in events
    ) == [
        ("ACCUMULATE_POINTS", 12),
        ("ADJUST_POINTS", -7),
        ("ADJUST_POINTS", 5),
        ("ADJUST_POINTS", 40),
    ]
    square.no_faults("square")
    assert done(square, "loyalty_accounts").counts.pulled_updated == 1
    assert square.rows("SELECT points, lifetime_points FROM venue.loyalty_accounts") == [(50, 57)]
    square.sql("UPDATE venue.loyalty_points SET reason = 'again', updated_at = now() WHERE id = 'g2'")
    assert done(square, "loyalty_points").counts.written == 0
    assert len(square.objects("square", VENUE, "loyalty_events")) == 4


def test_points_that_nobody_remembers_are_looked_up_before_they_are_given(square: World) -> None:
    """The sync died after the call, long enough ago for the idempotency key to be forgotten."""
    (enrolled,) = seed(square, "loyalty_accounts", {"phone_number": "+14155550100"})
    done(square, "loyalty_accounts")
    common = {"provider": "square", "account_id": enrolled["id"]}
    square.insert("loyalty_points", VENUE, id="g1", points=12, order_id="o1", **common)
    square.insert("loyalty_points", VENUE, id="g2", points=5, reason="Rain", **common)
    square.faults("square", {"kind": "error_after", "status": 500, "path": "/v2/loyalty/accounts/*"})
    assert square.sync(VENUE, "square", "loyalty_points").status == "failed"
    assert square.rows("SELECT count(*) FROM sync.intents") == [(2,)]
    long_ago = datetime.now(UTC) - timedelta(hours=30)
    square.sql("UPDATE sync.intents SET created_at = :at", at=long_ago)
    square.no_faults("square")

    report = done(square, "loyalty_points")

    assert report.counts.recovered == 2
    assert len(square.objects("square", VENUE, "loyalty_events")) == 2
    assert square.rows("SELECT count(*) FROM sync.ledger WHERE entity = 'loyalty_points'") == [(2,)]


def test_stock_that_moved_at_square_at_the_moment_of_the_count_is_recorded_as_a_conflict(square: World) -> None:
    """The venue's count wins by the declared policy, and what the till did meanwhile is not lost without a trace."""
    count = next(one for one in square.objects("square", VENUE, "inventory_counts") if one["state"] == "IN_STOCK")
    sold = {
        "catalog_object_id": count["catalog_object_id"],
        "from_state": "IN_STOCK",
        "to_state": "SOLD",
        "quantity": "3",
    }
    # The pull has read the counts when the seller's till books its sale.
    path = "/v2/inventory/counts/batch-retrieve"
    edit = {"kind": "edit", "path": path, "body_contains": "catalog_object_ids", "times": 1}
    square.faults("square", {**edit, "collection": "inventory_changes", "rows": [sold]})
    square.sql("UPDATE venue.stock SET quantity = 60, updated_at = now()")

    report = done(square, "inventory")

    assert (report.counts.updated, report.counts.conflicts, report.counts.failed) == (2, 1, 0)
    assert square.rows("SELECT venue_value #>> '{}', provider_value #>> '{}', winner FROM sync.conflicts") == [
        ("60", "97", "venue")
    ]
    there = {
        one["quantity"] for one in square.objects("square", VENUE, "inventory_counts") if one["state"] == "IN_STOCK"
    }
    assert there == {"60"}


def test_a_product_that_was_never_counted_has_no_stock_rather_than_none_left(square: World) -> None:
    seed(
        square,
        "catalog",
        {
            "item_data": {
                "name": "Poster",
                "variations": [
                    {"item_variation_data": {"name": "A2", "price_money": {"amount": 900, "currency": "USD"}}}
                ],
            }
        },
    )
    assert done(square, "products").counts.pulled_created == 1

    assert done(square, "inventory").counts.pulled_created == 0

    assert square.rows("SELECT count(*) FROM venue.stock") == [(2,)]
