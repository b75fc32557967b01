"""The process: it serves the address it says, lets requests end that are under way when it is told to stop, and stops."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from sync_defs.ports import free_port
from tests.sync_api.desk import V1

KEY = "sk_test_the_key_of_blue_note"


@pytest.fixture
def process(
    database_url: str, providers: Mapping[str, str], tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """`venue-sync api` with a simulated Stripe behind it, its address, and an administrator's token."""
    environ = os.environ | {
        "DATABASE_URL": database_url,
        "VENUE_SYNC_HOME": str(tmp_path),
        "STRIPE_API_BASE": providers["stripe"],
    }
    venue_sync = [sys.executable, "-m", "sync_defs"]
    token = subprocess.run(
        [*venue_sync, "token", "--role", "admin"], env=environ, capture_output=True, text=True, timeout=60, check=True
    ).stdout.strip()
    port = free_port(3907)
    command = [*venue_sync, "api", "--port", str(port)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(address, process)
            yield process, address, token
        finally:
            process.kill()


def _wait_for(address: str, process: subprocess.Popen[str]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        try:
            requests.get(f"{address}/health/ready", timeout=5).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("The API did not come up.")


def test_a_process_that_is_told_to_stop_answers_what_is_under_way_and_lets_watchers_go(
    process: tuple[subprocess.Popen[str], str, str], providers: Mapping[str, str]
) -> None:
    served, address, token = process
    stripe = providers["stripe"]
    requests.post(f"{stripe}/_sim/reset", timeout=10)
    account = {"credential": KEY, "account_id": "acct_1", "name": "Blue Note"}
    requests.put(f"{stripe}/_sim/accounts", json=account, timeout=10)
    slow = {"seed": 1, "faults": [{"kind": "delay", "seconds": 1.5}]}
    requests.post(f"{stripe}/_sim/faults", json=slow, timeout=10).raise_for_status()
    headers = {"Authorization": f"Bearer {token}"}
    answers: list[requests.Response] = []

    def ask() -> None:
        body = {"apiKey": KEY, "environment": "production"}
        answers.append(requests.post(f"{address}{V1}/stripe/api-key", json=body, headers=headers, timeout=20))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.7)
    assert answers == []
    served.send_signal(signal.SIGTERM)
    asking.join()

    assert answers[0].json()["data"]["valid"] is True
    assert served.wait(20) == 130
    said = served.stdout.read() if served.stdout else ""
    assert f"The API listens on {address}" in said
    assert KEY not in said
    assert token not in said
