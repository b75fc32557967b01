"""The whole way with Square: batches, versions, stock by reference, payments and refunds."""

from datetime import UTC, datetime
from typing import Any

import requests

from sync_core.sync.report import Mode
from tests.world import World, account, key


def _at_square(world: World, venue: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key(venue, 'square')}", "Square-Version": "2026-09-16"}
    answer = requests.request(method, world.bases["square"] + path, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def _products(world: World, venue: str, count: int) -> None:
    for n in range(count):
        world.insert(
            "products",
            venue,
            id=f"p{n}",
            kind="ticket",
            sku=f"SKU-{n}",
            name=f"Stalls {n}",
            description="Row A 🎭",
            price_minor=1000 + n,
            currency="USD",
        )
        world.insert("stock", venue, id=f"p{n}", quantity=n * 10)


def test_products_and_their_stock_arrive_in_few_calls_and_stay_quiet(small_world: World) -> None:
    venue = small_world.venue(providers=("square",))
    _products(small_world, venue, 30)
    small_world.forget_calls()

    products = small_world.sync(venue, "square", "products")
    stock = small_world.sync(venue, "square", "inventory")

    assert (products.status, products.error, products.counts.created) == ("succeeded", None, 30)
    assert (stock.status, stock.error, stock.counts.created) == ("succeeded", None, 30)
    assert small_world.calls("square")["writes"] == 2
    small_world.sync(venue, "square", "products")
    small_world.sync(venue, "square", "inventory")
    small_world.forget_calls()
    assert small_world.sync(venue, "square", "products").counts.written == 0
    assert small_world.sync(venue, "square", "inventory").counts.written == 0
    assert small_world.calls("square")["writes"] == 0


def test_stock_waits_for_its_product_and_follows_it(small_world: World) -> None:
    venue = small_world.venue(providers=("square",))
    _products(small_world, venue, 1)

    waiting = small_world.sync(venue, "square", "inventory")
    small_world.sync(venue, "square", "products")
    arrived = small_world.sync(venue, "square", "inventory")

    assert (waiting.status, waiting.counts.waiting, waiting.counts.created) == ("succeeded", 1, 0)
    assert (arrived.counts.waiting, arrived.counts.created) == (0, 1)


def test_a_product_update_keeps_what_the_seller_added_at_square(small_world: World) -> None:
    """Square replaces whole catalog objects: what we do not map must be read and sent back."""
    venue = small_world.venue(providers=("square",))
    _products(small_world, venue, 1)
    small_world.sync(venue, "square", "products")
    (item,) = _at_square(small_world, venue, "GET", "/v2/catalog/list?types=ITEM")["objects"]
    item["item_data"]["abbreviation"] = "ST"
    item["item_data"]["name"] = "Stalls (Square)"
    _at_square(small_world, venue, "POST", "/v2/catalog/object", {"idempotency_key": "k1", "object": item})
    small_world.sql("UPDATE venue.products SET price_minor = 2500")

    report = small_world.sync(venue, "square", "products")

    assert (report.status, report.error, report.counts.updated) == ("succeeded", None, 1)
    (after,) = _at_square(small_world, venue, "GET", "/v2/catalog/list?types=ITEM")["objects"]
    variation = after["item_data"]["variations"][0]["item_variation_data"]
    assert (after["item_data"]["abbreviation"], variation["price_money"]["amount"]) == ("ST", 2500)
    assert small_world.rows("SELECT name, price_minor FROM venue.products") == [("Stalls (Square)", 2500)]


def test_customers_go_in_bulk_and_one_bad_one_does_not_hold_the_rest(small_world: World) -> None:
    venue = small_world.venue(providers=("square",))
    for n in range(150):
        small_world.insert("customers", venue, id=f"c{n}", given_name=f"李 {n}", email=f"c{n}@example.com")
    small_world.insert("customers", venue, id="nobody", note="without a name or address")
    small_world.forget_calls()

    report = small_world.sync(venue, "square", "customers")

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 150, 1)
    assert small_world.calls("square")["writes"] == 2
    small_world.sql("UPDATE venue.customers SET phone = '+14155550100' WHERE id = 'c7'")
    small_world.forget_calls()
    again = small_world.sync(venue, "square", "customers")
    assert (again.counts.updated, again.counts.written, small_world.calls("square")["writes"]) == (1, 1, 1)


def test_a_count_changed_at_the_till_comes_home_unless_the_venue_changed_it_too(small_world: World) -> None:
    venue = small_world.venue(providers=("square",))
    _products(small_world, venue, 2)
    small_world.sync(venue, "square", "products")
    small_world.sync(venue, "square", "inventory")
    counts = small_world.objects("square", venue, "inventory_counts")
    location = _at_square(small_world, venue, "GET", "/v2/locations")["locations"][0]["id"]
    changes = [
        {
            "type": "PHYSICAL_COUNT",
            "physical_count": {
                "catalog_object_id": count["catalog_object_id"],
                "location_id": location,
                "state": "IN_STOCK",
                "quantity": "77",
                "occurred_at": datetime.now(UTC).isoformat(),
            },
        }
        for count in counts
    ]
    _at_square(
        small_world,
        venue,
        "POST",
        "/v2/inventory/changes/batch-create",
        {"idempotency_key": "till", "changes": changes},
    )
    small_world.sql("UPDATE venue.stock SET quantity = 5 WHERE id = 'p1'")

    report = small_world.sync(venue, "square", "inventory")

    assert (report.status, report.error, report.counts.conflicts) == ("succeeded", None, 1)
    assert small_world.rows("SELECT id, quantity FROM venue.stock ORDER BY id") == [("p0", 77), ("p1", 5)]
    there = sorted(c["quantity"] for c in small_world.objects("square", venue, "inventory_counts"))
    assert there == ["5", "77"]


