"""The outside of the clients under test: a simulator of the provider with one account, arranged over HTTP."""

import io
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter

from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.providers.protocol import Batch, Json, Operation, Outcome, Page, Provider, Remote, Sought, Write
from sync_core.spec.provider import ProviderSpec, RateSpec
from sync_sims.server import running
from sync_sims.wire import Simulator
from tests.fakes import FakeClock

ACCOUNT = "acct_venue7"


class Answering(HTTPAdapter):
    """A provider that says the same to everything, to be mounted on a session."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = orjson.dumps(body)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Answer 200 with the body."""
        response = requests.Response()
        response.status_code = 200
        response.raw = io.BytesIO(self.body)
        response.url = request.url
        return response


@dataclass(frozen=True)
class Outside:
    """The provider's side of a test."""

    base: str
    clock: FakeClock
    calls: CallLog

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.base}/_sim/{path}", data=orjson.dumps(body), timeout=5)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def register(self, credential: str) -> None:
        """Let a credential act for the account."""
        self._control("PUT", "accounts", {"credential": credential, "account_id": ACCOUNT, "name": "Hall 7"})

    def revoke(self, credential: str) -> None:
        """Make a credential worthless."""
        self._control("DELETE", "accounts", {"credential": credential})

    def seed(self, collection: str, *rows: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Make things happen at the provider without us."""
        return self._control("POST", f"accounts/{ACCOUNT}/seed/{collection}", {"rows": rows})["objects"]

    def objects(self, collection: str) -> list[dict[str, Any]]:
        """What the provider holds, deleted objects included."""
        return self._control("GET", f"accounts/{ACCOUNT}/objects/{collection}")["objects"]

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Let things go wrong from now on; none: nothing."""
        self._control("POST", "faults", {"faults": faults})

    def counted(self) -> dict[str, int]:
        """Requests on the wire so far, by endpoint template."""
        return {endpoint: count.calls for endpoint, count in self.calls.snapshot().by_endpoint.items()}


@contextmanager
def account_at(
    simulator: Simulator, *, clock: FakeClock, credential: str
) -> Iterator[tuple[Outside, requests.Session]]:
    """Serve a simulator and open a session for one account at it."""
    calls = CallLog()
    policy = CallPolicy(
        provider=simulator.name,
        connection=f"hall-7/{simulator.name}",
        rate=RateSpec(per_second=100_000),
        concurrency=4,
        timeout=5,
    )
    with running(simulator) as base:
        outside = Outside(base=base, clock=clock, calls=calls)
        outside.register(credential)
        session = open_session(policy, clock=clock, rng=random.Random(7), calls=calls, correlation="test")

        def date_of_the_test(response: requests.Response, **_: Any) -> None:
            # The server stamps its answers with the machine's time, but the simulator lives in the test's.
            response.headers["Date"] = format_datetime(clock.now(), usegmt=True)

        session.hooks["response"].append(date_of_the_test)
        try:
            yield outside, session
        finally:
            session.close()


def spec_of(provider: str, *, version: str, on_delete: str = "ignore", entities: Sequence[str]) -> ProviderSpec:
    """A declaration that says no more than the client asks of it."""
    return ProviderSpec.model_validate(
        {
            "provider": provider,
            "title": provider.title(),
            "client": f"sync_core.providers.{provider}:connect",
            "api": {"base": "https://example.com", "base_env": "BASE", "version": version, "timeout_seconds": 5},
            "auth": {"fields": ["api_key"], "help": "In the dashboard."},
            "limits": {"production": {"per_second": 100}, "sandbox": {"per_second": 25}, "idempotency_hours": 24},
            "entities": {
                name: {
                    "kind": "products",
                    "model": "products",
                    "direction": "both",
                    "description": name,
                    "on_delete": on_delete if name == "products" else "delete",
                }
                for name in entities
            },
        }
    )


def read_all(
    provider: Provider, entity: str, cursor: Mapping[str, Json] | None
) -> tuple[list[Remote], Mapping[str, Json]]:
    """All records of a reading and the cursor after it; each cursor must survive JSON."""
    pages: list[Page] = list(provider.read(entity, cursor=cursor))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    for page in pages:
        assert orjson.loads(orjson.dumps(page.cursor)) == page.cursor
    return [remote for page in pages for remote in page.records], pages[-1].cursor


def write_one(provider: Provider, entity: str, write: Write) -> Outcome:
    """Write one record in a batch of its own."""
    return write_many(provider, entity, write.operation, [write])[0]


def write_many(provider: Provider, entity: str, operation: Operation, writes: Sequence[Write]) -> list[Outcome]:
    """Write one batch and check that its outcomes come in order."""
    outcomes = provider.write(entity, Batch(key=f"batch:{writes[0].key}", operation=operation, writes=writes))
    assert [one.local_id for one in outcomes] == [write.local_id for write in writes]
    return outcomes


def done(outcome: Outcome) -> Remote:
    """The record of an outcome that must have succeeded."""
    assert outcome.remote is not None, outcome.refused_reason
    return outcome.remote


def overtaken(outcome: Outcome) -> Remote:
    """The object as it is now, of an outcome that somebody's change was faster than."""
    assert outcome.remote is None
    assert outcome.refused_code is None
    assert outcome.overtaken is not None
    return outcome.overtaken


def sought_of(write: Write, clock: FakeClock) -> Sought:
    """A write in doubt, made just now."""
    return Sought(local_id=write.local_id, fields=write.fields, written_after=clock.now())
