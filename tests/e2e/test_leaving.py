"""SIGTERM while there is work: whatever the API answered "accepted" to is kept, whatever a drain had in hand is settled."""

import itertools
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import orjson
import pytest
import requests
import sqlalchemy as sa

from benchmarks.crowd import Account, open_account
from benchmarks.doors import Doors, opened, until
from benchmarks.webhook_latency import astray, engine_for
from sync_api.signing import sign
from sync_core.clock import SystemClock
from sync_core.settings import read_settings
from sync_core.store import connections, queue
from sync_core.store.queue import Asked
from sync_sims.messages import JSON, Message, signed
from tests.e2e.visitor import V1, Visitor

INTERRUPTED = 130
HALL = "lantern-hall"


@pytest.fixture(scope="module")
def doors(shared_database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """Simulated providers; API and drain are each test's own."""
    url = shared_database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with opened(tmp_path_factory.mktemp("doors"), url) as doors:
        doors.environ["VENUE_SYNC_API_PER_MINUTE"] = "1000000"
        doors.venue(HALL)
        yield doors


@dataclass(slots=True)
class Crush:
    """Many who ask at the same time until nobody opens: what was accepted, and answers that were neither yes nor silence."""

    doors: Doors
    token: str = field(repr=False)
    webhooks: list[str] = field(default_factory=list[str])
    keys: list[str] = field(default_factory=list[str])
    refusals: list[str] = field(default_factory=list[str])
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def send_webhooks(self) -> None:
        """Signed events of nobody's account, one after the other."""
        with requests.Session() as session:
            for number in self.numbers:
                event = {
                    "id": f"evt_{number}",
                    "object": "event",
                    "type": "customer.updated",
                    "account": "acct_of_nobody",
                }
                body = orjson.dumps({**event, "data": {"object": {"id": "cus_1", "object": "customer"}}})
                url, secret = f"{self.doors.address}/webhooks/stripe", self.doors.environ["STRIPE_WEBHOOK_SECRET"]
                headers = signed("stripe", Message(body, JSON), secret=secret, url=url, now=time.time())
                if not self._accepted(session, url, self.webhooks, event["id"], data=body, headers=headers):
                    return

    def make_keys(self) -> None:
        """API keys, which are there or are not."""
        with requests.Session() as session:
            for number in self.numbers:
                name = f"key {number}"
                body = {"venueId": HALL, "name": name, "scopes": ["syncs:read"]}
                headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": secrets.token_hex(8)}
                url = f"{self.doors.address}{V1}/api-keys"
                if not self._accepted(session, url, self.keys, name, json=body, headers=headers):
                    return

    def _accepted(self, session: requests.Session, url: str, into: list[str], name: str, **how: object) -> bool:
        try:
            answer = session.post(url, timeout=60, **how)  # type: ignore[arg-type]
        except requests.ConnectionError:
            return False
        into.append(name) if answer.ok else self.refusals.append(answer.text)
        return True


def test_an_api_that_is_told_to_end_keeps_all_that_it_accepted_and_finishes_what_was_asked(doors: Doors) -> None:
    settings = read_settings(doors.environ)
    with doors.api() as api:
        now, lasting = SystemClock().now(), timedelta(hours=1)
        token = sign(settings, subject="ana", role="venue_admin", venues=[HALL], now=now, lasting=lasting)
        ana, crush = Visitor(doors, token), Crush(doors, token)
        account = open_account(doors.bases["stripe"], "stripe", HALL)
        doors.sim("stripe", "POST", "faults", faults=[{"kind": "delay", "seconds": 1.5, "path": "/v1/account"}])
        answers: list[requests.Response] = []

        def connect() -> None:
            body = {"venueId": HALL, "credentials": account.credential, "environment": "production"}
            answers.append(ana.ask("POST", "/connect/stripe", **body))

        people = [threading.Thread(target=crush.send_webhooks) for _ in range(6)]
        people += [threading.Thread(target=crush.make_keys) for _ in range(2)]
        with ana.watching(HALL) as watch:
            for thread in people:
                thread.start()
            until(lambda: len(crush.webhooks) > 150 and len(crush.keys) > 10, api)
            slow = threading.Thread(target=connect)
            slow.start()
            until(lambda: "GET /v1/account" in doors.sim("stripe", "GET", "calls")["by_endpoint"], api)
            api.send_signal(signal.SIGTERM)
            code = api.wait(40)
        for thread in (*people, slow, watch.thread):
            thread.join(40)
    doors.sim("stripe", "DELETE", "faults")

    assert code == INTERRUPTED
    assert crush.refusals == []
    kept = {row[0] for row in doors.sql("SELECT event_id FROM sync.webhook_events WHERE account_id = 'acct_of_nobody'")}
    assert set(crush.webhooks) - kept == set()
    assert set(crush.keys) - {row[0] for row in doors.sql("SELECT name FROM sync.api_keys")} == set()
    assert [answer.status_code for answer in answers] == [200]
    assert doors.sql("SELECT status FROM sync.connections WHERE venue_id = :v", v=HALL) == [("connected",)]
    assert doors.sql("SELECT count(*) FROM sync.credentials") == [(1,)]


def test_a_drain_that_is_told_to_end_settles_what_it_has_in_hand_and_leaves_the_rest_to_the_next(doors: Doors) -> None:
    venue, engine = doors.venue("blue-note"), engine_for(doors)
    account = open_account(doors.bases["stripe"], "stripe", venue)
    engine.connect(venue, "stripe", account.credential, environment="production")
    with doors.at_work() as (_, drain):
        account.invite(6)
        until(lambda: astray(doors, [account]) == [], drain)
        before = len(states(doors, account))
        slow = [("GET", "/v1/customers/*"), ("POST", "/v1/products")]
        faults = [{"kind": "delay", "seconds": 1.0, "method": method, "path": path} for method, path in slow]
        doors.sim("stripe", "POST", "faults", faults=faults)
        doors.sim("stripe", "DELETE", "calls")
        ask_for_products(doors, venue)
        for person in account.people:
            account.rename(person, f"Early{person.name}")
        until(lambda: {"GET /v1/customers/{id}", "POST /v1/products"} <= called(doors), drain)
        drain.send_signal(signal.SIGTERM)
        code = drain.wait(40)
        doors.sim("stripe", "DELETE", "faults")
        settled = states(doors, account)
        for person in account.people:
            account.rename(person, f"Late{person.name}")
        until(lambda: len(states(doors, account)) == before + 2 * len(account.people))

        assert code == 0
        assert settled[:before] == ["applied"] * before
        assert "applied" in settled[before:]
        assert doors.sql("SELECT status FROM sync.work") in ([("succeeded",)], [("queued",)])
        with doors.drain() as after:
            until(lambda: set(states(doors, account)) == {"applied"}, after)
            until(lambda: doors.sql("SELECT status, attempts FROM sync.work") == [("succeeded", 1)], after)
    assert len(doors.sim("stripe", "GET", f"accounts/{account.id}/objects/products")["objects"]) == 1
    assert astray(doors, [account]) == []
    assert doors.sql("SELECT max(attempts) FROM sync.webhook_events WHERE account_id = :a", a=account.id) == [(1,)]


def states(doors: Doors, account: Account) -> list[str]:
    """How the events of an account stand, the oldest first."""
    query = "SELECT status FROM sync.webhook_events WHERE account_id = :a AND type LIKE 'customer.%' ORDER BY id"
    return [row[0] for row in doors.sql(query, a=account.id)]


def called(doors: Doors) -> set[str]:
    """Which of Stripe's endpoints were called."""
    return set(doors.sim("stripe", "GET", "calls")["by_endpoint"])


def ask_for_products(doors: Doors, venue: str) -> None:
    """Somebody asks for a sync of a product that Stripe has not yet."""
    row = "INSERT INTO venue.products (venue_id, id, kind, name, price_minor, currency) VALUES (:v, 'p1', 'ticket', 'Seat', 900, 'USD')"
    doors.sql(row, v=venue)
    with doors.database.begin() as conn:
        connection = connections.find(conn, venue, "stripe")
        assert connection is not None
        queue.enqueue(conn, Asked(connection.id, "products", "incremental", "high", "ana"))
