"""Injected faults, as a client meets them over the network."""

import time
from typing import Any

import pytest
import requests
import stripe

from sync_sims.faults import Fault, Faults, fault_from
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import Request
from tests.sync_sims.conftest import ACCOUNT, BEARER


def _request(path: str = "/v1/customers", method: str = "POST", body: Any = b""):
    return Request(method=method, path=path, query=(), headers={}, body=body)


def _inject(address: str, *faults: dict[str, Any], seed: int = 0):
    answer = requests.post(f"{address}/_sim/faults", json={"seed": seed, "faults": list(faults)}, timeout=5)
    assert answer.status_code == 200


def _names(simulator: StripeSimulator):
    return [row["name"] for row in simulator.objects(ACCOUNT, "customers")]


def test_an_error_before_leaves_no_trace_and_a_retry_with_the_same_key_succeeds(
    client: Any, stripe_url: str, stripe_sim: StripeSimulator
):
    _inject(stripe_url, {"kind": "error_before", "status": 503, "times": 1})
    options = {"idempotency_key": "k1"}
    with pytest.raises(stripe.APIError) as caught:
        client.v1.customers.create({"name": "Ann"}, options)
    assert caught.value.http_status == 503
    assert _names(stripe_sim) == []
    client.v1.customers.create({"name": "Ann"}, options)
    assert _names(stripe_sim) == ["Ann"]


def test_an_error_after_keeps_the_write_and_repeats_the_500_for_the_same_key(
    client: Any, stripe_url: str, stripe_sim: StripeSimulator
):
    _inject(stripe_url, {"kind": "error_after", "status": 500, "times": 1})
    options = {"idempotency_key": "k1"}
    replayed: list[bool] = []
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.customers.create({"name": "Ann"}, options)
        assert caught.value.http_status == 500
        replayed.append("idempotent-replayed" in (caught.value.headers or {}))
    assert replayed == [False, True]
    assert _names(stripe_sim) == ["Ann"]


def test_an_error_after_a_replay_does_not_change_the_stored_answer(client: Any, stripe_url: str):
    options = {"idempotency_key": "k1"}
    first = client.v1.customers.create({"name": "Ann"}, options)
    _inject(stripe_url, {"kind": "error_after", "times": 1})
    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "Ann"}, options)
    assert client.v1.customers.create({"name": "Ann"}, options).id == first.id


def test_an_error_after_a_refused_request_shows_the_refusal(client: Any, stripe_url: str):
    _inject(stripe_url, {"kind": "error_after"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"naem": "Ann"})


def test_a_connection_dropped_before_leaves_no_trace(client: Any, stripe_url: str, stripe_sim: StripeSimulator):
    _inject(stripe_url, {"kind": "drop_before", "times": 1})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "Ann"}, {"idempotency_key": "k1"})
    assert _names(stripe_sim) == []


def test_a_connection_dropped_after_keeps_the_write_and_the_key_finds_it(
    client: Any, stripe_url: str, stripe_sim: StripeSimulator
):
    _inject(stripe_url, {"kind": "drop_after", "times": 1})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"name": "Ann"}, {"idempotency_key": "k1"})
    assert _names(stripe_sim) == ["Ann"]
    again = client.v1.customers.create({"name": "Ann"}, {"idempotency_key": "k1"})
    assert [row["id"] for row in stripe_sim.objects(ACCOUNT, "customers")] == [again.id]


def test_half_an_answer_breaks_off_in_the_middle_of_the_body(
    http: requests.Session, stripe_url: str, stripe_sim: StripeSimulator
):
    _inject(stripe_url, {"kind": "half_answer", "times": 1})
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        http.post(f"{stripe_url}/v1/customers", headers=BEARER, data={"name": "Ann"})
    assert _names(stripe_sim) == ["Ann"]


def test_a_throttle_is_the_providers_429(client: Any, stripe_url: str, stripe_sim: StripeSimulator):
    _inject(stripe_url, {"kind": "throttle", "times": 1})
    with pytest.raises(stripe.RateLimitError) as caught:
        client.v1.customers.create({"name": "Ann"})
    assert dict(caught.value.headers or {})["stripe-rate-limited-reason"] == "global-rate"
    assert _names(stripe_sim) == []


