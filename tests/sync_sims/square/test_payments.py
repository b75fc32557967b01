"""Payments and refunds through the official SDK."""

from collections.abc import Callable
from typing import Any

import pytest
from square.core.api_error import ApiError

from sync_sims.square import SquareSimulator
from sync_sims.wire import Response

Ask = Callable[..., Response]

ONCE = {"max_retries": 0}
ACCOUNT = "MLEFBHHSJGVHD"
USD = "USD"


def pay(ask: Ask, key: str, amount: int = 100, **more: Any) -> Response:
    """Take a card payment."""
    body = {
        "idempotency_key": key,
        "source_id": "cnon:card-nonce-ok",
        "amount_money": {"amount": amount, "currency": USD},
        **more,
    }
    return ask("POST", "/v2/payments", body)


def refund(ask: Ask, key: str, payment: str, amount: int, **more: Any) -> Response:
    """Refund part of a payment."""
    body = {"idempotency_key": key, "payment_id": payment, "amount_money": {"amount": amount, "currency": USD}, **more}
    return ask("POST", "/v2/refunds", body)


def only_error(response: Response) -> tuple[int, str, str]:
    """Status, category and code of the only error."""
    assert len(response.body["errors"]) == 1
    error = response.body["errors"][0]
    return response.status, error["category"], error["code"]


def test_a_payment_is_completed_at_once_and_carries_what_was_sent(square: Any) -> None:
    customer = square.customers.create(given_name="Ada").customer
    location = square.locations.list().locations[0].id
    lines = [{"name": "Stalls", "quantity": "1", "base_price_money": {"amount": 1000, "currency": USD}}]
    order = square.orders.create(order={"location_id": location, "line_items": lines}).order
    payment = square.payments.create(
        source_id="cnon:card-nonce-ok",
        idempotency_key="1",
        amount_money={"amount": 1000, "currency": USD},
        tip_money={"amount": 200, "currency": USD},
        reference_id="order-7",
        order_id=order.id,
        customer_id=customer.id,
        note="Row 3",
    ).payment
    assert (payment.status, payment.source_type, payment.total_money.amount) == ("COMPLETED", "CARD", 1200)
    assert (payment.reference_id, payment.order_id, payment.note) == ("order-7", order.id, "Row 3")
    assert payment.customer_id == customer.id
    assert square.payments.get(payment.id or "").payment == payment


def test_a_held_payment_is_completed_or_cancelled_once(ask: Ask, clock: Any) -> None:
    held = pay(ask, "1", autocomplete=False).body["payment"]
    assert (held["status"], held["card_details"]["status"]) == ("APPROVED", "AUTHORIZED")
    clock.forward(seconds=9)
    done = ask("POST", f"/v2/payments/{held['id']}/complete", {"version_token": held["version_token"]}).body["payment"]
    assert (done["status"], done["card_details"]["status"]) == ("COMPLETED", "CAPTURED")
    assert done["updated_at"] > held["updated_at"]
    assert done["version_token"] != held["version_token"]
    assert only_error(ask("POST", f"/v2/payments/{held['id']}/cancel"))[2] == "BAD_REQUEST"
    other = pay(ask, "2", autocomplete=False).body["payment"]
    stale = ask("POST", f"/v2/payments/{other['id']}/complete", {"version_token": "old"})
    assert only_error(stale) == (409, "INVALID_REQUEST_ERROR", "VERSION_MISMATCH")
    assert ask("POST", f"/v2/payments/{other['id']}/cancel").body["payment"]["status"] == "CANCELED"


