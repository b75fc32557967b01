"""The session against a real HTTP server on 127.0.0.1; time is faked, so no test waits."""

import http.server
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import requests

from sync_core import traces
from sync_core.clock import SystemClock
from sync_core.errors import TransientError
from sync_core.http.backoff import LOW, NORMAL, Patience
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.spec.provider import RateSpec
from tests.fakes import FakeClock
from tests.tracing import caught

NUMBERS = ("response.status_code", "request.resend_count")
STRANGERS_NEVER_HEAR = {"traceparent", "tracestate", "baggage", "b3"}
ONCE = replace(LOW, retries=0)
Answer = tuple[int, dict[str, str], bytes]


class Server(http.server.ThreadingHTTPServer):
    """Plays a list of answers; after the last one it repeats 200. A status of 0 drops the connection."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Answer] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.before_answer: Callable[[], None] = lambda: None
        self.connections = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what some tests are about."""

    def process_request(self, request: Any, client_address: Any):
        self.connections += 1
        super().process_request(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        status, headers, answer = self.server.script.pop(0) if self.server.script else (200, {}, b"{}")
        self.server.before_answer()
        if status == 0:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if int(headers.get("Content-Length", len(answer))) > len(answer):
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 - the library calls it so

    def log_message(self, format: str, *args: Any):  # noqa: A002 - the name is the library's
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def calls() -> CallLog:
    return CallLog()


def policy(**changes: Any) -> CallPolicy:
    settings: dict[str, Any] = {
        "provider": "stripe",
        "connection": "hall-7/stripe",
        "rate": RateSpec(per_second=1000),
        "concurrency": 4,
        "timeout": 5.0,
    }
    return CallPolicy(**(settings | changes))


@pytest.fixture
def session(clock: FakeClock, calls: CallLog) -> Iterator[requests.Session]:
    with closing(
        open_session(policy(), clock=clock, rng=random.Random(1), calls=calls, correlation="run-1")
    ) as session:
        yield session


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_read_that_fails_in_passing_is_repeated_until_it_succeeds(
    server: Server, session: requests.Session, clock: FakeClock, calls: CallLog, status: int
):
    server.script = [(status, {}, b"")] * 3
    assert session.get(f"{server.base}/v1/products/prod_A1").status_code == 200
    assert len(server.seen) == 4
    assert len(clock.slept) == 3
    counted = calls.snapshot().by_endpoint["GET /v1/products/{id}"]
    assert (counted.calls, counted.retries, counted.throttles) == (4, 3, 3 if status == 429 else 0)


def test_after_the_last_repeat_the_answer_is_handed_over_as_it_is(server: Server, session: requests.Session):
    server.script = [(503, {}, b"over")] * 6
    answer = session.get(f"{server.base}/x")
    assert (answer.status_code, answer.content) == (503, b"over")
    assert len(server.seen) == 6


@pytest.mark.parametrize(("patience", "attempts"), [(NORMAL, 4), (LOW, 3)])
def test_a_call_that_serves_nobody_s_records_is_repeated_less_often(
    server: Server, clock: FakeClock, calls: CallLog, patience: Patience, attempts: int
):
    server.script = [(503, {}, b"")] * 9
    with closing(
        open_session(policy(patience=patience), clock=clock, rng=random.Random(1), calls=calls, correlation="r")
    ) as session:
        assert session.get(f"{server.base}/x").status_code == 503
    assert len(server.seen) == attempts


def test_what_one_provider_s_own_row_of_the_table_says_is_what_is_done(
    server: Server, clock: FakeClock, calls: CallLog
):
    """Stripe's 424 is somebody else's failure (docs.stripe.com/api/errors); at another provider it is a refusal."""
    for declared, attempts in (("stripe", 3), ("square", 1)):
        server.seen.clear()
        server.script = [(424, {}, b"")] * 2
        rng = random.Random(1)
        with open_session(policy(declared=declared), clock=clock, rng=rng, calls=calls, correlation="run-1") as session:
            session.get(f"{server.base}/v1/products")
        assert len(server.seen) == attempts


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409])
def test_a_refusal_is_never_repeated(server: Server, session: requests.Session, status: int):
    server.script = [(status, {}, b"")]
    assert session.get(f"{server.base}/x").status_code == status
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [0, 429, 500])
def test_a_write_that_is_not_marked_is_never_repeated(server: Server, session: requests.Session, status: int):
    server.script = [(status, {}, b"")]
    try:
        assert session.post(f"{server.base}/x", data=b"a=1").status_code == status
    except TransientError:
        assert status == 0
    assert len(server.seen) == 1


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "k1"}, {"X-Repeat": "safe"}])
@pytest.mark.parametrize("status", [0, 429, 500])
def test_a_write_that_is_safe_to_repeat_is_repeated_with_the_same_bytes(
    server: Server, session: requests.Session, headers: dict[str, str], status: int
):
    server.script = [(status, {}, b"")]
    assert session.post(f"{server.base}/x", data=b"a=1", headers=headers).status_code == 200
    assert [seen[3] for seen in server.seen] == [b"a=1", b"a=1"]
    assert [seen[2].get("Idempotency-Key") for seen in server.seen] == [headers.get("Idempotency-Key")] * 2
    assert all("X-Repeat" not in seen[2] for seen in server.seen)


