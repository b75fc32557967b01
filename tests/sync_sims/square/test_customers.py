"""Customer profiles through the official SDK: single, in bulk, listed, searched."""

from collections.abc import Callable
from typing import Any

import pytest
from square.core.api_error import ApiError

from sync_sims.square import SquareSimulator
from sync_sims.wire import Response

Ask = Callable[..., Response]

ONCE = {"max_retries": 0}
ACCOUNT = "MLEFBHHSJGVHD"


def test_a_created_profile_reads_as_square_recorded_it(ask: Ask) -> None:
    sent = {
        "idempotency_key": "test-idempotency-key-001",
        "given_name": "Test",
        "family_name": "Customer",
        "email_address": "test@example.com",
        "phone_number": "+14155552671",
        "note": None,
        "nickname": "",
    }
    customer = ask("POST", "/v2/customers", sent).body["customer"]
    assert customer.pop("id")
    assert customer == {
        "created_at": "2026-07-15T19:58:09.286Z",
        "updated_at": "2026-07-15T19:58:09Z",
        "given_name": "Test",
        "family_name": "Customer",
        "email_address": "test@example.com",
        "phone_number": "+14155552671",
        "preferences": {"email_unsubscribed": False},
        "creation_source": "THIRD_PARTY",
        "version": 0,
    }


def test_an_update_is_sparse_and_null_clears(ask: Ask) -> None:
    first = ask(
        "POST",
        "/v2/customers",
        {"given_name": "Grace", "note": "old", "address": {"address_line_1": "1 Main", "locality": "Rye"}},
    ).body["customer"]
    changed = ask(
        "PUT",
        f"/v2/customers/{first['id']}",
        {"note": None, "family_name": "Hopper", "address": {"locality": None, "postal_code": "10580"}},
    ).body["customer"]
    assert "note" not in changed
    assert (changed["given_name"], changed["family_name"], changed["version"]) == ("Grace", "Hopper", 1)
    assert changed["address"] == {"address_line_1": "1 Main", "postal_code": "10580"}


def test_an_update_may_not_leave_a_profile_without_any_name(ask: Ask) -> None:
    first = ask("POST", "/v2/customers", {"given_name": "Grace"}).body["customer"]
    assert ask("PUT", f"/v2/customers/{first['id']}", {"given_name": None}).status == 400
    assert ask("GET", f"/v2/customers/{first['id']}").body["customer"]["given_name"] == "Grace"


def test_a_stale_version_conflicts_and_changes_nothing(square: Any) -> None:
    created = square.customers.create(given_name="Ada").customer
    square.customers.update(created.id, nickname="Countess", version=0)
    with pytest.raises(ApiError) as caught:
        square.customers.update(created.id, nickname="Lady", version=0, request_options=ONCE)
    assert caught.value.status_code == 409
    assert caught.value.errors[0].code == "CONFLICT"
    kept = square.customers.get(created.id).customer
    assert (kept.nickname, kept.version) == ("Countess", 1)


def test_a_deleted_profile_is_not_found_but_judges_still_see_it(square: Any, simulator: SquareSimulator) -> None:
    created = square.customers.create(given_name="Ada").customer
    with pytest.raises(ApiError) as caught:
        square.customers.delete(created.id, version=5, request_options=ONCE)
    assert caught.value.status_code == 409
    square.customers.delete(created.id, version=0)
    for again in (square.customers.get, square.customers.delete):
        with pytest.raises(ApiError) as caught:
            again(created.id)
        assert (caught.value.status_code, caught.value.errors[0].code) == (404, "NOT_FOUND")
    assert list(square.customers.list()) == []
    assert [row["is_deleted"] for row in simulator.objects(ACCOUNT, "customers")] == [True]


def test_the_same_key_and_body_create_once_and_another_body_is_refused(square: Any, simulator: SquareSimulator) -> None:
    first = square.customers.create(idempotency_key="k", given_name="Ada", email_address="ada@example.com")
    again = square.customers.create(idempotency_key="k", given_name="Ada", email_address="ada@example.com")
    assert again == first
    with pytest.raises(ApiError) as caught:
        square.customers.create(idempotency_key="k", given_name="Eve")
    assert (caught.value.status_code, caught.value.errors[0].code) == (400, "IDEMPOTENCY_KEY_REUSED")
    assert len(simulator.objects(ACCOUNT, "customers")) == 1


def test_bulk_create_answers_each_entry_under_its_key(square: Any) -> None:
    sent = {"a": {"given_name": "Ada"}, "b": {"email_address": "broken"}, "c": {"family_name": "Curie"}}
    responses = square.customers.batch_create(customers=sent).responses
    assert [entry.customer is not None for entry in responses.values()] == [True, False, True]
    errors = responses["b"].errors
    assert (errors[0].code, errors[0].field) == ("INVALID_EMAIL_ADDRESS", "email_address")


