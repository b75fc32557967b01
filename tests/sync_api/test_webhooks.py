"""Webhooks from the first byte to the inbox: who is believed, what is kept, and when it is answered."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import requests
import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError

from sync_api.errors import Refused
from sync_api.inbox_writer import MOST_WAITING, InboxWriter
from sync_core.store import connections, inbox
from sync_core.store.inbox import Arrival
from sync_core.sync.engine import Engine
from sync_core.webhooks import Event
from sync_core.webhooks.addresses import open_address, set_secret
from tests.sync_api.desk import OTHER, OWN, Desk, desk_on
from tests.sync_core.webhooks.signing import signed

SECRETS = {"stripe": "whsec_one", "square": "square-key", "quickbooks": "verifier", "mailchimp": "mc-secret"}
SQUARE_URL = "https://sync.example/webhooks/square"
FORM = "application/x-www-form-urlencoded"
BODIES: dict[str, bytes] = {
    "stripe": orjson.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "type": "customer.updated",
            "account": "acct_1",
            "data": {"object": {"id": "cus_1", "object": "customer"}},
        }
    ),
    "square": b'{"merchant_id":"M1","type":"customer.updated","event_id":"e1","data":{"type":"customer","id":"C1"}}',
    "quickbooks": b'[{"id":"q1","type":"qbo.customer.updated.v1","intuitentityid":"7","intuitaccountid":"310"},'
    b'{"id":"q2","type":"qbo.moon.landed.v1","intuitentityid":"8","intuitaccountid":"311"}]',
    "mailchimp": b"type=profile&fired_at=2026-11-20+10%3A00%3A00&data[list_id]=l1&data[email]=a%40x.example",
}


@pytest.fixture(scope="module")
def served(loaded: Engine, shared_database: sa.Engine) -> Iterator[Desk]:
    """The API of an application that has webhooks with all four providers."""
    settings = replace(
        loaded.settings,
        webhook_secrets={name: ("the one before", secret) for name, secret in SECRETS.items()},
        square_webhook_url=SQUARE_URL,
    )
    with desk_on(replace(loaded, database=shared_database, settings=settings)) as desk:
        yield desk


@pytest.fixture
def desk(served: Desk) -> Desk:
    """The same with an empty inbox and no connection."""
    for table in ("webhook_events", "connections"):
        served.sql(f"DELETE FROM sync.{table}")
    return served


def send(
    desk: Desk,
    provider: str,
    body: bytes | None = None,
    *,
    path: str = "",
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> requests.Response:
    sent = BODIES[provider] if body is None else body
    kind = {"Content-Type": FORM if provider == "mailchimp" else "application/json"}
    given = (
        dict(headers)
        if headers is not None
        else signed(provider, sent, secret=SECRETS[provider], now=time.time(), url=SQUARE_URL)
    )
    return requests.post(
        f"{desk.address}/webhooks/{provider}{path}{query}", data=sent, headers=kind | given, timeout=10
    )


def kept(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.sql(
        "SELECT provider, address, type, account_id, object_id FROM sync.webhook_events ORDER BY provider, event_id"
    )


def test_what_each_provider_signs_is_kept_before_it_is_answered(desk: Desk) -> None:
    for provider in SECRETS:
        answer = send(desk, provider)
        assert (answer.status_code, answer.json()["success"]) == (200, True), answer.text

    assert [(line[0], line[2], line[3]) for line in kept(desk)] == [
        ("mailchimp", "profile", "l1"),
        ("quickbooks", "customer.updated", "310"),
        ("quickbooks", "moon.landed", "311"),
        ("square", "customer.updated", "M1"),
        ("stripe", "customer.updated", "acct_1"),
    ]
    assert send(desk, "stripe").json() == {"success": True, "received": 1}
    assert len(kept(desk)) == 5, "what comes again is dropped, and answered as if it had not"


def test_the_address_of_the_old_service_is_good_too(desk: Desk) -> None:
    body = BODIES["stripe"]
    answer = requests.post(
        f"{desk.address}/api/v1/integrations/webhooks/stripe",
        data=body,
        headers=signed("stripe", body, secret=SECRETS["stripe"], now=time.time()),
        timeout=10,
    )

    assert answer.status_code == 200
    assert len(kept(desk)) == 1


@pytest.mark.parametrize("provider", sorted(SECRETS))
def test_what_is_not_signed_well_is_turned_away_and_nothing_is_kept(desk: Desk, provider: str) -> None:
    body = BODIES[provider]
    good = signed(provider, body, secret=SECRETS[provider], now=time.time(), url=SQUARE_URL)
    for sent, headers in (
        (body + b" ", good),
        (body, signed(provider, body, secret="another", now=time.time(), url=SQUARE_URL)),
        (body, {}),
        (body, {name: "ü".encode("latin-1").decode("latin-1") for name in good}),
    ):
        answer = send(desk, provider, sent, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "WEBHOOK_SIGNATURE_INVALID")
        assert SECRETS[provider] not in answer.text
    assert kept(desk) == []


def test_mailchimp_is_believed_by_the_secret_in_its_address_and_answered_when_it_asks_whether_it_is_there(
    desk: Desk,
) -> None:
    assert send(desk, "mailchimp", query="?secret=mc-secret", headers={}).status_code == 200
    assert send(desk, "mailchimp", query="?secret=mc-secreT", headers={}).status_code == 401
    for path in ("mailchimp", "mailchimp/some-token"):
        assert requests.get(f"{desk.address}/webhooks/{path}", timeout=10).status_code == 200
    for path in ("stripe", "square/some-token"):
        assert requests.get(f"{desk.address}/webhooks/{path}", timeout=10).status_code == 405
    assert requests.get(f"{desk.address}/webhooks/paypal", timeout=10).status_code == 404
    assert requests.post(f"{desk.address}/webhooks/paypal", timeout=10).status_code == 404


def test_a_good_signature_on_what_cannot_be_read_is_a_bad_request(desk: Desk) -> None:
    answer = send(desk, "stripe", b"this is not json")

    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


def test_a_body_over_a_mebibyte_is_refused_whether_it_says_so_or_not(desk: Desk) -> None:
    body = b"x" * (1024 * 1024 + 1)
    assert send(desk, "stripe", body).status_code == 413

    def in_pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    answer = requests.post(f"{desk.address}/webhooks/stripe", data=in_pieces(), timeout=10)
    assert answer.status_code == 413
    assert send(desk, "stripe").status_code == 200


def test_a_body_that_is_shorter_than_promised_is_not_taken(desk: Desk) -> None:
    body = BODIES["stripe"]
    (header,) = signed("stripe", body, secret=SECRETS["stripe"], now=time.time()).items()
    place = urlsplit(desk.address)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=5) as raw:
        head = (
            f"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\n{header[0]}: {header[1]}\r\nContent-Length: {len(body) + 5}"
        )
        raw.sendall(head.encode() + b"\r\n\r\n" + body)
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(5)
        assert b"200 OK" not in raw.recv(1000)
    assert kept(desk) == []


def _own_address(desk: Desk, venue: str, provider: str, secret: str | None) -> str:
    """The path of a fresh address of the venue's own."""
    with desk.engine.database.begin() as conn:
        connection = connections.find(conn, venue, provider)
        assert connection is not None
        url = open_address(conn, desk.engine.vault, connection, base="https://sync.example")
        if secret is not None:
            set_secret(conn, desk.engine.vault, connection, secret=secret)
    return url.removeprefix(f"https://sync.example/webhooks/{provider}")