def test_a_refusal_is_the_providers_400_and_its_body_can_be_chosen(client: Any, stripe_url: str):
    chosen = {"error": {"type": "invalid_request_error", "code": "email_invalid", "message": "No.", "param": "email"}}
    _inject(stripe_url, {"kind": "refuse", "times": 1, "body": chosen}, {"kind": "refuse"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create({"name": "Ann"})
    assert (caught.value.code, caught.value.param) == ("email_invalid", "email")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create({"name": "Ann"})
    assert caught.value.http_status == 400


def test_a_conflict_names_the_key_in_use(client: Any, stripe_url: str):
    _inject(stripe_url, {"kind": "error_before", "status": 409})
    with pytest.raises(stripe.APIError) as caught:
        client.v1.customers.create({"name": "Ann"})
    refused: Any = caught.value.error
    assert (caught.value.http_status, refused.code) == (409, "idempotency_key_in_use")


def test_a_delay_comes_before_the_answer(client: Any, stripe_url: str):
    _inject(stripe_url, {"kind": "delay", "seconds": 0.2, "times": 1})
    started = time.monotonic()
    client.v1.customers.create({"name": "Ann"})
    assert time.monotonic() - started >= 0.2


def test_a_late_answer_comes_long_after_the_write(http: requests.Session, stripe_url: str, stripe_sim: StripeSimulator):
    _inject(stripe_url, {"kind": "late_answer", "seconds": 5, "times": 1})
    with pytest.raises(requests.Timeout):
        http.post(f"{stripe_url}/v1/customers", headers=BEARER, data={"name": "Ann"}, timeout=0.2)
    assert _names(stripe_sim) == ["Ann"]


def test_whoever_calls_under_another_name_has_peace_and_what_happened_is_counted_over_all_faults(
    http: requests.Session, stripe_url: str
):
    for _ in range(2):
        _inject(stripe_url, {"kind": "throttle", "source": "venue-sync/"})
        ours = http.get(f"{stripe_url}/v1/customers", headers=BEARER | {"X-Request-Source": "venue-sync/1 run"})
        others = http.get(f"{stripe_url}/v1/customers", headers=BEARER)
        assert (ours.status_code, others.status_code) == (429, 200)
    assert http.get(f"{stripe_url}/_sim/faults").json()["fired"] == {"throttle": 2}
    http.delete(f"{stripe_url}/_sim/faults")
    assert http.get(f"{stripe_url}/_sim/faults").json()["fired"] == {"throttle": 2}


def test_a_fault_finds_its_record_in_the_body_as_meant_and_lets_neighbours_pass(
    client: Any, stripe_url: str, stripe_sim: StripeSimulator
):
    _inject(stripe_url, {"kind": "refuse", "body_contains": "ann+1@example.com"})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"name": "Ann", "email": "ann+1@example.com"})
    client.v1.customers.create({"name": "Bea", "email": "bea@example.com"})
    assert _names(stripe_sim) == ["Bea"]


def test_faults_can_be_lifted(client: Any, stripe_url: str, http: requests.Session):
    _inject(stripe_url, {"kind": "error_before"})
    http.delete(f"{stripe_url}/_sim/faults")
    assert client.v1.customers.create({"name": "Ann"}).name == "Ann"


@pytest.mark.parametrize(
    ("fault", "request_", "account", "expected"),
    [
        (Fault("throttle", method="post"), _request(), "a", True),
        (Fault("throttle", method="GET"), _request(), "a", False),
        (Fault("throttle", path="/v1/customers*"), _request("/v1/customers/cus_1"), "a", True),
        (Fault("throttle", path="/v1/customers"), _request("/v1/customers/cus_1"), "a", False),
        (Fault("throttle", account="a"), _request(), "a", True),
        (Fault("throttle", account="a"), _request(), None, False),
        (Fault("throttle", times=0), _request(), "a", False),
        (Fault("throttle", body_contains="Zoë"), _request(body=b"name=Zo%C3%AB"), "a", True),
        (Fault("throttle", body_contains='"Zoë"'), _request(body='{"name":"Zoë"}'.encode()), "a", True),
        (Fault("throttle", body_contains="Zoe"), _request(body=b"name=Bea"), "a", False),
    ],
)
def test_a_fault_befalls_only_what_it_describes(fault: Fault, request_: Request, account: str | None, expected: Any):
    assert fault.matches(request_, account) is expected


def test_chance_is_repeatable_by_its_seed():
    def happened(seed: int):
        faults = Faults()
        faults.configure([Fault("throttle", probability=0.3)], seed=seed)
        return [faults.plan(_request(), "a").fault is not None for _ in range(200)]

    assert happened(1) == happened(1)
    assert happened(1) != happened(2)
    assert 30 < sum(happened(1)) < 90


def test_delays_add_up_and_the_first_other_fault_decides():
    faults = Faults()
    rows = [
        {"kind": "delay", "seconds": 1},
        {"kind": "delay", "seconds": 2},
        {"kind": "throttle", "times": 1},
        {"kind": "refuse"},
    ]
    faults.configure([fault_from(row) for row in rows], seed=0)
    plans = [faults.plan(_request(), "a") for _ in range(2)]
    assert [(plan.delay, plan.fault.kind if plan.fault else None) for plan in plans] == [(3, "throttle"), (3, "refuse")]


def test_an_edit_happens_right_before_the_request_that_it_waits_for(
    client: Any, stripe_url: str, stripe_sim: StripeSimulator
):
    row = {"name": "Somebody else's"}
    _inject(stripe_url, {"kind": "edit", "method": "POST", "times": 1, "collection": "customers", "rows": [row]})
    client.v1.customers.create({"name": "Ann"})
    client.v1.customers.create({"name": "Bob"})
    assert _names(stripe_sim) == ["Somebody else's", "Ann", "Bob"]


def test_an_edit_names_what_it_edits():
    with pytest.raises(ValueError, match="collection"):
        fault_from({"kind": "edit", "rows": []})
