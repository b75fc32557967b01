"""Orders through the official SDK: priced, changed by version, paid, searched."""

from collections.abc import Callable
from typing import Any

import pytest
from square.core.api_error import ApiError

from sync_sims.square import SquareSimulator
from sync_sims.wire import Response
from tests.sync_sims.square.conftest import ACCOUNT, MovableClock

Ask = Callable[..., Response]
ONCE = {"max_retries": 0}


def priced(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


def made(square: Any, location: str, key: str = "k", **order: Any) -> Any:
    lines = [{"name": "Stalls", "quantity": "2", "base_price_money": priced(1250)}]
    given = {"location_id": location, "reference_id": "o1", "line_items": lines, **order}
    return square.orders.create(order=given, idempotency_key=key, request_options=ONCE).order


def refused(caught: Any) -> tuple[int, str]:
    return caught.value.status_code, caught.value.body["errors"][0]["code"]


def test_an_order_is_priced_by_piece_and_made_once_for_one_key(square: Any, location: str) -> None:
    order = made(square, location)
    assert (order.state, order.version, order.reference_id) == ("OPEN", 1, "o1")
    assert (order.total_money.amount, order.net_amount_due_money.amount) == (2500, 2500)
    assert (order.line_items[0].total_money.amount, order.line_items[0].item_type) == (2500, "ITEM")
    assert made(square, location).id == order.id
    with pytest.raises(ApiError) as caught:
        made(square, location, reference_id="other")
    assert refused(caught) == (400, "IDEMPOTENCY_KEY_REUSED")


def test_a_variation_brings_its_name_and_price_which_a_line_may_overrule(
    square: Any, simulator: SquareSimulator, location: str
) -> None:
    data = {"name": "Adult", "price_money": priced(3000)}
    (item,) = simulator.seed(
        ACCOUNT, "catalog", [{"item_data": {"name": "Stalls", "variations": [{"item_variation_data": data}]}}]
    )
    variation = item["item_data"]["variations"][0]["id"]
    lines = [
        {"catalog_object_id": variation, "quantity": "1"},
        {"catalog_object_id": variation, "quantity": "1", "base_price_money": priced(10)},
    ]
    order = made(square, location, line_items=lines)
    assert [one.total_money.amount for one in order.line_items] == [3000, 10]
    assert [(one.name, one.variation_name) for one in order.line_items] == [("Stalls", "Adult")] * 2
    with pytest.raises(ApiError) as caught:
        made(square, location, "k2", line_items=[{"catalog_object_id": "nothing", "quantity": "1"}])
    assert refused(caught) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "line",
    [
        {"name": "A", "quantity": "0", "base_price_money": priced(1)},
        {"name": "A", "quantity": "x", "base_price_money": priced(1)},
        {"name": "A", "quantity": "1"},
        {"name": "A", "base_price_money": priced(1)},
    ],
)
def test_a_line_needs_a_quantity_and_a_price(ask: Ask, location: str, line: dict[str, Any]) -> None:
    answer = ask("POST", "/v2/orders", {"order": {"location_id": location, "line_items": [line]}})
    assert answer.status == 400


def test_an_update_names_its_version_and_changes_lines_by_their_uid(square: Any, location: str) -> None:
    order = made(square, location)
    uid = order.line_items[0].uid
    change = {"location_id": location, "version": 1, "line_items": [{"uid": uid, "quantity": "3"}]}
    changed = square.orders.update(order.id, order=change, idempotency_key="u1", request_options=ONCE).order
    assert (changed.version, changed.total_money.amount) == (2, 3750)
    more = {"name": "Box", "quantity": "1", "base_price_money": priced(100)}
    change = {"location_id": location, "version": 2, "line_items": [{"uid": "box", **more}]}
    changed = square.orders.update(
        order.id, order=change, fields_to_clear=[f"line_items[{uid}]"], idempotency_key="u2", request_options=ONCE
    ).order
    assert [(one.uid, one.total_money.amount) for one in changed.line_items] == [("box", 100)]
    for version, code in ((1, "VERSION_MISMATCH"), (None, "MISSING_REQUIRED_PARAMETER")):
        with pytest.raises(ApiError) as caught:
            square.orders.update(order.id, order={"location_id": location, "version": version}, request_options=ONCE)
        assert refused(caught) == (400, code)


