"""Idempotency keys at the simulated Stripe, and what survives a restart."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe

from sync_sims.stripe import StripeSimulator
from sync_sims.stripe.idempotency import KEPT_FOR, keep
from sync_sims.stripe.world import Holdings, StoredAnswer
from sync_sims.wire import UNLIMITED, Request
from tests.sync_sims.conftest import ACCOUNT, KEY, HandClock

ONCE = {"idempotency_key": "k1"}


def _names(simulator: StripeSimulator):
    return [row["name"] for row in simulator.objects(ACCOUNT, "customers")]


def test_the_same_request_again_gives_the_first_answer_and_writes_nothing(client: Any, stripe_sim: StripeSimulator):
    first = client.v1.customers.create({"name": "Ann"}, ONCE)
    client.v1.customers.update(first.id, {"name": "Bea"})
    again = client.v1.customers.create({"name": "Ann"}, ONCE)
    assert (again.id, again.name) == (first.id, "Ann")
    headers = again.last_response.headers
    assert (headers["idempotent-replayed"], headers["original-request"]) == ("true", first.last_response.request_id)
    assert headers["request-id"] != first.last_response.request_id
    assert _names(stripe_sim) == ["Bea"]


def test_the_same_key_for_other_parameters_or_another_endpoint_is_refused(client: Any, stripe_sim: StripeSimulator):
    client.v1.customers.create({"name": "Ann"}, ONCE)
    for other in (
        lambda: client.v1.customers.create({"name": "Bea"}, ONCE),
        lambda: client.v1.products.create({"name": "Ann"}, ONCE),
    ):
        with pytest.raises(stripe.IdempotencyError) as caught:
            other()
        assert caught.value.http_status == 400
    assert _names(stripe_sim) == ["Ann"]


def test_a_request_that_fails_validation_leaves_its_key_free(client: Any):
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"naem": "Ann"}, ONCE)
    assert client.v1.customers.create({"name": "Ann"}, ONCE).name == "Ann"


def test_an_error_of_an_executed_request_is_repeated(client: Any):
    refund = {"charge": "ch_none"}
    answers: list[tuple[int | None, object]] = []
    replayed: list[bool] = []
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.refunds.create(refund, ONCE)
        answers.append((caught.value.http_status, caught.value.json_body))
        replayed.append("idempotent-replayed" in (caught.value.headers or {}))
    assert answers[0] == answers[1]
    assert replayed == [False, True]


def test_a_key_is_forgotten_after_a_day(client: Any, hand_clock: HandClock, stripe_sim: StripeSimulator):
    client.v1.customers.create({"name": "Ann"}, ONCE)
    hand_clock.advance(24 * 3600 - 1)
    client.v1.customers.create({"name": "Ann"}, ONCE)
    assert _names(stripe_sim) == ["Ann"]
    hand_clock.advance(1)
    client.v1.customers.create({"name": "Ann"}, ONCE)
    assert _names(stripe_sim) == ["Ann", "Ann"]


def test_old_keys_do_not_pile_up():
    holdings = Holdings(account_id=ACCOUNT, name="Blue Note")
    for day in range(3):
        answer = StoredAnswer(path="/", fingerprint="", status=200, body={}, request_id="req_1", at=day * KEPT_FOR)
        keep(holdings, f"k{day}", answer)
    assert list(holdings.answers) == ["k2"]


def test_keys_belong_to_their_account(client: Any, sdk: Callable[..., Any], stripe_sim: StripeSimulator):
    stripe_sim.register("sk_test_other", account_id="acct_other", name="Red Room")
    mine = client.v1.customers.create({"name": "Ann"}, ONCE)
    theirs = sdk("sk_test_other").v1.customers.create({"name": "Ann"}, ONCE)
    assert mine.id != theirs.id


def test_a_key_has_at_most_255_characters(client: Any):
    client.v1.customers.create({}, {"idempotency_key": "k" * 255})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({}, {"idempotency_key": "k" * 256})


def _post(simulator: StripeSimulator, path: str, body: Any, *, key: str | None = None):
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/x-www-form-urlencoded"}
    if key is not None:
        headers["idempotency-key"] = key
    request = Request("POST", path, (), headers, body)
    return request, simulator.handle(request)


def _get(simulator: StripeSimulator, path: str, *query: tuple[str, str]):
    return simulator.handle(Request("GET", path, query, {"authorization": f"Bearer {KEY}"}, b""))


def test_a_restarted_simulator_knows_everything(tmp_path: Path, hand_clock: HandClock):
    def started():
        return StripeSimulator(tmp_path, limits=UNLIMITED, clock=hand_clock, chance=random.Random(1))

    first = started()
    first.register(KEY, account_id=ACCOUNT, name="Blue Note")
    first.register("sk_test_gone", account_id=ACCOUNT, name="Blue Note")
    first.revoke("sk_test_gone")
    _, ann = _post(first, "/v1/customers", b"name=Ann&metadata[id]=1", key="k1")
    _, bea = _post(first, "/v1/customers", b"name=Bea")
    _post(first, f"/v1/customers/{bea.body['id']}", b"name=Cy")
    first.handle(Request("DELETE", f"/v1/customers/{ann.body['id']}", (), {"authorization": f"Bearer {KEY}"}, b""))
    first.seed(ACCOUNT, "payments", [{"amount": 1000, "currency": "usd"}])
    request, _ = _post(first, "/v1/products", b"name=T", key="k2")
    first.overrule(request, first.failed(500))
    first.close()

    second = started()
    collections = ("customers", "products", "charges", "balance_transactions", "events", "payment_methods")
    for collection in collections:
        assert second.objects(ACCOUNT, collection) == first.objects(ACCOUNT, collection)
    _, replayed = _post(second, "/v1/customers", b"name=Ann&metadata[id]=1", key="k1")
    assert (replayed.body["id"], replayed.headers["Idempotent-Replayed"]) == (ann.body["id"], "true")
    assert _post(second, "/v1/products", b"name=T", key="k2")[1].status == 500
    assert second.handle(Request("GET", "/v1/account", (), {"authorization": "Bearer sk_test_gone"}, b"")).status == 401
    hand_clock.advance(60)
    assert _get(second, "/v1/customers/search", ("query", "name:'cy'")).body["data"][0]["id"] == bea.body["id"]
    _, new = _post(second, "/v1/customers", b"name=Dee")
    assert new.body["id"] not in {ann.body["id"], bea.body["id"]}
    second.close()


def test_a_request_torn_by_a_crash_never_happened(tmp_path: Path, hand_clock: HandClock):
    first = StripeSimulator(tmp_path, limits=UNLIMITED, clock=hand_clock)
    first.register(KEY, account_id=ACCOUNT, name="Blue Note")
    _post(first, "/v1/customers", b"name=Ann", key="k1")
    _post(first, "/v1/customers", b"name=Bea", key="k2")
    first.close()
    journal = tmp_path / "stripe.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    second = StripeSimulator(tmp_path, limits=UNLIMITED, clock=hand_clock)
    assert _names(second) == ["Ann"]
    assert "Idempotent-Replayed" not in _post(second, "/v1/customers", b"name=Bea", key="k2")[1].headers
    second.close()
    third = StripeSimulator(tmp_path, limits=UNLIMITED, clock=hand_clock)
    assert _names(third) == ["Ann", "Bea"]


def test_a_reset_simulator_starts_anew_on_disk_too(tmp_path: Path):
    first = StripeSimulator(tmp_path, limits=UNLIMITED)
    first.register(KEY, account_id=ACCOUNT, name="Blue Note")
    first.reset()
    second = StripeSimulator(tmp_path, limits=UNLIMITED)
    with pytest.raises(KeyError, match="acct_venue1"):
        second.objects(ACCOUNT, "customers")
