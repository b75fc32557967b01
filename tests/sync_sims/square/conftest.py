"""A Square simulator on a real port with a clock the test moves, and the official SDK talking to it."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from square import Square

from sync_sims.server import running
from sync_sims.square import SquareSimulator
from sync_sims.wire import Request, Response

ACCOUNT = "MLEFBHHSJGVHD"
TOKEN = "EAAA-test-token"

Ask = Callable[..., Response]


class MovableClock:
    """Time that only moves when a test says so."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 7, 15, 19, 58, 9, 286000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **amount: float) -> None:
        self.moment += timedelta(**amount)


@pytest.fixture
def clock() -> MovableClock:
    """The simulator's clock."""
    return MovableClock()


@pytest.fixture
def simulator(clock: MovableClock) -> SquareSimulator:
    """A simulator with one seller."""
    simulator = SquareSimulator(now=clock, chance=random.Random(7))
    simulator.register(TOKEN, account_id=ACCOUNT, name="Apollo Hall")
    return simulator


@pytest.fixture
def address(simulator: SquareSimulator) -> Iterator[str]:
    """The base address of the running simulator."""
    with running(simulator) as url:
        yield url


@pytest.fixture
def square(address: str) -> Iterator[Square]:
    """The official SDK, holding the seller's token."""
    with httpx.Client(timeout=10) as http:
        yield Square(token=TOKEN, base_url=address, httpx_client=http)


@pytest.fixture
def ask(simulator: SquareSimulator) -> Ask:
    """Send one request straight to the simulator's rules; `body` is JSON-able, or bytes sent as they are."""

    def ask(
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = TOKEN,
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> Response:
        payload = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return simulator.handle(
            Request(
                method=method,
                path=path,
                query=tuple(query.items()),
                headers={"authorization": f"Bearer {token}", **(headers or {})},
                body=payload,
            )
        )

    return ask


@pytest.fixture
def variation(simulator: SquareSimulator) -> str:
    """The id of the only variation of an item in the catalog."""
    item = simulator.seed(
        ACCOUNT,
        "catalog",
        [{"item_data": {"name": "Stalls", "variations": [{"item_variation_data": {"name": "Adult"}}]}}],
    )[0]
    return item["item_data"]["variations"][0]["id"]


@pytest.fixture
def location(simulator: SquareSimulator, ask: Ask) -> str:
    """The id of the seller's location."""
    return ask("GET", "/v2/locations").body["locations"][0]["id"]