def test_sales_come_home_and_refunds_go_out_exactly_once(small_world: World) -> None:
    venue = small_world.venue(providers=("square", "stripe"))
    for provider in ("square", "stripe"):
        small_world.insert(
            "orders",
            venue,
            id=f"o-{provider}",
            provider=provider,
            total_minor=9000,
            currency="USD",
            ordered_at=datetime(2026, 1, 2, tzinfo=UTC),
        )
        small_world.insert(
            "refunds",
            venue,
            id=f"r-{provider}",
            provider=provider,
            order_id=f"o-{provider}",
            amount_minor=2500,
            currency="USD",
        )
    when = datetime(2026, 1, 2, tzinfo=UTC)
    square_row = {"amount": 9000, "currency": "USD", "reference_id": "o-square", "created_at": when.isoformat()}
    stripe_row = {
        "amount": 9000,
        "currency": "usd",
        "metadata": {"order_id": "o-stripe"},
        "created": int(when.timestamp()),
    }
    small_world.sim("square", "POST", f"accounts/{account(venue)}/seed/payments", rows=[square_row])
    small_world.sim("stripe", "POST", f"accounts/{account(venue)}/seed/payments", rows=[stripe_row])

    early = small_world.sync(venue, "stripe", "refunds")
    assert (early.counts.waiting, early.counts.created) == (1, 0)
    for provider, entity in (("square", "payments"), ("stripe", "charges"), ("stripe", "payment_intents")):
        pulled = small_world.sync(venue, provider, entity)
        assert (pulled.status, pulled.error, pulled.counts.pulled_created) == ("succeeded", None, 1)
    for provider in ("square", "stripe"):
        for _ in range(3):
            report = small_world.sync(venue, provider, "refunds")
            assert (report.status, report.error) == ("succeeded", None)

        (refund,) = small_world.objects(provider, venue, "refunds")
        assert (refund.get("amount") or refund["amount_money"]["amount"]) in (2500, {"amount": 2500})

    booked = small_world.sync(venue, "stripe", "balance_transactions")
    assert (booked.status, booked.error, booked.counts.pulled_created) == ("succeeded", None, 2)
    statuses = small_world.rows("SELECT provider, status FROM venue.refunds ORDER BY provider")
    assert statuses == [("square", "succeeded"), ("stripe", "succeeded")]
    small_world.sync(venue, "square", "payments")
    small_world.sync(venue, "stripe", "charges")
    assert small_world.rows("SELECT DISTINCT refunded_minor, order_id IS NULL FROM venue.payments") == [(2500, False)]


def test_a_full_sync_reads_everything_again_and_writes_nothing(small_world: World) -> None:
    venue = small_world.venue(providers=("square",))
    _products(small_world, venue, 3)
    small_world.sync(venue, "square", "products")
    small_world.sync(venue, "square", "inventory")
    small_world.forget_calls()

    for entity in ("products", "inventory", "customers", "payments", "refunds"):
        report = small_world.sync(venue, "square", entity, Mode("full"))
        assert (report.status, report.error, report.counts.written) == ("succeeded", None, 0)

    assert small_world.calls("square")["writes"] == 0


def test_one_product_that_square_refuses_is_found_and_the_rest_of_its_atomic_batch_goes_through(
    small_world: World,
) -> None:
    venue = small_world.venue(providers=("square",))
    _products(small_world, venue, 40)
    refused = {"kind": "refuse", "path": "/v2/catalog/batch-upsert", "body_contains": '"SKU-13"', "times": None}
    small_world.faults("square", refused)

    report = small_world.sync(venue, "square", "products")

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 39, 1)
    assert [failure.record_id for failure in report.failures] == ["p13"]
    items = [one for one in small_world.objects("square", venue, "catalog") if one["type"] == "ITEM"]
    assert len(items) == 39
    assert small_world.rows("SELECT record_id, reason <> '' FROM sync.dead_letters") == [("p13", True)]


def test_a_refund_that_was_given_already_is_not_given_again_even_without_a_ledger(small_world: World) -> None:
    venue = small_world.venue(providers=("square",))
    when = datetime(2026, 1, 2, tzinfo=UTC)
    order = {"provider": "square", "currency": "USD"}
    small_world.insert("orders", venue, id="o1", total_minor=9000, ordered_at=when, **order)
    small_world.insert("refunds", venue, id="r1", order_id="o1", amount_minor=2500, **order)
    sale = {"amount": 9000, "currency": "USD", "reference_id": "o1", "created_at": when.isoformat()}
    small_world.sim("square", "POST", f"accounts/{account(venue)}/seed/payments", rows=[sale])
    small_world.sync(venue, "square", "payments")
    assert small_world.sync(venue, "square", "refunds").counts.created == 1
    small_world.sql("DELETE FROM sync.ledger")
    small_world.sql("DELETE FROM sync.cursors")

    for entity in ("payments", "refunds", "refunds"):
        assert small_world.sync(venue, "square", entity).error is None

    assert len(small_world.objects("square", venue, "refunds")) == 1
    assert small_world.rows("SELECT id FROM venue.refunds") == [("r1",)]