def test_a_key_that_is_still_being_worked_on_is_asked_again(server: Server, session: requests.Session):
    server.script = [(409, {}, b"")]
    assert session.post(f"{server.base}/x", headers={"Idempotency-Key": "k1"}).status_code == 200


def test_a_stored_failure_is_not_asked_for_again(server: Server, session: requests.Session):
    server.script = [(500, {}, b""), (500, {"Idempotent-Replayed": "true"}, b"")]
    answer = session.post(f"{server.base}/x", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 500
    assert len(server.seen) == 2


def test_the_provider_s_own_waiting_time_is_kept(server: Server, session: requests.Session, clock: FakeClock):
    server.script = [(429, {"Retry-After": "7"}, b""), (503, {"Retry-After": "Fri, 20 Nov 2026 12:00:17 GMT"}, b"")]
    session.get(f"{server.base}/x")
    assert 7 in clock.slept
    assert 9.9 < clock.slept[-1] <= 10
    assert clock.monotonic() >= 17


def test_a_waiting_time_beyond_our_patience_ends_the_attempts_at_once(
    server: Server, session: requests.Session, clock: FakeClock
):
    server.script = [(429, {"Retry-After": "3600"}, b"")]
    assert session.get(f"{server.base}/x").status_code == 429
    assert clock.slept == []


def test_a_provider_that_cannot_be_reached_is_named_without_the_query(server: Server, session: requests.Session):
    server.script = [(0, {}, b"")] * 6
    with pytest.raises(TransientError) as caught:
        session.get(f"{server.base}/v1/customers?email=jane@example.com")
    assert str(caught.value) == (
        "stripe did not answer GET /v1/customers for hall-7/stripe: the connection failed; "
        "the same call may succeed later."
    )
    assert caught.value.__cause__ is None


def test_an_answer_cut_short_is_repeated(server: Server, session: requests.Session):
    server.script = [(200, {"Content-Length": "100"}, b"half")]
    assert session.get(f"{server.base}/x").content == b"{}"
    assert len(server.seen) == 2


def test_after_five_failed_calls_no_more_are_made_for_a_minute(server: Server, clock: FakeClock, calls: CallLog):
    with closing(
        open_session(policy(patience=ONCE), clock=clock, rng=random.Random(1), calls=calls, correlation="r")
    ) as session:
        server.script = [(500, {}, b"")] * 5
        for _ in range(5):
            session.get(f"{server.base}/x")
        with pytest.raises(TransientError, match=r"stripe has failed repeatedly for hall-7/stripe.* in 60 s"):
            session.get(f"{server.base}/x")
        assert len(server.seen) == 5
        clock.advance(60)
        assert session.get(f"{server.base}/x").status_code == 200
        assert session.get(f"{server.base}/x").status_code == 200


def test_refusals_and_throttling_never_stop_the_calls(server: Server, clock: FakeClock, calls: CallLog):
    with closing(
        open_session(policy(patience=ONCE), clock=clock, rng=random.Random(1), calls=calls, correlation="r")
    ) as session:
        server.script = [(status, {}, b"") for status in (429, 400, 404, 429, 401, 402, 429, 429)]
        for _ in range(9):
            session.get(f"{server.base}/x")
        assert len(server.seen) == 9


def test_a_server_that_says_nothing_is_given_up_after_the_timeout(server: Server, calls: CallLog):
    waiting = threading.Event()

    def say_nothing() -> None:
        waiting.wait(5)

    server.before_answer = say_nothing
    began = time.monotonic()
    with (
        closing(
            open_session(
                policy(timeout=0.2, patience=ONCE),
                clock=SystemClock(),
                rng=random.Random(1),
                calls=calls,
                correlation="r",
            )
        ) as session,
        pytest.raises(TransientError, match=r"no answer within 0\.2 s"),
    ):
        session.get(f"{server.base}/x")
    waiting.set()
    assert time.monotonic() - began < 2


def test_no_more_calls_run_at_once_than_allowed_and_connections_are_kept(server: Server, calls: CallLog):
    lock = threading.Lock()
    running = [0, 0]

    def busy() -> None:
        with lock:
            running[0] += 1
            running[1] = max(running)
        time.sleep(0.02)
        with lock:
            running[0] -= 1

    server.before_answer = busy
    with closing(
        open_session(policy(concurrency=3), clock=SystemClock(), rng=random.Random(1), calls=calls, correlation="r")
    ) as session:
        threads = [threading.Thread(target=session.get, args=(f"{server.base}/x",)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert running[1] == 3
    assert server.connections <= 3


def test_every_call_says_on_whose_behalf_it_is_made(server: Server, session: requests.Session):
    session.get(f"{server.base}/x")
    assert server.seen[0][2]["X-Request-Source"].split(" ")[1] == "run-1"
    assert server.seen[0][2]["X-Request-Source"].startswith("venue-sync/")


def test_throttled_calls_slow_the_following_ones_down(server: Server, clock: FakeClock, calls: CallLog):
    with closing(
        open_session(
            policy(rate=RateSpec(per_second=20)), clock=clock, rng=random.Random(1), calls=calls, correlation="r"
        )
    ) as session:
        server.script = [(429, {"Retry-After": "0"}, b"")]
        for _ in range(10):
            session.get(f"{server.base}/x")
    assert clock.monotonic() > 0.9


def test_each_attempt_is_a_span_of_its_endpoint_and_the_provider_hears_nothing_of_our_trace(
    server: Server, session: requests.Session
):
    server.script = [(0, {}, b""), (503, {"Request-Id": "req_7"}, b"ada@example.com"), (200, {}, b"{}")]
    with caught() as spans, traces.span("push"):
        session.get(f"{server.base}/v1/customers/cus_A1?email=ada@example.com", headers={"Authorization": "sk_test_x"})

    calls = spans.named("GET /v1/customers/{id}")
    told = [tuple(one.attributes.get(f"http.{name}") for name in NUMBERS) for one in calls]
    assert told == [(None, None), (503, 1), (200, 2)]
    assert [(one.error, one.attributes.get("error.type")) for one in calls] == [
        (True, "connection_failed"),
        (True, "503"),
        (False, None),
    ]
    assert calls[1].attributes["venue_sync.provider_request"] == "req_7"
    assert {one.kind for one in calls} == {"CLIENT"}
    assert {one.parent for one in calls} == {spans.one("push").id}
    for word in ("ada", "cus_A1", "sk_test", "email"):
        assert word not in spans.said
    assert not [name for _, _, headers, _ in server.seen for name in headers if name.lower() in STRANGERS_NEVER_HEAR]
