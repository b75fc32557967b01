"""Objects by their ids, as reading shows them, in few calls."""

import pytest

from tests.sync_core.providers.outside import done, read_all, write_many, write_one
from tests.sync_core.providers.square.conftest import SquareAccount
from tests.sync_core.providers.square.writes import count, create_customer, create_item

MONEY = {"amount": 900, "currency": "USD"}


def arrange(square: SquareAccount) -> None:
    """Three objects of each kind."""
    items = [
        done(one) for one in write_many(square.provider, "products", "create", [create_item(f"L{n}") for n in range(3)])
    ]
    counts = [count(item.state["variation_id"], str(n), local_id=f"L{n}") for n, item in enumerate(items)]
    write_many(square.provider, "inventory", "create", counts)
    write_many(square.provider, "customers", "create", [create_customer(f"L{n}") for n in range(3)])
    square.outside.seed("orders", *({"line_items": [{"name": "A", "quantity": "1", "base_price_money": MONEY}]},) * 3)
    payments = square.outside.seed("payments", *({"reference_id": f"o{n}", **MONEY} for n in range(3)))
    square.outside.seed("refunds", *({"payment_id": one["id"], "amount": 100} for one in payments))
    numbers = [{"phone_number": f"+1415555010{n}", "points": 10 + n} for n in range(3)]
    square.outside.seed("loyalty_accounts", *numbers)


@pytest.mark.parametrize(
    ("entity", "calls"),
    [
        ("products", 1),
        ("customers", 1),
        ("inventory", 1),
        ("orders", 1),
        ("payments", 3),
        ("refunds", 3),
        ("loyalty_accounts", 3),
        ("loyalty_points", 1),
    ],
)
def test_what_is_fetched_is_what_is_read_and_what_is_gone_is_deleted(
    square: SquareAccount, entity: str, calls: int
) -> None:
    arrange(square)
    square.clock.advance(60)
    records, _ = read_all(square.provider, entity, None)
    assert len(records) == 3
    before = sum(square.outside.counted().values())

    fetched = square.provider.fetch(entity, [records[2].id, "never-was", records[0].id])

    assert [fetched[0], fetched[2]] == [records[2], records[0]]
    assert (fetched[1].id, fetched[1].record, fetched[1].deleted) == ("never-was", {}, True)
    assert sum(square.outside.counted().values()) - before == calls
    assert square.provider.fetch(entity, []) == []


def test_more_than_a_batch_is_fetched_in_batches(square: SquareAccount) -> None:
    made = [
        done(one)
        for start in range(0, 120, 60)
        for one in write_many(
            square.provider, "customers", "create", [create_customer(f"L{start + n}") for n in range(60)]
        )
    ]
    fetched = square.provider.fetch("customers", [one.id for one in made])
    assert [one.id for one in fetched] == [one.id for one in made]
    assert square.outside.counted()["POST /v2/customers/bulk-retrieve"] == 2


def test_a_variation_that_was_never_counted_has_no_count(square: SquareAccount) -> None:
    item = done(write_one(square.provider, "products", create_item("L1")))
    (count_of,) = square.provider.fetch("inventory", [item.state["variation_id"]])
    assert (count_of.deleted, count_of.record) == (True, {})
