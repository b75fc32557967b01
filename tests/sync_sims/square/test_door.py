"""What every request meets first: tokens, versions, JSON, unknown paths."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from square.core.api_error import ApiError

from sync_sims.square import SquareSimulator
from sync_sims.wire import Response

Ask = Callable[..., Response]


def code(response: Response) -> str:
    """The code of the only error."""
    assert len(response.body["errors"]) == 1
    return response.body["errors"][0]["code"]


def test_a_request_without_a_token_is_unauthorized(ask: Ask) -> None:
    response = ask("GET", "/v2/locations", token="")
    assert (response.status, response.body["errors"]) == (
        401,
        [
            {
                "category": "AUTHENTICATION_ERROR",
                "code": "UNAUTHORIZED",
                "detail": "This request could not be authorized.",
            }
        ],
    )


def test_a_revoked_token_is_told_that_it_was_revoked(square: Any, simulator: SquareSimulator) -> None:
    simulator.revoke("EAAA-test-token")
    with pytest.raises(ApiError) as caught:
        square.locations.list()
    assert caught.value.status_code == 401
    assert caught.value.errors[0].code == "ACCESS_TOKEN_REVOKED"


def test_a_token_registered_again_works_again(ask: Ask, simulator: SquareSimulator) -> None:
    simulator.revoke("EAAA-test-token")
    simulator.register("EAAA-test-token", account_id="MLEFBHHSJGVHD", name="Apollo Hall")
    assert ask("GET", "/v2/merchants/me").status == 200


def test_sellers_do_not_see_each_other(ask: Ask, simulator: SquareSimulator) -> None:
    simulator.register("other", account_id="ML2", name="Other")
    created = ask("POST", "/v2/customers", {"given_name": "Ada"}).body["customer"]["id"]
    assert ask("GET", f"/v2/customers/{created}", token="other").status == 404
    assert ask("GET", "/v2/customers", token="other").body == {}
    assert ask("PUT", f"/v2/customers/{created}", {"given_name": "Eve"}, token="other").status == 404


def test_the_asked_version_comes_back_on_every_answer(ask: Ask) -> None:
    headers = {"square-version": "2025-08-20"}
    assert ask("GET", "/v2/locations", headers=headers).headers["square-version"] == "2025-08-20"
    assert ask("GET", "/v2/nowhere", headers=headers).headers["square-version"] == "2025-08-20"
    assert ask("GET", "/v2/locations").headers["square-version"] == "2026-09-16"


@pytest.mark.parametrize("version", ["latest", "2025-13-01", "20250820", ""])
def test_a_version_that_is_no_date_is_refused(ask: Ask, version: str) -> None:
    response = ask("GET", "/v2/locations", headers={"square-version": version})
    assert (response.status, code(response)) == (400, "INVALID_SQUARE_VERSION_FORMAT")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "EXPECTED_JSON_BODY"),
        (b"{", "BAD_REQUEST"),
        (b"[]", "EXPECTED_OBJECT"),
        ({"given_name": 1}, "EXPECTED_STRING"),
        ({"address": "London"}, "EXPECTED_OBJECT"),
        ({"given_name": "x" * 301}, "VALUE_TOO_LONG"),
        ({}, "MISSING_REQUIRED_PARAMETER"),
        ({"email_address": "nobody"}, "INVALID_EMAIL_ADDRESS"),
        ({"phone_number": "12345678"}, "INVALID_PHONE_NUMBER"),
        ({"given_name": "A", "birthday": "21 May"}, "INVALID_VALUE"),
        ({"given_name": "A", "address": {"country": "Germany"}}, "INVALID_ENUM_VALUE"),
    ],
)
def test_a_malformed_body_is_refused_with_the_code_for_it(ask: Ask, body: Any, expected: str) -> None:
    response = ask("POST", "/v2/customers", body)
    assert (response.status, code(response)) == (400, expected)


def test_unknown_fields_pass_unless_the_terms_refuse_them(ask: Ask, simulator: SquareSimulator) -> None:
    assert ask("POST", "/v2/customers", {"given_name": "A", "shoe_size": 44}).status == 200
    simulator.terms.unknown_fields = "refuse"
    response = ask("POST", "/v2/customers", {"given_name": "A", "shoe_size": 44})
    assert (code(response), response.body["errors"][0]["field"]) == ("UNKNOWN_BODY_PARAMETER", "shoe_size")


@pytest.mark.parametrize("name", ["batch-change", "batch-retrieve-changes", "batch-retrieve-counts"])
def test_the_retired_inventory_paths_are_gone(ask: Ask, name: str) -> None:
    response = ask("POST", f"/v2/inventory/{name}", {"changes": []})
    assert (response.status, code(response)) == (410, "GONE")


def test_unknown_paths_and_methods_have_their_own_answers(ask: Ask) -> None:
    assert code(ask("GET", "/v2/nowhere")) == "NOT_FOUND"
    assert code(ask("DELETE", "/v2/locations")) == "METHOD_NOT_ALLOWED"


def test_the_seller_is_one_merchant_with_one_location(square: Any) -> None:
    merchant = square.merchants.get(merchant_id="me").merchant
    locations = square.locations.list().locations
    assert (merchant.id, merchant.business_name, merchant.currency) == ("MLEFBHHSJGVHD", "Apollo Hall", "USD")
    assert [location.id for location in locations] == [merchant.main_location_id]
    assert square.merchants.get(merchant_id="MLEFBHHSJGVHD").merchant == merchant


def test_the_first_money_settles_the_sellers_currency(ask: Ask) -> None:
    item: dict[str, Any] = {"type": "ITEM", "id": "#i", "item_data": {"name": "Ticket", "variations": []}}
    price = {"amount": 1500, "currency": "GBP"}
    item["item_data"]["variations"] = [
        {"type": "ITEM_VARIATION", "id": "#v", "item_variation_data": {"name": "A", "price_money": price}}
    ]
    assert ask("POST", "/v2/catalog/object", {"idempotency_key": "1", "object": item}).status == 200
    assert ask("GET", "/v2/locations").body["locations"][0]["currency"] == "GBP"
    price["currency"] = "USD"
    response = ask("POST", "/v2/catalog/object", {"idempotency_key": "2", "object": item})
    assert (code(response), response.body["errors"][0]["field"]) == (
        "INVALID_VALUE",
        "object.item_data.variations[0].item_variation_data.price_money.currency",
    )


def test_a_simulator_told_the_currency_gives_it_to_new_sellers() -> None:
    simulator = SquareSimulator(currency="JPY")
    simulator.register("t", account_id="M", name="Budokan")
    assert simulator.objects("M", "payments") == []
    with pytest.raises(ValueError, match="can only process payments in JPY"):
        simulator.seed("M", "payments", [{"amount": 100, "currency": "USD"}])


def test_the_server_is_told_what_is_a_write_and_which_endpoint_it_was(simulator: SquareSimulator) -> None:
    from sync_sims.wire import Request  # noqa: PLC0415 - only this test needs it

    def seen(method: str, path: str) -> tuple[bool, str]:
        request = Request(method=method, path=path, query=(), headers={}, body=b"")
        return simulator.is_write(request), simulator.endpoint(request)

    assert seen("POST", "/v2/catalog/search") == (False, "POST /v2/catalog/search")
    assert seen("POST", "/v2/customers/bulk-retrieve") == (False, "POST /v2/customers/bulk-retrieve")
    assert seen("PUT", "/v2/customers/ABC") == (True, "PUT /v2/customers/{id}")
    assert seen("POST", "/v2/payments/ABC/complete") == (True, "POST /v2/payments/{id}/complete")
    assert seen("GET", "/v2/inventory/ABC") == (False, "GET /v2/inventory/{id}")


def test_the_providers_own_failures_have_its_shape(simulator: SquareSimulator) -> None:
    throttled = simulator.throttled("account")
    assert (throttled.status, throttled.body["errors"][0]["code"]) == (429, "RATE_LIMITED")
    assert throttled.body["errors"][0]["category"] == "RATE_LIMIT_ERROR"
    failed = simulator.failed(503)
    assert (failed.status, failed.body["errors"][0]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert orjson.dumps(failed.body)
