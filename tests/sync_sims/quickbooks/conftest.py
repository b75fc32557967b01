"""A simulated QuickBooks behind real HTTP with a clock the test moves, and the official SDK as its client."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from quickbooks import QuickBooks

from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.server import running
from sync_sims.wire import UNLIMITED

REALM = "9341457021722202"
TOKEN = "eyJ-test-token"
BASE = f"/v3/company/{REALM}"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
# 2026-07-15 12:00:00 in California.
NOON = 1_784_142_000.25

Ask = Callable[..., requests.Response]


class HandClock:
    """Unix seconds that pass only when told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def simulator(clock: HandClock) -> QuickBooksSimulator:
    simulator = QuickBooksSimulator(limits=UNLIMITED, clock=clock, chance=random.Random(7))
    simulator.register(TOKEN, account_id=REALM, name="Apollo Hall")
    return simulator


@pytest.fixture
def address(simulator: QuickBooksSimulator) -> Iterator[str]:
    with running(simulator) as url:
        yield url


@pytest.fixture
def ask(address: str) -> Iterator[Ask]:
    """Sends a request as the venue does, without the SDK; `path` is below the company."""
    with requests.Session() as http:

        def send(method: str, path: str, **content: Any) -> requests.Response:
            headers = {**HEADERS, **content.pop("headers", {})}
            sent = {name: value for name, value in headers.items() if value is not None}
            return http.request(method, f"{address}{BASE}{path}", headers=sent, **content)

        http.headers["Accept"] = "*/*"
        yield send


@pytest.fixture
def sdk(address: str) -> Iterator[QuickBooks]:
    """The SDK, pointed at the simulator; its own OAuth session refuses to talk to anything but https."""

    class Local(QuickBooks):
        api_url_v3 = f"{address}/v3"

    class Session(requests.Session):
        access_token = TOKEN

    client: Any = Local(company_id=REALM, minorversion=75)
    with Session() as session:
        client.session = session
        yield client


@pytest.fixture
def seed(simulator: QuickBooksSimulator) -> Callable[..., dict[str, Any]]:
    """Makes one row happen in the company."""

    def one(collection: str, **row: Any) -> dict[str, Any]:
        return simulator.seed(REALM, collection, [row])[0]

    return one
