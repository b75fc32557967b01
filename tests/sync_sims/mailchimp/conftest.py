"""A Mailchimp simulator on a real port with a clock the test moves, and the official SDK talking to it."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import mailchimp_marketing
import orjson
import pytest
import requests

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.server import running
from sync_sims.wire import Request, Response

ACCOUNT = "acct-apollo"
KEY = "0123456789abcdef0123456789abcdef-us19"
NOON = 1_790_000_000

Ask = Callable[..., Response]


class HandClock:
    """Unix seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now: float = NOON

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> HandClock:
    """The simulator's clock."""
    return HandClock()


@pytest.fixture
def simulator(clock: HandClock) -> MailchimpSimulator:
    """A simulator with one account."""
    simulator = MailchimpSimulator(clock=clock, chance=random.Random(7))
    simulator.register(KEY, account_id=ACCOUNT, name="Apollo Hall")
    return simulator


@pytest.fixture
def address(simulator: MailchimpSimulator) -> Iterator[str]:
    """The base address of the running simulator."""
    with running(simulator) as url:
        yield url


@pytest.fixture
def sdk(address: str) -> Any:
    """The official SDK, holding the account's key."""
    client = mailchimp_marketing.Client()
    client.set_config({"api_key": KEY, "server": "us19"})
    client.api_client.host = f"{address}/3.0"
    return client


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """A client without the SDK's comforts."""
    with requests.Session() as session:
        yield session


@pytest.fixture
def ask(simulator: MailchimpSimulator) -> Ask:
    """Send one request straight to the simulator's rules; `body` is JSON-able, or bytes sent as they are."""

    def ask(
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = KEY,
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> Response:
        payload = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return simulator.handle(
            Request(
                method=method,
                path=f"/3.0{path}",
                query=tuple(query.items()),
                headers={"authorization": f"Bearer {key}", **(headers or {})},
                body=payload,
            )
        )

    return ask


@pytest.fixture
def audience(ask: Ask) -> str:
    """The id of the list that the account begins with."""
    return ask("GET", "/lists").body["lists"][0]["id"]


@pytest.fixture
def store(ask: Ask, audience: str) -> str:
    """The id of a store with one product of two variants."""
    body = {"id": "hall", "list_id": audience, "name": "Apollo Hall", "currency_code": "USD"}
    assert ask("POST", "/ecommerce/stores", body).status == 200
    variants = [{"id": "adult", "title": "Adult", "price": 20}, {"id": "child", "title": "Child", "price": 9.5}]
    product = {"id": "stalls", "title": "Stalls", "variants": variants}
    assert ask("POST", "/ecommerce/stores/hall/products", product).status == 200
    return "hall"