def test_cash_and_outside_payments_need_their_details(square: Any, ask: Ask) -> None:
    cash = square.payments.create(
        source_id="CASH",
        idempotency_key="1",
        amount_money={"amount": 700, "currency": USD},
        cash_details={"buyer_supplied_money": {"amount": 1000, "currency": USD}},
    ).payment
    assert (cash.source_type, cash.cash_details.change_back_money.amount) == ("CASH", 300)
    outside = square.payments.create(
        source_id="EXTERNAL",
        idempotency_key="2",
        amount_money={"amount": 700, "currency": USD},
        external_details={"type": "OTHER", "source": "Box office"},
    ).payment
    assert (outside.source_type, outside.external_details.source) == ("EXTERNAL", "Box office")
    for source in ("CASH", "EXTERNAL"):
        assert only_error(pay(ask, source, source_id=source))[2] == "MISSING_REQUIRED_PARAMETER"
    delayed = pay(ask, "3", source_id="EXTERNAL", external_details={"type": "OTHER", "source": "x"}, autocomplete=False)
    assert only_error(delayed)[2] == "INVALID_VALUE"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        ({"source_id": "cnon:card-nonce-declined"}, (402, "PAYMENT_METHOD_ERROR", "GENERIC_DECLINE")),
        ({"source_id": "cnon:unheard-of"}, (404, "INVALID_REQUEST_ERROR", "NOT_FOUND")),
        ({"source_id": None}, (400, "INVALID_REQUEST_ERROR", "MISSING_REQUIRED_PARAMETER")),
        ({"amount_money": None}, (400, "INVALID_REQUEST_ERROR", "MISSING_REQUIRED_PARAMETER")),
        ({"amount_money": {"amount": -1, "currency": "USD"}}, (400, "INVALID_REQUEST_ERROR", "VALUE_TOO_LOW")),
        ({"amount_money": {"amount": 1.5, "currency": "USD"}}, (400, "INVALID_REQUEST_ERROR", "EXPECTED_INTEGER")),
        ({"amount_money": {"amount": 1, "currency": "usd"}}, (400, "INVALID_REQUEST_ERROR", "INVALID_ENUM_VALUE")),
        ({"customer_id": "NOBODY"}, (404, "INVALID_REQUEST_ERROR", "NOT_FOUND")),
        ({"location_id": "NOWHERE"}, (404, "INVALID_REQUEST_ERROR", "NOT_FOUND")),
        ({"reference_id": "x" * 41}, (400, "INVALID_REQUEST_ERROR", "VALUE_TOO_LONG")),
        ({"note": "x" * 501}, (400, "INVALID_REQUEST_ERROR", "VALUE_TOO_LONG")),
        ({"idempotency_key": "k" * 46}, (400, "INVALID_REQUEST_ERROR", "VALUE_TOO_LONG")),
    ],
)
def test_a_wrong_payment_is_refused_and_not_taken(
    ask: Ask, simulator: SquareSimulator, spoil: Any, expected: Any
) -> None:
    assert only_error(pay(ask, "1", **spoil)) == expected
    assert simulator.objects(ACCOUNT, "payments") == []


def test_a_repeated_payment_is_taken_once(square: Any, ask: Ask, simulator: SquareSimulator) -> None:
    first = pay(ask, "1").body
    assert pay(ask, "1").body == first
    with pytest.raises(ApiError) as caught:
        square.payments.create(
            source_id="cnon:card-nonce-ok", idempotency_key="1", amount_money={"amount": 5, "currency": USD}
        )
    assert (caught.value.status_code, caught.value.errors[0].code) == (400, "IDEMPOTENCY_KEY_REUSED")
    assert len(simulator.objects(ACCOUNT, "payments")) == 1


def test_refunds_add_up_to_the_payment_and_no_further(square: Any, ask: Ask, clock: Any) -> None:
    payment = pay(ask, "1", 1000).body["payment"]
    clock.forward(seconds=3)
    first = square.refunds.refund_payment(
        idempotency_key="r1", payment_id=payment["id"], amount_money={"amount": 400, "currency": USD}, reason="Rain"
    ).refund
    assert (first.status, first.reason, first.payment_id) == ("COMPLETED", "Rain", payment["id"])
    assert first.id.startswith(f"{payment['id']}_")
    too_much = refund(ask, "r2", payment["id"], 601)
    assert only_error(too_much) == (400, "REFUND_ERROR", "REFUND_AMOUNT_INVALID")
    assert too_much.body["errors"][0]["field"] == "amount_money.amount"
    assert refund(ask, "r3", payment["id"], 600).status == 200
    assert only_error(refund(ask, "r4", payment["id"], 1))[2] == "REFUND_AMOUNT_INVALID"
    after = square.payments.get(payment["id"]).payment
    assert (after.refunded_money.amount, len(after.refund_ids or []), after.status) == (1000, 2, "COMPLETED")
    assert (after.updated_at or "") > payment["updated_at"]
    assert square.refunds.get(first.id).refund == first


def test_a_repeated_refund_is_given_once(ask: Ask, simulator: SquareSimulator) -> None:
    payment = pay(ask, "1", 1000).body["payment"]
    first = refund(ask, "r1", payment["id"], 300)
    assert refund(ask, "r1", payment["id"], 300).body == first.body
    assert only_error(refund(ask, "r1", payment["id"], 200))[2] == "IDEMPOTENCY_KEY_REUSED"
    assert len(simulator.objects(ACCOUNT, "refunds")) == 1


