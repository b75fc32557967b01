"""The HTTP server in front of a simulator, and its control endpoints."""

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from sync_sims.server import running
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import UNLIMITED, Limits
from tests.sync_sims.conftest import ACCOUNT, BEARER, KEY, Ask

ROOT = Path(__file__).parents[2]


def test_a_stopped_server_no_longer_listens(http: requests.Session):
    with running(StripeSimulator()) as address:
        port = int(address.rsplit(":", 1)[1])
        assert http.get(f"{address}/_sim/calls").status_code == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_simulator_can_be_served_again_on_the_same_port_with_its_state(
    http: requests.Session, stripe_sim: StripeSimulator
):
    with running(stripe_sim) as address:
        port = int(address.rsplit(":", 1)[1])
        created = http.post(f"{address}/v1/customers", headers=BEARER, data={"name": "Ann"}).json()
    with running(stripe_sim, port=port) as address, requests.Session() as fresh:
        assert fresh.get(f"{address}/v1/customers/{created['id']}", headers=BEARER).json()["name"] == "Ann"


def test_a_taken_port_is_refused_before_anything_starts(stripe_url: str):
    port = int(stripe_url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"), running(StripeSimulator(), port=port):
        pass


def test_calls_are_counted_by_endpoint_template_and_account(http: requests.Session, stripe_url: str):
    http.put(f"{stripe_url}/_sim/accounts", json={"credential": "sk_test_two", "account_id": "acct_2", "name": "B"})
    other = {"Authorization": "Bearer sk_test_two"}
    created = http.post(f"{stripe_url}/v1/customers", headers=BEARER, data={"name": "Ann"}).json()
    http.post(f"{stripe_url}/v1/customers/{created['id']}", headers=BEARER, data={"name": "Bea"})
    named = BEARER | {"X-Request-Source": "venue-sync/1 run-1"}
    http.get(f"{stripe_url}/v1/customers/{created['id']}", headers=named)
    http.delete(f"{stripe_url}/v1/customers/{created['id']}", headers=BEARER)
    http.get(f"{stripe_url}/v1/events", headers=other)
    http.get(f"{stripe_url}/v1/events", headers={"Authorization": "Bearer sk_test_nobody"})

    assert http.get(f"{stripe_url}/_sim/calls", params={"account": ACCOUNT}).json() == {
        "total": 4,
        "writes": 3,
        "reads": 1,
        "by_endpoint": {
            "DELETE /v1/customers/{id}": 1,
            "GET /v1/customers/{id}": 1,
            "POST /v1/customers": 1,
            "POST /v1/customers/{id}": 1,
        },
        "by_status": {"200": 4},
        "by_source": {"": 3, "venue-sync/1 run-1": 1},
    }
    everyone = http.get(f"{stripe_url}/_sim/calls").json()
    assert everyone["total"] == 6
    assert everyone["by_endpoint"]["GET /v1/events"] == 2
    assert everyone["by_status"] == {"200": 5, "401": 1}
    http.delete(f"{stripe_url}/_sim/calls")
    assert http.get(f"{stripe_url}/_sim/calls").json()["total"] == 0


def test_control_requests_neither_count_nor_suffer_faults(http: requests.Session, stripe_url: str):
    http.post(f"{stripe_url}/_sim/faults", json={"faults": [{"kind": "error_before"}]})
    assert http.get(f"{stripe_url}/_sim/calls").json()["total"] == 0


def test_a_revoked_credential_is_refused_and_can_be_renewed(http: requests.Session, stripe_url: str):
    assert http.delete(f"{stripe_url}/_sim/accounts", json={"credential": KEY}).status_code == 200
    refused = http.get(f"{stripe_url}/v1/account", headers=BEARER)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "api_key_expired")
    http.put(f"{stripe_url}/_sim/accounts", json={"credential": KEY, "account_id": ACCOUNT, "name": "Blue Note"})
    assert http.get(f"{stripe_url}/v1/account", headers=BEARER).json()["id"] == ACCOUNT