def test_bulk_create_repeats_entries_by_their_own_keys(ask: Ask, simulator: SquareSimulator) -> None:
    first = ask("POST", "/v2/customers/bulk-create", {"customers": {"a": {"given_name": "Ada"}}}).body["responses"]
    mixed = {"customers": {"a": {"given_name": "Ada"}, "b": {"given_name": "Bea"}}}
    second = ask("POST", "/v2/customers/bulk-create", mixed).body["responses"]
    assert second["a"] == first["a"]
    assert len(simulator.objects(ACCOUNT, "customers")) == 2
    third = ask("POST", "/v2/customers/bulk-create", {"customers": {"a": {"given_name": "Eve"}}})
    assert (third.status, third.body["responses"]["a"]["errors"][0]["code"]) == (200, "IDEMPOTENCY_KEY_REUSED")


def test_a_single_create_shares_its_key_with_bulk_create(ask: Ask, simulator: SquareSimulator) -> None:
    single = ask("POST", "/v2/customers", {"idempotency_key": "a", "given_name": "Ada"}).body
    bulk = ask("POST", "/v2/customers/bulk-create", {"customers": {"a": {"given_name": "Ada"}}}).body
    assert bulk["responses"]["a"] == single
    assert len(simulator.objects(ACCOUNT, "customers")) == 1


def test_bulk_update_retrieve_and_delete_report_what_failed(square: Any, simulator: SquareSimulator) -> None:
    made = square.customers.batch_create(customers={"a": {"given_name": "A"}, "b": {"given_name": "B"}}).responses
    first, second = (entry.customer.id for entry in made.values() if entry.customer is not None)
    updated = square.customers.bulk_update_customers(
        customers={first: {"note": "x", "version": 0}, second: {"note": "y", "version": 3}, "nobody": {"note": "z"}}
    ).responses
    assert [updated[key].errors[0].code for key in (second, "nobody")] == ["CONFLICT", "NOT_FOUND"]
    found = square.customers.bulk_retrieve_customers(customer_ids=[first, "nobody"]).responses
    assert (found[first].customer.note, found["nobody"].errors[0].code) == ("x", "NOT_FOUND")
    gone = square.customers.bulk_delete_customers(customer_ids=[first, "nobody"]).responses
    assert (gone[first].errors, gone["nobody"].errors[0].code) == (None, "NOT_FOUND")
    assert [row["id"] for row in simulator.objects(ACCOUNT, "customers") if "is_deleted" not in row] == [second]


@pytest.mark.parametrize(("number", "expected"), [(0, "VALUE_EMPTY"), (101, "TOO_MANY_MAP_ENTRIES")])
def test_bulk_create_takes_one_to_a_hundred(ask: Ask, number: int, expected: str) -> None:
    customers = {str(index): {"given_name": "A"} for index in range(number)}
    for path in ("bulk-create", "bulk-update"):
        response = ask("POST", f"/v2/customers/{path}", {"customers": customers})
        assert (response.status, response.body["errors"][0]["code"]) == (400, expected)


@pytest.mark.parametrize(("number", "expected"), [(0, "ARRAY_EMPTY"), (101, "ARRAY_LENGTH_TOO_LONG")])
def test_bulk_retrieve_and_delete_take_one_to_a_hundred(ask: Ask, number: int, expected: str) -> None:
    for path in ("bulk-retrieve", "bulk-delete"):
        response = ask("POST", f"/v2/customers/{path}", {"customer_ids": ["x"] * number})
        assert (response.status, response.body["errors"][0]["code"]) == (400, expected)


def test_listing_pages_through_everyone_once_in_the_order_of_names(square: Any, simulator: SquareSimulator) -> None:
    names = [f"{number:03}" for number in range(250)]
    simulator.seed(ACCOUNT, "customers", [{"given_name": name} for name in reversed(names)])
    assert [customer.given_name for customer in square.customers.list(limit=40)] == names
    newest_last = square.customers.list(limit=40, sort_field="CREATED_AT", sort_order="DESC")
    assert sorted(customer.given_name or "" for customer in newest_last) == names


def test_the_last_page_has_no_cursor(ask: Ask, simulator: SquareSimulator) -> None:
    simulator.seed(ACCOUNT, "customers", [{"given_name": str(number)} for number in range(4)])
    first = ask("GET", "/v2/customers", limit="2", count="true").body
    assert (len(first["customers"]), first["count"]) == (2, 4)
    second = ask("GET", "/v2/customers", limit="2", count="true", cursor=first["cursor"]).body
    assert "cursor" not in second


@pytest.mark.parametrize(
    ("limit", "expected"), [("0", "VALUE_TOO_LOW"), ("101", "VALUE_TOO_HIGH"), ("x", "EXPECTED_INTEGER")]
)
def test_a_limit_outside_one_to_a_hundred_is_refused(ask: Ask, limit: str, expected: str) -> None:
    response = ask("GET", "/v2/customers", limit=limit)
    assert (response.status, response.body["errors"][0]["code"]) == (400, expected)