def test_only_a_completed_payment_can_be_refunded(ask: Ask) -> None:
    held = pay(ask, "1", autocomplete=False).body["payment"]
    assert only_error(refund(ask, "r1", held["id"], 1))[2] == "REFUND_ERROR_PAYMENT_NEEDS_COMPLETION"
    ask("POST", f"/v2/payments/{held['id']}/cancel")
    assert only_error(refund(ask, "r2", held["id"], 1))[2] == "PAYMENT_NOT_REFUNDABLE"
    assert only_error(refund(ask, "r3", "NOTHING", 1))[0] == 404
    done = pay(ask, "2").body["payment"]
    assert only_error(refund(ask, "r4", done["id"], 1, payment_version_token="old"))[2] == "VERSION_MISMATCH"


def test_payments_list_newest_first_and_page_by_a_hundred(square: Any, simulator: SquareSimulator) -> None:
    rows = [
        {"amount": number + 1, "currency": USD, "created_at": f"2026-07-14T{number // 60:02}:{number % 60:02}:00Z"}
        for number in range(230)
    ]
    seeded = [row["id"] for row in simulator.seed(ACCOUNT, "payments", rows)]
    assert [payment.id for payment in square.payments.list()] == seeded[::-1]
    assert [payment.id for payment in square.payments.list(sort_order="ASC", limit=30)] == seeded
    assert len(square.payments.list(limit=1000).items or []) == 100
    some = square.payments.list(begin_time="2026-07-14T00:10:00Z", end_time="2026-07-14T00:13:00Z", sort_order="ASC")
    assert [payment.id for payment in some] == seeded[10:13]
    assert [payment.id for payment in square.payments.list(total=7)] == [seeded[6]]
    assert len(list(square.payments.list(last4="5858"))) == 230
    assert list(square.payments.list(card_brand="AMEX")) == []
    assert list(square.payments.list(location_id="elsewhere")) == []


def test_payments_changed_since_are_found_by_update_time(ask: Ask, clock: Any) -> None:
    old = pay(ask, "1").body["payment"]
    clock.forward(days=1)
    pay(ask, "2")
    clock.forward(days=1)
    since = "2026-07-17T00:00:00Z"
    refund(ask, "r", old["id"], 5)
    found = ask("GET", "/v2/payments", updated_at_begin_time=since, sort_field="UPDATED_AT").body["payments"]
    assert [payment["id"] for payment in found] == [old["id"]]
    ordered = ask("GET", "/v2/payments", sort_field="UPDATED_AT", sort_order="ASC").body["payments"]
    assert ordered[-1]["id"] == old["id"]
    assert [row["payment_id"] for row in ask("GET", "/v2/refunds", status="COMPLETED").body["refunds"]] == [old["id"]]
    assert ask("GET", "/v2/refunds", status="PENDING").body == {}
    assert ask("GET", "/v2/refunds", source_type="CASH").body == {}


def test_payments_older_than_a_year_need_a_begin_time(ask: Ask, simulator: SquareSimulator) -> None:
    simulator.seed(ACCOUNT, "payments", [{"amount": 1, "currency": USD, "created_at": "2025-07-15T00:00:00Z"}])
    assert ask("GET", "/v2/payments").body == {}
    assert len(ask("GET", "/v2/payments", begin_time="2025-01-01T00:00:00Z").body["payments"]) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"begin_time": "2026-07-15"}, "INVALID_TIME"),
        ({"begin_time": "2026-07-15T00:00:00"}, "INVALID_TIME"),
        ({"begin_time": "2026-07-15T00:00:00Z", "end_time": "2026-07-14T00:00:00Z"}, "INVALID_TIME_RANGE"),
        ({"sort_field": "AMOUNT"}, "INVALID_ENUM_VALUE"),
        ({"limit": "0"}, "VALUE_TOO_LOW"),
    ],
)
def test_a_senseless_list_is_refused(ask: Ask, query: dict[str, str], expected: str) -> None:
    assert only_error(ask("GET", "/v2/payments", **query))[2] == expected


def test_sales_at_the_counter_can_be_seeded(simulator: SquareSimulator) -> None:
    customer = simulator.seed(ACCOUNT, "customers", [{"given_name": "Ada"}])[0]["id"]
    row = {"amount": 900, "currency": USD, "customer_id": customer, "reference_id": "r", "note": "n"}
    payment = simulator.seed(ACCOUNT, "payments", [row])[0]
    assert (payment["status"], payment["customer_id"], payment["note"]) == ("COMPLETED", customer, "n")
    back = simulator.seed(ACCOUNT, "refunds", [{"payment_id": payment["id"]}])[0]
    assert back["amount_money"] == {"amount": 900, "currency": USD}
    with pytest.raises(ValueError, match="Field must be set"):
        simulator.seed(ACCOUNT, "payments", [{"amount": 900}])
    with pytest.raises(KeyError, match="collection 'tips'"):
        simulator.seed(ACCOUNT, "tips", [])
    with pytest.raises(KeyError, match="account 'ML9'"):
        simulator.objects("ML9", "payments")