def test_a_connections_own_address_is_that_connections_alone(desk: Desk) -> None:
    """The secret of a venue proves what is said of that venue, whatever account the body names."""
    number = desk.connect(OWN, "stripe")
    path = _own_address(desk, OWN, "stripe", "whsec_own")
    body = BODIES["stripe"].replace(b"acct_1", b"acct_of_another")
    own = signed("stripe", body, secret="whsec_own", now=time.time())

    assert send(desk, "stripe", body, path=path, headers=own).status_code == 200
    assert kept(desk) == [("stripe", f"connection/{number}", "customer.updated", "acct_of_another", "cus_1")]
    assert send(desk, "stripe", body, headers=own).status_code == 401, (
        "a venue's secret is nothing at the application's address"
    )
    assert send(desk, "stripe", body, path=path).status_code == 401, "nor the application's at the venue's"
    assert send(desk, "stripe", body, path="/another-token", headers=own).status_code == 401
    assert send(desk, "square", body, path=path, headers=own).status_code == 401

    _own_address(desk, OWN, "stripe", "whsec_own")
    assert send(desk, "stripe", body, path=path, headers=own).status_code == 401, "a new address ends the one before"


def test_during_a_roll_both_secrets_of_an_address_are_good_and_after_a_disconnection_none(desk: Desk) -> None:
    desk.connect(OWN, "stripe")
    path = _own_address(desk, OWN, "stripe", "whsec_old")
    body = BODIES["stripe"]
    with desk.engine.database.begin() as conn:
        connection = connections.find(conn, OWN, "stripe")
        assert connection is not None
        set_secret(conn, desk.engine.vault, connection, secret="whsec_new")
    for secret in ("whsec_old", "whsec_new"):
        assert send(desk, "stripe", path=path, headers=signed("stripe", body, secret=secret, now=time.time())).ok

    with desk.engine.database.begin() as conn:
        desk.engine.vault.destroy(conn, connection_id=connection.id)
    assert (
        send(desk, "stripe", path=path, headers=signed("stripe", body, secret="whsec_new", now=time.time())).status_code
        == 401
    )


def test_square_signs_a_connections_address_as_it_was_given_and_mailchimps_has_a_secret(desk: Desk) -> None:
    desk.connect(OWN, "square")
    desk.connect(OWN, "mailchimp")
    path = _own_address(desk, OWN, "square", "own-key")
    url = f"https://sync.example/webhooks/square{path}"
    good = signed("square", BODIES["square"], secret="own-key", url=url)
    assert send(desk, "square", path=path, headers=good).status_code == 200

    path = _own_address(desk, OWN, "mailchimp", None)
    token, _, _ = path.partition("?")
    assert send(desk, "mailchimp", path=path, headers={}).status_code == 200
    assert send(desk, "mailchimp", path=token, headers={}).status_code == 401