def test_an_order_is_completed_by_its_payment_and_then_stands(
    square: Any, ask: Ask, simulator: SquareSimulator, location: str, variation: str
) -> None:
    simulator.seed(ACCOUNT, "inventory_changes", [{"catalog_object_id": variation, "quantity": "10"}])
    lines = [{"catalog_object_id": variation, "quantity": "2", "base_price_money": priced(1000)}]
    order = made(square, location, line_items=lines)
    too_much = {"idempotency_key": "p1", "source_id": "cnon:card-nonce-ok", "order_id": order.id}
    assert ask("POST", "/v2/payments", {**too_much, "amount_money": priced(1999)}).status == 400
    payment = square.payments.create(
        source_id="cnon:card-nonce-ok",
        idempotency_key="p2",
        amount_money=priced(2000),
        order_id=order.id,
        request_options=ONCE,
    ).payment
    (paid,) = square.orders.batch_get(order_ids=[order.id, "nothing"]).orders
    assert (paid.state, paid.tenders[0].payment_id, paid.net_amount_due_money.amount) == ("COMPLETED", payment.id, 0)
    assert [one["quantity"] for one in ask("GET", f"/v2/inventory/{variation}").body["counts"]] == ["8"]
    change = {"location_id": location, "version": paid.version, "state": "CANCELED"}
    with pytest.raises(ApiError) as caught:
        square.orders.update(order.id, order=change, request_options=ONCE)
    assert refused(caught) == (400, "BAD_REQUEST")


def test_an_unpaid_order_can_be_called_off_and_not_completed_and_a_free_one_needs_no_payment(
    square: Any, location: str
) -> None:
    order = made(square, location)
    with pytest.raises(ApiError):
        square.orders.update(
            order.id, order={"location_id": location, "version": 1, "state": "COMPLETED"}, request_options=ONCE
        )
    change = {"location_id": location, "version": 1, "state": "CANCELED"}
    assert square.orders.update(order.id, order=change, request_options=ONCE).order.state == "CANCELED"
    free = made(square, location, "k2", line_items=[{"name": "A", "quantity": "1", "base_price_money": priced(0)}])
    assert square.orders.pay(free.id, idempotency_key="p", payment_ids=[]).order.state == "COMPLETED"


def test_a_payment_for_no_order_makes_one_that_does_not_bear_its_reference(square: Any, ask: Ask) -> None:
    payment = square.payments.create(
        source_id="CASH",
        idempotency_key="p",
        amount_money=priced(700),
        cash_details={"buyer_supplied_money": priced(1000)},
        reference_id="o1",
        request_options=ONCE,
    ).payment
    order = square.orders.get(payment.order_id).order
    assert (order.state, order.reference_id, order.total_money.amount) == ("COMPLETED", None, 700)
    assert order.line_items[0].item_type == "CUSTOM_AMOUNT"


def test_the_search_goes_by_one_time_through_all_its_pages(square: Any, location: str, clock: MovableClock) -> None:
    ids: list[str] = []
    for n in range(5):
        clock.forward(minutes=1)
        ids.append(made(square, location, f"k{n}").id)
    changed_at = clock.moment.isoformat()
    clock.forward(minutes=1)
    square.orders.update(ids[0], order={"location_id": location, "version": 1, "state": "CANCELED"})
    times = {"updated_at": {"start_at": changed_at}}
    query = {
        "filter": {"date_time_filter": times},
        "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
    }
    found = square.orders.search(location_ids=[location], query=query)
    assert [one.id for one in found.orders] == [ids[4], ids[0]]
    shown: list[str] = []
    cursor = None
    while True:
        page = square.orders.search(location_ids=[location], limit=2, **({"cursor": cursor} if cursor else {}))
        shown += [one.id for one in page.orders]
        cursor = page.cursor
        if cursor is None:
            break
    assert shown == ids[::-1]
    states = {"filter": {"state_filter": {"states": ["CANCELED"]}}}
    entries = square.orders.search(location_ids=[location], query=states, return_entries=True)
    assert [one.order_id for one in entries.order_entries] == [ids[0]]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"location_ids": []},
        {"location_ids": ["L"] * 11},
        {"location_ids": ["L"], "limit": 1001},
        {"location_ids": ["L"], "query": {"filter": {"date_time_filter": {"updated_at": {}}}}},
        {"location_ids": ["L"], "query": {"filter": {"state_filter": {"states": ["LOST"]}}}},
        {"location_ids": ["L"], "query": {"sort": {}}},
    ],
)
def test_a_search_that_is_asked_wrongly_is_refused(ask: Ask, body: dict[str, Any]) -> None:
    assert ask("POST", "/v2/orders/search", body).status == 400
