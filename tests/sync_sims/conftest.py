"""A simulated Stripe behind real HTTP, and the official SDK as its client."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import stripe

from sync_sims.server import running
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import UNLIMITED

KEY = "sk_test_abc123abc123"
ACCOUNT = "acct_venue1"
BEARER = {"Authorization": f"Bearer {KEY}"}
NOON = 1_790_000_000

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
def hand_clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def stripe_sim(hand_clock: HandClock) -> StripeSimulator:
    simulator = StripeSimulator(limits=UNLIMITED, clock=hand_clock, chance=random.Random(7))
    simulator.register(KEY, account_id=ACCOUNT, name="Blue Note")
    return simulator


@pytest.fixture
def stripe_url(stripe_sim: StripeSimulator) -> Iterator[str]:
    with running(stripe_sim) as address:
        yield address


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def sdk(stripe_url: str) -> Iterator[Callable[..., stripe.StripeClient]]:
    """Makes SDK clients of the running simulator; their connections close with the test."""
    with requests.Session() as session:

        def client(key: str = KEY, **options: Any) -> stripe.StripeClient:
            return stripe.StripeClient(
                key,
                base_addresses={"api": stripe_url},
                max_network_retries=0,
                http_client=stripe.RequestsClient(session=session),
                **options,
            )

        yield client


@pytest.fixture
def client(sdk: Callable[..., stripe.StripeClient]) -> stripe.StripeClient:
    return sdk()


@pytest.fixture
def ask(http: requests.Session, stripe_url: str) -> Ask:
    """Sends a request as the venue does, without the SDK."""

    def send(method: str, path: str, **content: Any) -> requests.Response:
        return http.request(method, stripe_url + path, headers=BEARER, **content)

    return send