def test_people_see_and_retry_the_events_of_their_own_venue_alone(desk: Desk) -> None:
    desk.connect(OWN, "stripe")
    desk.sql("UPDATE sync.connections SET account_id = 'acct_1'")
    desk.connect(OTHER, "stripe")
    desk.sql("UPDATE sync.connections SET account_id = 'acct_2' WHERE venue_id = :v", v=OTHER)
    send(desk, "stripe")
    send(desk, "stripe", BODIES["stripe"].replace(b"acct_1", b"acct_2").replace(b"evt_1", b"evt_2"))
    desk.sql("UPDATE sync.webhook_events SET status = 'dead', reason = 'It was closed.'")

    (shown,) = desk.data("GET", "/webhooks/stripe/events", venueId=OWN, status="failed")
    assert (shown["event_id"], shown["event_type"], shown["status"]) == ("evt_1", "customer.updated", "failed")
    assert desk.data("GET", "/webhooks/stripe/events", venueId=OWN, status="pending") == []
    assert desk.refusal("GET", "/webhooks/square/events", venueId=OWN) == (404, "INTEGRATION_NOT_FOUND")

    (theirs,) = desk.sql("SELECT id FROM sync.webhook_events WHERE event_id = 'evt_2'")
    assert desk.refusal("POST", "/webhooks/retry", body={"venueId": OWN, "webhookId": theirs[0]}) == (
        404,
        "WEBHOOK_NOT_FOUND",
    )
    assert desk.ask("POST", "/webhooks/retry", body={"venueId": OWN, "webhookId": shown["id"]}).status_code == 200
    assert desk.sql("SELECT event_id, status FROM sync.webhook_events ORDER BY event_id") == [
        ("evt_1", "received"),
        ("evt_2", "dead"),
    ]


def _arrival(number: int, **payload: Any) -> Arrival:
    return Arrival("stripe", Event(f"evt_{number}", "t", None, None, None, None, payload))


def test_webhooks_that_come_together_are_written_together(database: sa.Engine) -> None:
    commits: list[int] = []
    listen(database, "commit", lambda _: commits.append(1))

    async def many() -> None:
        with closing(InboxWriter(database)) as writer:
            await asyncio.gather(*(writer.store([_arrival(number)]) for number in range(200)))

    asyncio.run(many())

    with database.connect() as conn:
        assert inbox.backlog(conn) == 200
    assert len(commits) <= 3


def test_one_that_cannot_be_stored_does_not_take_its_neighbours_along(database: sa.Engine) -> None:
    async def three() -> tuple[Any, Any, Any]:
        bad = _arrival(2, text="\x00")
        with closing(InboxWriter(database)) as writer:
            return await asyncio.gather(
                writer.store([_arrival(1)]), writer.store([bad]), writer.store([_arrival(3)]), return_exceptions=True
            )

    first, second, third = asyncio.run(three())

    assert (first, third) == (None, None)
    assert isinstance(second, DBAPIError)
    with database.connect() as conn:
        assert inbox.backlog(conn) == 2


def test_more_than_can_wait_is_refused_and_what_a_sender_gave_up_is_kept(database: sa.Engine) -> None:
    async def flood() -> tuple[int, int]:
        with closing(InboxWriter(database)) as writer:
            hasty = asyncio.create_task(writer.store([_arrival(0)]))
            await asyncio.sleep(0)
            hasty.cancel()
            tasks = [asyncio.create_task(writer.store([])) for _ in range(MOST_WAITING + 10)]
            done = await asyncio.gather(*tasks, return_exceptions=True)
            return sum(isinstance(one, Refused) for one in done), sum(one is None for one in done)

    refused, stored = asyncio.run(flood())

    assert refused >= 10
    assert stored == MOST_WAITING + 10 - refused
    with database.connect() as conn:
        assert inbox.backlog(conn) == 1


def test_while_the_database_is_away_nothing_is_answered_as_received(desk: Desk) -> None:
    """The provider sends it again; what was answered with 200 is there, whatever happened meanwhile."""
    stop, accepted = threading.Event(), list[str]()

    def keep_sending(sender: int) -> None:
        number = 0
        while not stop.is_set():
            name = f"evt_{sender}_{number}"
            if send(desk, "stripe", BODIES["stripe"].replace(b"evt_1", name.encode())).status_code == 200:
                accepted.append(name)
            number += 1

    with ThreadPoolExecutor(3) as pool:
        for sender in range(3):
            pool.submit(keep_sending, sender)
        for _ in range(3):
            time.sleep(0.2)
            desk.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        time.sleep(0.2)
        stop.set()

    there = {row[0] for row in desk.sql("SELECT event_id FROM sync.webhook_events")}
    assert len(accepted) > 10
    assert set(accepted) <= there