def test_judges_see_everything_an_account_holds_deleted_objects_included(http: requests.Session, stripe_url: str):
    seeded = http.post(
        f"{stripe_url}/_sim/accounts/{ACCOUNT}/seed/customers", json={"rows": [{"name": "Ann"}, {"name": "Bea"}]}
    ).json()["objects"]
    http.delete(f"{stripe_url}/v1/customers/{seeded[0]['id']}", headers=BEARER)
    held = http.get(f"{stripe_url}/_sim/accounts/{ACCOUNT}/objects/customers").json()["objects"]
    assert [(row["name"], row.get("deleted", False)) for row in held] == [("Ann", True), ("Bea", False)]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_sim/nothing", None, 404),
        ("GET", "/_sim/accounts/acct_x/objects/customers", None, 404),
        ("GET", f"/_sim/accounts/{ACCOUNT}/objects/spoons", None, 404),
        ("POST", f"/_sim/accounts/{ACCOUNT}/seed/spoons", {"rows": [{}]}, 404),
        ("POST", f"/_sim/accounts/{ACCOUNT}/seed/customers", {"rows": [{"nmae": "x"}]}, 400),
        ("POST", f"/_sim/accounts/{ACCOUNT}/paint/customers", {"rows": []}, 404),
        ("POST", "/_sim/faults", {"faults": [{"kind": "meteor"}]}, 400),
        ("POST", "/_sim/faults", {"faults": [{"kind": "delay", "second": 1}]}, 400),
        ("PUT", "/_sim/limits", {"per_minute": 1}, 400),
        ("PUT", "/_sim/limits", [1], 400),
    ],
)
def test_a_control_request_that_makes_no_sense_is_refused_with_a_reason(
    ask: Ask, method: str, path: str, body: Any, status: int
):
    answer = ask(method, path, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_reset_forgets_state_counts_faults_and_limits(http: requests.Session, stripe_url: str):
    http.post(f"{stripe_url}/v1/customers", headers=BEARER, data={"name": "Ann"})
    http.post(f"{stripe_url}/_sim/faults", json={"faults": [{"kind": "error_before"}]})
    http.put(f"{stripe_url}/_sim/limits", json={"per_second": 1})
    http.post(f"{stripe_url}/_sim/reset")
    assert http.get(f"{stripe_url}/_sim/calls").json()["total"] == 0
    assert http.get(f"{stripe_url}/_sim/faults").json() == {"faults": [], "fired": {}}
    assert http.get(f"{stripe_url}/_sim/limits").json()["per_second"] is None
    assert http.get(f"{stripe_url}/v1/account", headers=BEARER).status_code == 401


def test_limits_answer_with_the_providers_own_429(http: requests.Session):
    simulator = StripeSimulator(limits=Limits(per_second=3))
    simulator.register(KEY, account_id=ACCOUNT, name="Blue Note")
    with running(simulator) as address:
        answers = [http.get(f"{address}/v1/account", headers=BEARER) for _ in range(8)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[:3] == [200, 200, 200]
        assert 429 in statuses
        limited = answers[statuses.index(429)]
        assert limited.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
        assert limited.json()["error"]["code"] == "rate_limit"
        http.put(f"{address}/_sim/limits", json={"per_second": None, "per_endpoint_per_second": 1})
        statuses = [http.get(f"{address}/v1/{name}", headers=BEARER).status_code for name in ("events", "prices")]
        assert statuses == [200, 200]
        again = http.get(f"{address}/v1/events", headers=BEARER)
        assert (again.status_code, again.headers["Stripe-Rate-Limited-Reason"]) == (429, "endpoint-rate")
        http.put(f"{address}/_sim/limits", json={"per_second": None, "per_endpoint_per_second": None})
        assert {http.get(f"{address}/v1/events", headers=BEARER).status_code for _ in range(40)} == {200}


def test_a_delayed_request_does_not_hold_up_others(stripe_url: str):
    delay = {"faults": [{"kind": "delay", "seconds": 0.6, "path": "/v1/events"}]}
    with requests.Session() as session:
        session.post(f"{stripe_url}/_sim/faults", json=delay)
    took: list[float] = []

    def slow() -> None:
        started = time.monotonic()
        with requests.Session() as session:
            session.get(f"{stripe_url}/v1/events", headers=BEARER)
        took.append(time.monotonic() - started)

    thread = threading.Thread(target=slow)
    thread.start()
    started = time.monotonic()
    with requests.Session() as session:
        assert session.get(f"{stripe_url}/v1/account", headers=BEARER).status_code == 200
    quick = time.monotonic() - started
    thread.join()
    assert quick < 0.5
    assert took[0] >= 0.6


def test_a_body_larger_than_one_network_packet_arrives_whole(http: requests.Session, stripe_url: str):
    rows = [{"name": f"Guest {number}", "description": "x" * 200} for number in range(2000)]
    answer = http.post(f"{stripe_url}/_sim/accounts/{ACCOUNT}/seed/customers", json={"rows": rows})
    assert len(answer.json()["objects"]) == 2000


_TWO_SIMULATORS = """
import sys
from sync_sims.server import serve
from sync_sims.stripe import StripeSimulator

one, two = StripeSimulator(), StripeSimulator()
one.register("sk_test_one", account_id="acct_1", name="One")
two.register("sk_test_two", account_id="acct_2", name="Two")
serve({"one": (one, int(sys.argv[1])), "two": (two, int(sys.argv[2]))})
"""


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def _wait_for(session: requests.Session, address: str) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            session.get(f"{address}/_sim/calls", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"Nothing listens on {address}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_several_simulators_share_one_process_and_stop_cleanly_on_a_signal(
    http: requests.Session, number: signal.Signals
):
    ports = _free_ports(2)
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _TWO_SIMULATORS, *map(str, ports)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for port, key, account in zip(ports, ("sk_test_one", "sk_test_two"), ("acct_1", "acct_2"), strict=True):
            address = f"http://127.0.0.1:{port}"
            _wait_for(http, address)
            answer = http.get(f"{address}/v1/account", headers={"Authorization": f"Bearer {key}"})
            assert answer.json()["id"] == account
        process.send_signal(number)
        _, errors = process.communicate(timeout=15)
    assert (process.returncode, errors) == (0, "")


def test_no_request_is_logged(ask: Ask, caplog: pytest.LogCaptureFixture):
    with caplog.at_level("DEBUG"):
        assert ask("GET", "/v1/customers").status_code == 200
    assert [record for record in caplog.records if record.name.startswith("uvicorn.access")] == []


def test_unlimited_means_no_limit():
    assert Limits(per_second=None, per_endpoint_per_second=None) == UNLIMITED
