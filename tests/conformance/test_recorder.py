"""The recording simulator takes down what crossed the wire, faults included, and changes nothing of it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sync_sims.server import running
from sync_sims.square import SquareSimulator
from sync_sims.wire import UNLIMITED
from tests.conformance.recorder import RecordingSimulator

HEADERS = {"Authorization": "Bearer EAAAtoken", "Square-Version": "2026-09-16"}


@pytest.fixture
def recording() -> RecordingSimulator:
    return RecordingSimulator(SquareSimulator(limits=UNLIMITED))


@pytest.fixture
def base(recording: RecordingSimulator) -> Iterator[str]:
    with running(recording) as address:
        account = {"credential": "EAAAtoken", "account_id": "ML1", "name": "Hall"}
        requests.put(f"{address}/_sim/accounts", json=account, timeout=5).raise_for_status()
        yield address


def _seen(recording: RecordingSimulator) -> list[tuple[str, str, int | None]]:
    return [
        (one.request.method, one.request.path, None if one.response is None else one.response.status)
        for one in recording.exchanges
    ]


def _fault(base: str, **fault: Any) -> None:
    requests.post(f"{base}/_sim/faults", json={"faults": [fault]}, timeout=5).raise_for_status()


def test_a_request_and_its_answer_are_taken_down_as_they_were(recording: RecordingSimulator, base: str) -> None:
    answer = requests.post(f"{base}/v2/customers?a=1", data=b'{"given_name": "Ada"}', headers=HEADERS, timeout=5)
    (exchange,) = recording.exchanges
    assert (exchange.request.body, exchange.request.query) == (b'{"given_name": "Ada"}', (("a", "1"),))
    assert exchange.request.headers["square-version"] == "2026-09-16"
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.body) == (answer.status_code, answer.json())


def test_control_calls_are_no_exchanges(recording: RecordingSimulator, base: str) -> None:
    assert requests.get(f"{base}/_sim/calls", timeout=5).json()["total"] == 0
    assert recording.exchanges == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "throttle"}, 429),
        ({"kind": "error_before", "status": 503}, 503),
        ({"kind": "error_after", "status": 500}, 500),
        ({"kind": "refuse"}, 400),
    ],
)
def test_the_answer_of_a_fault_is_the_one_taken_down(
    recording: RecordingSimulator, base: str, fault: dict[str, Any], status: int
) -> None:
    _fault(base, **fault)
    assert requests.get(f"{base}/v2/locations", headers=HEADERS, timeout=5).status_code == status
    assert _seen(recording) == [("GET", "/v2/locations", status)]


def test_a_connection_dropped_before_the_answer_leaves_a_request_without_one(
    recording: RecordingSimulator, base: str
) -> None:
    _fault(base, kind="drop_before")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{base}/v2/locations", headers=HEADERS, timeout=5)
    assert _seen(recording) == [("GET", "/v2/locations", None)]


def test_a_person_speaking_is_told_from_the_client(recording: RecordingSimulator, base: str) -> None:
    with recording.person_speaking():
        requests.get(f"{base}/v2/locations", headers=HEADERS, timeout=5)
    requests.get(f"{base}/v2/locations", headers=HEADERS, timeout=5)
    assert [one.speaker for one in recording.exchanges] == ["person", "client"]
