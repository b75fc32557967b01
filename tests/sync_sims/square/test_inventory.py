"""Inventory through the official SDK: counts, adjustments, and reading both back."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from square.core.api_error import ApiError

from sync_sims.square import SquareSimulator
from sync_sims.square.stock import counted, quantity, written
from sync_sims.wire import Response

Ask = Callable[..., Response]

ACCOUNT = "MLEFBHHSJGVHD"
NOW = "2026-07-15T19:58:09.286Z"


def count(variation: str, location: str, number: object, **more: Any) -> dict[str, Any]:
    """A physical count, as a client sends it."""
    body = {
        "catalog_object_id": variation,
        "location_id": location,
        "state": "IN_STOCK",
        "quantity": number,
        "occurred_at": NOW,
        **more,
    }
    return {"type": "PHYSICAL_COUNT", "physical_count": body}


def adjustment(variation: str, location: str, number: str, **more: Any) -> dict[str, Any]:
    """A sale of `number`, unless states are given."""
    body = {
        "catalog_object_id": variation,
        "location_id": location,
        "from_state": "IN_STOCK",
        "to_state": "SOLD",
        "quantity": number,
        "occurred_at": NOW,
        **more,
    }
    return {"type": "ADJUSTMENT", "adjustment": body}


def send(ask: Ask, *changes: Any, key: str = "1", **more: Any) -> Response:
    """Send changes in one request."""
    body = {"idempotency_key": key, "changes": list(changes), **more}
    return ask("POST", "/v2/inventory/changes/batch-create", body)


def only_code(response: Response) -> str:
    """The code of the only error."""
    assert len(response.body["errors"]) == 1
    return response.body["errors"][0]["code"]


def test_a_count_then_a_sale(square: Any, variation: str, location: str) -> None:
    first = square.inventory.batch_create_changes(idempotency_key="1", changes=[count(variation, location, "53")])
    assert first.counts[0].model_dump(exclude_none=True) == {
        "catalog_object_id": variation,
        "catalog_object_type": "ITEM_VARIATION",
        "state": "IN_STOCK",
        "location_id": location,
        "quantity": "53",
        "calculated_at": NOW,
    }
    square.inventory.batch_create_changes(idempotency_key="2", changes=[adjustment(variation, location, "3.5")])
    assert [(row.state, row.quantity) for row in square.inventory.get(variation)] == [("IN_STOCK", "49.5")]
    changes = list(square.inventory.batch_get_changes(catalog_object_ids=[variation]))
    assert [change.type for change in changes] == ["PHYSICAL_COUNT", "ADJUSTMENT"]
    adjusted = changes[1].adjustment
    assert square.inventory.get_adjustment(adjusted.id).adjustment == adjusted


def test_an_unchanged_count_is_ignored_unless_asked_otherwise(
    ask: Ask, clock: Any, simulator: SquareSimulator, variation: str, location: str
) -> None:
    send(ask, count(variation, location, "5"))
    clock.forward(minutes=1)
    again = send(ask, count(variation, location, "5"), key="2").body
    assert (again["counts"][0]["calculated_at"], "changes" in again) == (NOW, False)
    forced = send(ask, count(variation, location, "5"), key="3", ignore_unchanged_counts=False).body
    assert forced["counts"][0]["calculated_at"] > NOW
    assert len(simulator.objects(ACCOUNT, "inventory_changes")) == 2


def test_changes_apply_by_the_clients_time_even_when_they_arrive_late(
    ask: Ask, clock: Any, variation: str, location: str
) -> None:
    clock.forward(hours=2)
    send(ask, adjustment(variation, location, "2", occurred_at="2026-07-15T21:00:00Z"), key="sale")
    late = send(ask, count(variation, location, "10", occurred_at="2026-07-15T20:00:00Z"), key="count")
    assert late.body["counts"][0]["quantity"] == "8"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        ({"quantity": 53}, (400, "EXPECTED_STRING")),
        ({"quantity": "-1"}, (400, "INVALID_VALUE")),
        ({"quantity": "1.123456"}, (400, "INVALID_VALUE")),
        ({"quantity": None}, (400, "MISSING_REQUIRED_PARAMETER")),
        ({"catalog_object_id": "NOWHERE"}, (404, "NOT_FOUND")),
        ({"location_id": "NOWHERE"}, (404, "NOT_FOUND")),
        ({"state": "LOST"}, (400, "INVALID_ENUM_VALUE")),
        ({"occurred_at": "2026-07-15T19:58:09.287Z"}, (400, "INVALID_TIME")),
        ({"occurred_at": "2026-07-14T19:58:09.285Z"}, (400, "INVALID_TIME")),
        ({"occurred_at": "yesterday"}, (400, "INVALID_TIME")),
        ({"occurred_at": None}, (400, "MISSING_REQUIRED_PARAMETER")),
    ],
)
def test_one_wrong_change_refuses_them_all(ask: Ask, variation: str, location: str, spoil: Any, expected: Any) -> None:
    wrong = count(variation, location, "1")
    wrong["physical_count"] |= spoil
    response = send(ask, count(variation, location, "7"), wrong)
    assert (response.status, only_code(response)) == expected
    assert response.body["errors"][0]["field"].startswith("changes[1].physical_count.")
    assert ask("POST", "/v2/inventory/counts/batch-retrieve", {}).body == {}


def test_a_change_may_be_exactly_a_day_old_or_exactly_now(ask: Ask, variation: str, location: str) -> None:
    old = count(variation, location, "1", occurred_at="2026-07-14T21:58:09.286+02:00")
    assert send(ask, old, count(variation, location, "2")).body["counts"][0]["quantity"] == "2"


def test_an_item_has_no_inventory_of_its_own(
    ask: Ask, simulator: SquareSimulator, variation: str, location: str
) -> None:
    item = next(row["id"] for row in simulator.objects(ACCOUNT, "catalog") if row["type"] == "ITEM")
    assert only_code(send(ask, count(item, location, "1"))) == "INVALID_VALUE"
    simulator.seed(ACCOUNT, "catalog", [{"id": item, "is_deleted": True}])
    assert only_code(send(ask, count(variation, location, "1"), key="2")) == "NOT_FOUND"


def test_a_request_takes_a_hundred_changes(ask: Ask, variation: str, location: str) -> None:
    changes = [count(variation, location, str(number)) for number in range(101)]
    assert only_code(send(ask, *changes)) == "ARRAY_LENGTH_TOO_LONG"
    assert send(ask, *changes[:100], key="2").body["counts"][0]["quantity"] == "99"


def test_a_repeated_request_counts_once(square: Any, ask: Ask, variation: str, location: str) -> None:
    send(ask, count(variation, location, "10"), key="0")
    for _ in range(2):
        answer = square.inventory.batch_create_changes(
            idempotency_key="1", changes=[adjustment(variation, location, "1")]
        )
        assert answer.counts[0].quantity == "9"
    with pytest.raises(ApiError) as caught:
        square.inventory.batch_create_changes(idempotency_key="1", changes=[adjustment(variation, location, "2")])
    assert caught.value.errors[0].code == "IDEMPOTENCY_KEY_REUSED"


def test_counts_are_read_newest_first_and_by_change(
    square: Any, ask: Ask, clock: Any, simulator: SquareSimulator, location: str
) -> None:
    variations = []
    for name in "abc":
        rows = [{"item_data": {"name": name, "variations": [{"item_variation_data": {"name": name}}]}}]
        variations.append(simulator.seed(ACCOUNT, "catalog", rows)[0]["item_data"]["variations"][0]["id"])
    for number, variation in enumerate(variations):
        clock.forward(minutes=1)
        send(ask, count(variation, location, "1"), key=str(number))
    everything = list(square.inventory.batch_get_counts(limit=2))
    assert [row.catalog_object_id for row in everything] == variations[::-1]
    after = everything[1].calculated_at
    changed = square.inventory.batch_get_counts(updated_after=after, location_ids=[location], states=["IN_STOCK"])
    assert [row.catalog_object_id for row in changed] == [variations[2]]
    chosen = square.inventory.batch_get_counts(catalog_object_ids=variations[:1])
    assert [row.catalog_object_id for row in chosen] == variations[:1]
    assert list(square.inventory.batch_get_counts(location_ids=["elsewhere"])) == []


@pytest.mark.parametrize(("limit", "expected"), [(0, "VALUE_TOO_LOW"), (1001, "VALUE_TOO_HIGH")])
def test_a_page_of_counts_holds_one_to_a_thousand(ask: Ask, limit: int, expected: str) -> None:
    assert only_code(ask("POST", "/v2/inventory/counts/batch-retrieve", {"limit": limit})) == expected


def test_sales_at_the_counter_can_be_seeded(ask: Ask, simulator: SquareSimulator, variation: str) -> None:
    simulator.seed(ACCOUNT, "inventory_changes", [{"catalog_object_id": variation, "quantity": "9"}])
    sale = {"catalog_object_id": variation, "quantity": "4", "from_state": "IN_STOCK", "to_state": "SOLD"}
    simulator.seed(ACCOUNT, "inventory_changes", [sale])
    assert ask("GET", f"/v2/inventory/{variation}").body["counts"][0]["quantity"] == "5"
    assert ask("GET", "/v2/inventory/NOWHERE").status == 404


@settings(max_examples=60)
@given(
    moves=st.lists(st.tuples(st.booleans(), st.integers(min_value=0, max_value=10**9)), min_size=1, max_size=12),
    seed=st.integers(),
)
def test_counts_do_not_depend_on_the_order_of_arrival(moves: list[tuple[bool, int]], seed: int) -> None:
    expected = 0
    changes = []
    for position, (is_count, number) in enumerate(moves):
        when = {"occurred_at": f"2026-07-15T{position:02}:00:00.000Z", "quantity": str(number)}
        if is_count:
            expected = number
            changes.append({"type": "PHYSICAL_COUNT", "physical_count": {**when, "state": "IN_STOCK"}})
        else:
            expected -= number
            states = {"from_state": "IN_STOCK", "to_state": "SOLD"}
            changes.append({"type": "ADJUSTMENT", "adjustment": {**when, **states}})
    random.Random(seed).shuffle(changes)
    assert counted(changes) == {"IN_STOCK": expected}


@given(whole=st.integers(min_value=0, max_value=10**20 - 1), part=st.integers(min_value=0, max_value=99_999))
def test_a_quantity_survives_being_written(whole: int, part: int) -> None:
    number = quantity(f"{whole}.{part:05}")
    assert number is not None
    assert quantity(written(number)) == number
    assert not written(number).endswith((".", ".0"))


def test_the_age_limit_moves_with_the_clock(ask: Ask, clock: Any, variation: str, location: str) -> None:
    clock.forward(days=1)
    assert send(ask, count(variation, location, "1")).status == 200
    clock.forward(microseconds=1000)
    assert only_code(send(ask, count(variation, location, "1"), key="2")) == "INVALID_TIME"