def test_a_cursor_belongs_to_its_query_and_its_seller_and_ends_after_five_minutes(
    ask: Ask, simulator: SquareSimulator, clock: Any
) -> None:
    simulator.register("other", account_id="ML2", name="Other")
    simulator.seed(ACCOUNT, "customers", [{"given_name": str(number)} for number in range(4)])
    cursor = ask("GET", "/v2/customers", limit="2").body["cursor"]

    def code(response: Response) -> str:
        return "" if response.status == 200 else response.body["errors"][0]["code"]

    assert code(ask("GET", "/v2/customers", limit="2", sort_order="DESC", cursor=cursor)) == "INVALID_CURSOR"
    assert code(ask("GET", "/v2/customers", limit="2", cursor=cursor, token="other")) == "INVALID_CURSOR"
    assert code(ask("GET", "/v2/customers", limit="2", cursor=cursor[:-2] + "xx")) == "INVALID_CURSOR"
    assert code(ask("GET", "/v2/customers", limit="2", cursor="no cursor")) == "INVALID_CURSOR"
    clock.forward(seconds=300)
    assert code(ask("GET", "/v2/customers", limit="2", cursor=cursor)) == ""
    clock.forward(seconds=1)
    assert code(ask("GET", "/v2/customers", limit="2", cursor=cursor)) == "INVALID_CURSOR"


def test_a_profile_written_while_a_client_pages_neither_repeats_nor_hides_another(
    ask: Ask, simulator: SquareSimulator
) -> None:
    simulator.seed(ACCOUNT, "customers", [{"given_name": name} for name in "bdfh"])
    first = ask("GET", "/v2/customers", limit="2").body
    simulator.seed(ACCOUNT, "customers", [{"given_name": name} for name in "ag"])
    second = ask("GET", "/v2/customers", limit="2", cursor=first["cursor"]).body
    assert [row["given_name"] for row in first["customers"]] == ["b", "d"]
    assert [row["given_name"] for row in second["customers"]] == ["f", "g"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"email_address": {"exact": "ADA@example.com"}}, ["Ada"]),
        ({"email_address": {"fuzzy": "example.com"}}, ["Ada", "Bea"]),
        ({"phone_number": {"exact": "+1 (415) 555-2671"}}, ["Bea"]),
        ({"reference_id": {"exact": "venue-7"}}, ["Ada"]),
        ({"creation_source": {"values": ["DIRECTORY"], "rule": "EXCLUDE"}}, []),
        ({"email_address": {"fuzzy": "ada"}, "reference_id": {"exact": "venue-8"}}, []),
        ({}, ["Ada", "Bea", "Cid"]),
    ],
)
def test_search_filters_profiles(square: Any, simulator: SquareSimulator, wanted: Any, expected: list[str]) -> None:
    simulator.seed(
        ACCOUNT,
        "customers",
        [
            {"given_name": "Ada", "email_address": "ada@example.com", "reference_id": "venue-7"},
            {"given_name": "Bea", "email_address": "bea@example.com", "phone_number": "+14155552671"},
            {"given_name": "Cid"},
        ],
    )
    found = square.customers.search(query={"filter": wanted}).customers or []
    assert [customer.given_name for customer in found] == expected


def test_search_by_update_time_includes_its_start_and_excludes_its_end(ask: Ask, clock: Any) -> None:
    made = []
    for name in "abc":
        made.append(ask("POST", "/v2/customers", {"given_name": name}).body["customer"])
        clock.forward(seconds=1)

    def found(**window: str) -> list[str]:
        body = {"query": {"filter": {"updated_at": window}}}
        return [row["given_name"] for row in ask("POST", "/v2/customers/search", body).body.get("customers", [])]

    start, end = made[1]["created_at"], made[2]["created_at"]
    assert found(start_at=start) == ["b", "c"]
    assert found(start_at=start, end_at=end) == ["b"]
    backwards = {"query": {"filter": {"updated_at": {"start_at": end, "end_at": start}}}}
    assert ask("POST", "/v2/customers/search", backwards).body["errors"][0]["code"] == "INVALID_TIME_RANGE"


def test_the_index_lags_behind_the_profiles_when_told_to(ask: Ask, simulator: SquareSimulator, clock: Any) -> None:
    simulator.terms.customer_index_seconds = 30
    created = ask("POST", "/v2/customers", {"given_name": "Ada"}).body["customer"]["id"]
    assert ask("GET", f"/v2/customers/{created}").status == 200
    assert ask("GET", "/v2/customers").body == {}
    clock.forward(seconds=30)
    assert [row["given_name"] for row in ask("GET", "/v2/customers").body["customers"]] == ["Ada"]
    ask("PUT", f"/v2/customers/{created}", {"given_name": "Adele"})
    assert [row["given_name"] for row in ask("POST", "/v2/customers/search", {}).body["customers"]] == ["Ada"]
    clock.forward(seconds=30)
    assert [row["given_name"] for row in ask("POST", "/v2/customers/search", {}).body["customers"]] == ["Adele"]
