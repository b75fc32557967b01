"""Loyalty through the official SDK: accounts by telephone number, points by purchase and by hand."""

from typing import Any

import pytest
from square.core.api_error import ApiError

from sync_sims.square import SquareSimulator
from tests.sync_sims.square.conftest import ACCOUNT, MovableClock

ONCE = {"max_retries": 0}


@pytest.fixture
def enrolled(square: Any) -> Any:
    """An account without points."""
    program = square.loyalty.programs.get("main").program
    account = {"program_id": program.id, "mapping": {"phone_number": "+14155550100"}}
    return square.loyalty.accounts.create(
        loyalty_account=account, idempotency_key="a", request_options=ONCE
    ).loyalty_account


def points(square: Any, account_id: str) -> tuple[int, int]:
    account = square.loyalty.accounts.get(account_id).loyalty_account
    return account.balance, account.lifetime_points


def test_points_of_a_purchase_are_given_once_for_one_key(square: Any, enrolled: Any, location: str) -> None:
    first, again = (
        square.loyalty.accounts.accumulate_points(
            enrolled.id, accumulate_points={"points": 6}, idempotency_key="p", location_id=location
        ).events[0]
        for _ in range(2)
    )
    assert (first.type, first.accumulate_points.points, first.source) == ("ACCUMULATE_POINTS", 6, "LOYALTY_API")
    assert again.id == first.id
    assert points(square, enrolled.id) == (6, 6)


def test_an_order_earns_what_the_program_says(square: Any, enrolled: Any, location: str) -> None:
    lines = [{"name": "Stalls", "quantity": "1", "base_price_money": {"amount": 1250, "currency": "USD"}}]
    order = square.orders.create(order={"location_id": location, "line_items": lines}).order
    given = square.loyalty.accounts.accumulate_points(
        enrolled.id, accumulate_points={"order_id": order.id}, idempotency_key="p", location_id=location
    )
    assert given.events[0].accumulate_points.points == 12


def test_points_are_adjusted_either_way_and_never_below_nothing(square: Any, enrolled: Any) -> None:
    for key, number in (("a", 10), ("b", -4)):
        event = square.loyalty.accounts.adjust(
            enrolled.id, adjust_points={"points": number, "reason": "Rain"}, idempotency_key=key
        ).event
        assert (event.type, event.adjust_points.points, event.adjust_points.reason) == ("ADJUST_POINTS", number, "Rain")
    assert points(square, enrolled.id) == (6, 10)
    with pytest.raises(ApiError) as caught:
        square.loyalty.accounts.adjust(
            enrolled.id, adjust_points={"points": -7}, idempotency_key="c", request_options=ONCE
        )
    assert caught.value.status_code == 400
    assert points(square, enrolled.id) == (6, 10)


def test_a_number_is_enrolled_once_and_found_by_it(square: Any, enrolled: Any, simulator: SquareSimulator) -> None:
    with pytest.raises(ApiError):
        square.loyalty.accounts.create(
            loyalty_account={"program_id": enrolled.program_id, "mapping": {"phone_number": "+14155550100"}},
            idempotency_key="b",
            request_options=ONCE,
        )
    simulator.seed(ACCOUNT, "loyalty_accounts", [{"phone_number": "+14155550101", "points": 3}])
    by_number = square.loyalty.accounts.search(query={"mappings": [{"phone_number": "+14155550101"}]}, limit=200)
    assert [one.balance for one in by_number.loyalty_accounts] == [3]
    everybody = square.loyalty.accounts.search(limit=1)
    rest = square.loyalty.accounts.search(limit=1, cursor=everybody.cursor)
    assert len({everybody.loyalty_accounts[0].id, rest.loyalty_accounts[0].id}) == 2
    assert rest.cursor is None


def test_events_are_searched_by_account_type_and_time(
    square: Any, enrolled: Any, location: str, clock: MovableClock
) -> None:
    square.loyalty.accounts.accumulate_points(
        enrolled.id, accumulate_points={"points": 6}, idempotency_key="p", location_id=location
    )
    clock.forward(minutes=5)
    since = clock.moment.isoformat()
    square.loyalty.accounts.adjust(enrolled.id, adjust_points={"points": 1}, idempotency_key="a")
    account = {"loyalty_account_filter": {"loyalty_account_id": enrolled.id}}
    everything = square.loyalty.search_events(query={"filter": account})
    assert [one.type for one in everything.events] == ["ADJUST_POINTS", "ACCUMULATE_POINTS"]
    late = {**account, "date_time_filter": {"created_at": {"start_at": since}}}
    assert [one.type for one in square.loyalty.search_events(query={"filter": late}).events] == ["ADJUST_POINTS"]
    earned = {"type_filter": {"types": ["ACCUMULATE_POINTS"]}}
    assert len(square.loyalty.search_events(query={"filter": earned}, limit=30).events) == 1
