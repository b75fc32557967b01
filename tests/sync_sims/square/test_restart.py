"""What outlives the simulator's process, and what the server's faults leave behind."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from square.core.api_error import ApiError

from sync_sims.server import running
from sync_sims.square import SquareSimulator, Terms
from sync_sims.wire import Request, Response

ACCOUNT = "MLEFBHHSJGVHD"


def send(simulator: SquareSimulator, method: str, path: str, body: object = None, *, token: str = "t") -> Response:
    """One request, straight to the rules."""
    payload = b"" if body is None else orjson.dumps(body)
    headers = {"authorization": f"Bearer {token}"}
    return simulator.handle(Request(method=method, path=path, query=(), headers=headers, body=payload))


def collections(simulator: SquareSimulator) -> dict[str, list[dict[str, object]]]:
    """All that a judge can see."""
    names = ("catalog", "customers", "inventory_counts", "inventory_changes", "payments", "refunds")
    return {name: simulator.objects(ACCOUNT, name) for name in names}


@pytest.fixture
def journal(tmp_path: Path, clock: Any) -> Path:
    """The journal of a simulator that did a bit of everything and was then killed."""
    path = tmp_path / "square.jsonl"
    simulator = SquareSimulator(now=clock, chance=random.Random(1), journal_path=path)
    simulator.register("t", account_id=ACCOUNT, name="Apollo Hall")
    simulator.register("old", account_id=ACCOUNT, name="Apollo Hall")
    simulator.revoke("old")
    rows = [{"item_data": {"name": "Tea", "variations": [{"item_variation_data": {"name": "Cup"}}]}}] * 2
    kept, gone = simulator.seed(ACCOUNT, "catalog", rows)
    variation = kept["item_data"]["variations"][0]["id"]
    simulator.seed(ACCOUNT, "catalog", [{"id": gone["id"], "is_deleted": True}])
    simulator.seed(ACCOUNT, "inventory_changes", [{"catalog_object_id": variation, "quantity": "4"}])
    simulator.seed(ACCOUNT, "customers", [{"given_name": "Ada"}])
    payment = simulator.seed(ACCOUNT, "payments", [{"amount": 5, "currency": "GBP"}])[0]
    simulator.seed(ACCOUNT, "refunds", [{"payment_id": payment["id"], "amount": 2}])
    send(simulator, "POST", "/v2/customers", {"idempotency_key": "k", "given_name": "Bea"})
    path.with_suffix(".expected").write_bytes(orjson.dumps(collections(simulator)))
    simulator.close()
    return path


def test_everything_survives_a_restart(journal: Path, clock: Any) -> None:
    again = SquareSimulator(now=clock, chance=random.Random(1), journal_path=journal)
    assert orjson.dumps(collections(again)) == journal.with_suffix(".expected").read_bytes()
    assert send(again, "GET", "/v2/locations").body["locations"][0]["currency"] == "GBP"
    assert send(again, "GET", "/v2/locations", token="old").body["errors"][0]["code"] == "ACCESS_TOKEN_REVOKED"
    names = [row["given_name"] for row in send(again, "GET", "/v2/customers").body["customers"]]
    assert names == ["Ada", "Bea"]
    items = send(again, "POST", "/v2/catalog/search", {"object_types": ["ITEM"]}).body["objects"]
    assert [len(item["item_data"]["variations"]) for item in items] == [1]
    again.close()


def test_an_idempotency_key_survives_a_restart(journal: Path, clock: Any) -> None:
    again = SquareSimulator(now=clock, chance=random.Random(1), journal_path=journal)
    before = again.objects(ACCOUNT, "customers")
    repeated = send(again, "POST", "/v2/customers", {"idempotency_key": "k", "given_name": "Bea"})
    assert repeated.body["customer"]["given_name"] == "Bea"
    reused = send(again, "POST", "/v2/customers", {"idempotency_key": "k", "given_name": "Eve"})
    assert reused.body["errors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert again.objects(ACCOUNT, "customers") == before
    again.close()


def test_a_restart_with_the_same_seed_draws_no_identifier_twice(journal: Path, clock: Any) -> None:
    again = SquareSimulator(now=clock, chance=random.Random(1), journal_path=journal)
    before = {row["id"] for row in again.objects(ACCOUNT, "catalog")}
    rows = [{"item_data": {"name": "New", "variations": [{"item_variation_data": {"name": "Cup"}}]}}] * 3
    made = again.seed(ACCOUNT, "catalog", rows)
    assert before.isdisjoint(row["id"] for row in made)
    assert len(again.objects(ACCOUNT, "catalog")) == len(before) + 6
    again.close()


def test_a_reset_forgets_the_journal_too(journal: Path, clock: Any) -> None:
    again = SquareSimulator(now=clock, journal_path=journal)
    again.reset()
    assert send(again, "GET", "/v2/locations").status == 401
    again.close()
    third = SquareSimulator(now=clock, journal_path=journal)
    with pytest.raises(KeyError):
        third.objects(ACCOUNT, "customers")
    third.close()


def test_a_write_whose_answer_was_lost_is_found_again_by_its_key(
    square: Any, address: str, simulator: SquareSimulator
) -> None:
    fault = {"kind": "drop_after", "path": "/v2/payments", "times": 1}
    assert httpx.post(f"{address}/_sim/faults", json={"faults": [fault]}).status_code == 200
    sent = {
        "source_id": "cnon:card-nonce-ok",
        "idempotency_key": "1",
        "amount_money": {"amount": 100, "currency": "USD"},
    }
    with pytest.raises(httpx.TransportError):
        square.payments.create(**sent, request_options={"max_retries": 0})
    assert len(simulator.objects(ACCOUNT, "payments")) == 1
    payment = square.payments.create(**sent).payment
    assert [row["id"] for row in simulator.objects(ACCOUNT, "payments")] == [payment.id]


def test_an_error_after_the_write_does_not_stick_to_the_key(
    square: Any, address: str, simulator: SquareSimulator
) -> None:
    fault = {"kind": "error_after", "path": "/v2/customers", "status": 503, "times": 1}
    httpx.post(f"{address}/_sim/faults", json={"faults": [fault]})
    with pytest.raises(ApiError) as caught:
        square.customers.create(idempotency_key="1", given_name="Ada", request_options={"max_retries": 0})
    assert (caught.value.status_code, caught.value.errors[0].code) == (503, "SERVICE_UNAVAILABLE")
    customer = square.customers.create(idempotency_key="1", given_name="Ada").customer
    assert [row["id"] for row in simulator.objects(ACCOUNT, "customers")] == [customer.id]


def test_rate_limits_speak_squares_language(square: Any, address: str) -> None:
    httpx.put(f"{address}/_sim/limits", json={"per_second": 1})
    square.locations.list()
    with pytest.raises(ApiError) as caught:
        square.locations.list(request_options={"max_retries": 0})
    assert (caught.value.status_code, caught.value.errors[0].code) == (429, "RATE_LIMITED")


def test_the_control_endpoints_arrange_and_judge(simulator: SquareSimulator) -> None:
    with running(simulator) as address, httpx.Client(base_url=address) as http:
        given = {"credential": "new", "account_id": "ML5", "name": "Globe"}
        assert http.put("/_sim/accounts", json=given).status_code == 200
        rows = {"rows": [{"given_name": "Ada"}]}
        assert http.post("/_sim/accounts/ML5/seed/customers", json=rows).status_code == 200
        assert len(http.get("/_sim/accounts/ML5/objects/customers").json()["objects"]) == 1
        assert http.get("/_sim/accounts/ML5/objects/tips").status_code == 404
        bad = http.post("/_sim/accounts/ML5/seed/customers", json={"rows": [{}]})
        assert bad.status_code == 400
        http.get("/v2/customers/NOBODY", headers={"authorization": "Bearer new"})
        calls = http.get("/_sim/calls", params={"account": "ML5"}).json()
        assert calls["by_endpoint"] == {"GET /v2/customers/{id}": 1}
        assert calls["writes"] == 0


def test_catalog_writes_at_the_same_time_exclude_each_other_but_one_after_another_pass() -> None:
    simulator = SquareSimulator(terms=Terms(catalog_write_seconds=0.5))
    simulator.register("t", account_id=ACCOUNT, name="Apollo Hall")
    category = {"type": "CATEGORY", "id": "#c", "category_data": {"name": "Plays"}}
    delay = {"kind": "delay", "path": "/v2/catalog/object", "seconds": 0.6}

    def write(key: str) -> int:
        body = {"idempotency_key": key, "object": category}
        headers = {"authorization": "Bearer t"}
        return http.post("/v2/catalog/object", json=body, headers=headers).status_code

    with running(simulator) as address, httpx.Client(base_url=address) as http, ThreadPoolExecutor(3) as threads:
        http.post("/_sim/faults", json={"faults": [delay]})
        assert [write("1"), write("2")] == [200, 200]
        assert sorted(threads.map(write, "345")) == [200, 429, 429]
