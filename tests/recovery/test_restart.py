"""PostgreSQL is shut down at once in the middle of everything we do, and comes back: nobody has to do anything.

What was under way goes on by itself, nothing is lost, nothing is there twice, and no log has a stack trace.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import psycopg
import pytest
import requests
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from sync_api.app import create_app
from sync_api.serving import serving
from sync_api.signing import open_verifier, sign
from sync_core.clock import SystemClock
from sync_core.store import inbox, queue
from sync_core.store.database import STATEMENT_SECONDS
from sync_core.store.failures import failure_of
from sync_core.store.inbox import Arrival
from sync_core.store.listening import bell
from sync_core.store.queue import Asked
from sync_core.sync.asked import work_off
from sync_core.sync.report import EntityReport
from sync_core.webhooks import Event
from sync_core.webhooks.apply import drain
from tests.own_server import OwnServer
from tests.sync_core.webhooks.signing import signed
from tests.world import World, account, key

MANY = 150
SECRET = "whsec_of_the_restart"


@pytest.fixture(autouse=True)
def no_stack_trace(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is logged about it is a line."""
    caplog.set_level(logging.INFO)
    yield
    ours = [one for one in caplog.records if one.name.startswith(("sync_", "assets", "sensors"))]
    assert [one.getMessage() for one in ours if one.exc_info or "Traceback" in one.getMessage()] == []


def add(world: World, venue: str, count: int = MANY) -> None:
    world.sql(
        "INSERT INTO venue.customers (venue_id, id, given_name, email) "
        "SELECT :venue, 'c' || n, 'Ann', 'c' || n || '@x.example' FROM generate_series(1, :count) AS n",
        venue=venue,
        count=count,
    )


def add_there(world: World, venue: str, count: int) -> list[str]:
    """So many customers at Stripe; their ids."""
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    url = f"{world.bases['stripe']}/v1/customers"
    with requests.Session() as session:
        answers = [session.post(url, data={"name": f"N{n}"}, headers=headers, timeout=10) for n in range(count)]
    return [answer.json()["id"] for answer in answers]


def there(world: World, venue: str) -> Counter[str]:
    """How often each of the venue's customers is at Stripe."""
    return Counter(one["metadata"].get("venue_sync_id", "") for one in world.objects("stripe", venue, "customers"))


def here(world: World, venue: str) -> list[str]:
    return [row[0] for row in world.rows("SELECT given_name FROM venue.customers WHERE venue_id = :v", v=venue)]


def test_a_push_goes_on_when_the_database_is_back(server: OwnServer, frail_world: World) -> None:
    venue = frail_world.venue("push")
    add(frail_world, venue)
    frail_world.forget_calls()

    with server.restarting_when(lambda: frail_world.calls("stripe")["writes"] > MANY // 3) as went:
        report = frail_world.sync(venue, "stripe", "customers")

    assert went, "the database went away in the middle of it"
    assert (report.status, report.error) == ("succeeded", None)
    assert there(frail_world, venue) == Counter({f"c{n}": 1 for n in range(1, MANY + 1)})
    assert frail_world.sync(venue, "stripe", "customers").counts.written == 0
    log = frail_world.rows("SELECT status, error FROM sync.sync_log ORDER BY id DESC LIMIT 2")
    assert log == [("succeeded", None), ("succeeded", None)], "the sync that was cut short is the one that succeeded"
    assert frail_world.rows("SELECT count(*) FROM sync.intents") == [(0,)]


def test_a_pull_goes_on_when_the_database_is_back(server: OwnServer, frail_world: World) -> None:
    venue = frail_world.venue("pull")
    add_there(frail_world, venue, 250)
    frail_world.forget_calls()
    frail_world.faults("stripe", {"kind": "delay", "seconds": 0.3, "method": "GET"})

    with server.restarting_when(lambda: frail_world.calls("stripe")["total"] > 1) as went:
        report = frail_world.sync(venue, "stripe", "customers")
    frail_world.no_faults("stripe")

    assert went
    assert (report.status, report.error) == ("succeeded", None)
    assert sorted(here(frail_world, venue)) == sorted(f"N{n}" for n in range(250))
    assert report.counts.pulled_created == 250, "what a lost transaction did is not counted"


def test_a_drain_goes_on_when_the_database_is_back(server: OwnServer, frail_world: World) -> None:
    venue = frail_world.venue("drain")
    people = add_there(frail_world, venue, 60)
    events = [
        Event(f"evt_{n}", "customer.updated", account(venue), "customer", person, None, {})
        for n, person in enumerate(people)
    ]
    with frail_world.database.begin() as conn:
        inbox.store(conn, [Arrival("stripe", event) for event in events])
    frail_world.forget_calls()
    frail_world.faults("stripe", {"kind": "delay", "seconds": 0.05, "method": "GET"})

    with server.restarting_when(lambda: frail_world.calls("stripe")["total"] > 10) as went:
        drained = drain(frail_world.engine, run_id="drain", quiet_seconds=0.5)
    frail_world.no_faults("stripe")

    assert went
    assert drained is not None
    assert sorted(here(frail_world, venue)) == sorted(f"N{n}" for n in range(60))
    assert frail_world.rows("SELECT DISTINCT status FROM sync.webhook_events") == [("applied",)]
    assert frail_world.rows("SELECT count(*) FROM sync.dead_letters") == [(0,)]


def test_a_drain_that_waits_notices_that_its_lock_is_gone(server: OwnServer, frail_world: World) -> None:
    """Else the next one would drain beside it, and it would never hear of an event again."""
    venue = frail_world.venue("idle")
    [person] = add_there(frail_world, venue, 1)
    leave, drained = threading.Event(), list[object]()
    thread = threading.Thread(
        target=lambda: drained.append(
            drain(frail_world.engine, run_id="idle", quiet_seconds=600, stopping=leave.is_set)
        )
    )
    thread.start()
    _until(lambda: _drains(frail_world))
    server.restart(away=0)
    _until(lambda: _drains(frail_world))
    with frail_world.database.begin() as conn:
        event = Event("evt_idle", "customer.updated", account(venue), "customer", person, None, {})
        inbox.store(conn, [Arrival("stripe", event)])
    _until(lambda: here(frail_world, venue) == ["N0"])
    leave.set()
    thread.join(20)
    assert [one is not None for one in drained] == [True]


def test_a_queue_worker_goes_on_when_the_database_is_back(server: OwnServer, frail_world: World) -> None:
    venues = [frail_world.venue(f"queue{n}") for n in range(6)]
    for venue in venues:
        add(frail_world, venue, 60)
        with frail_world.database.begin() as conn:
            connection = frail_world.connection(venue, "stripe").id
            queue.enqueue(conn, Asked(connection, "customers", "incremental", "normal", "somebody"))
    frail_world.forget_calls()

    with server.restarting_when(lambda: frail_world.calls("stripe")["writes"] > 100) as went:
        worked = work_off(frail_world.engine, run_id="worker", quiet_seconds=1)

    assert went
    assert worked.failed == 0
    assert frail_world.rows("SELECT DISTINCT status FROM sync.work") == [("succeeded",)]
    for venue in venues:
        assert there(frail_world, venue) == Counter({f"c{n}": 1 for n in range(1, 61)})


def test_what_a_worker_claimed_without_learning_of_it_does_not_wait_half_an_hour(frail_world: World) -> None:
    """The database took the claim and went away before it could say so: to the next claim that item is in hand."""
    venue = frail_world.venue("claimed")
    add(frail_world, venue, 1)
    with frail_world.database.begin() as conn:
        connection = frail_world.connection(venue, "stripe").id
        queue.enqueue(conn, Asked(connection, "customers", "incremental", "normal", "somebody"))
        queue.claim(conn, worker="worker")

    assert work_off(frail_world.engine, run_id="worker", quiet_seconds=0).succeeded == 1


def test_the_api_says_so_and_goes_on(server: OwnServer, frail_world: World) -> None:
    settings = replace(frail_world.settings, webhook_secrets={"stripe": (SECRET,)})
    engine = replace(frail_world.engine, settings=settings)
    app = create_app(engine, verifier=open_verifier(settings, SystemClock()))

    def told(address: str, name: str) -> int:
        body = orjson.dumps({"id": name, "object": "event", "type": "x.y", "created": 1, "data": {"object": {}}})
        headers = signed("stripe", body, secret=SECRET, now=SystemClock().now().timestamp())
        return requests.post(f"{address}/webhooks/stripe", data=body, headers=headers, timeout=30).status_code

    venue = frail_world.venue("watched")
    token = sign(
        settings,
        subject="ana",
        role="venue_admin",
        venues=[venue],
        now=SystemClock().now(),
        lasting=timedelta(hours=1),
    )
    mine, seen = {"Authorization": f"Bearer {token}"}, list[Any]()
    path = f"/api/v1/integrations/sync/progress?venueId={venue}"
    with (
        serving(app) as address,
        requests.get(address + path, headers=mine, stream=True, timeout=30) as stream,
    ):
        lines = stream.iter_lines()
        seen.append(_state(lines))
        ready = f"{address}/health/ready"
        before = requests.get(ready, timeout=30).status_code, told(address, "evt_before")
        server.crash()
        gone, untold = requests.get(ready, timeout=30), told(address, "evt_meanwhile")
        live = requests.get(f"{address}/health/live", timeout=30).status_code
        server.start()
        after = told(address, "evt_after"), requests.get(ready, timeout=30).status_code
        with frail_world.database.begin() as conn:
            connection = frail_world.connection(venue, "stripe").id
            queue.enqueue(conn, Asked(connection, "customers", "incremental", "normal", "somebody"))
        seen.append(_state(lines))
        frail_world.sql("DELETE FROM sync.work")

    assert (before, after, live) == ((200, 200), (200, 200), 200)
    assert (gone.status_code, gone.json()["code"], gone.headers["Retry-After"]) == (503, "SERVICE_UNAVAILABLE", "5")
    assert gone.json()["error"] == "The database does not answer for the moment: try again in a few seconds."
    assert untold == 503, "so that the provider sends it again"
    assert [state["syncs"] for state in seen] == [[], []], "who watches is not sent away, and hears on"
    assert [len(state["requests"]) for state in seen] == [0, 1]
    kept = frail_world.rows("SELECT event_id FROM sync.webhook_events WHERE type = 'x.y' ORDER BY id")
    assert kept == [("evt_before",), ("evt_after",)]


def test_who_listens_hears_again_what_was_announced_meanwhile(server: OwnServer, frail_world: World) -> None:
    with bell(frail_world.database, "venue_sync_test") as rung:
        server.restart(away=0)
        assert rung.wait(10), "it rings once, for whatever was missed"
        rung.clear()
        with frail_world.database.begin() as conn:
            conn.execute(sa.select(sa.func.pg_notify("venue_sync_test", "")))
        assert rung.wait(10)


def test_a_sync_that_is_the_victim_of_a_deadlock_is_begun_again(frail_world: World) -> None:
    """The platform holds one row and wants another, which the sync holds while it wants the first."""
    venue = frail_world.venue("deadlock")
    first, second = sorted(add_there(frail_world, venue, 2))
    assert frail_world.sync(venue, "stripe", "customers").error is None
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    for person in (first, second):
        url = f"{frail_world.bases['stripe']}/v1/customers/{person}"
        assert requests.post(url, data={"name": "Changed"}, headers=headers, timeout=10).ok
    lock = sa.text("SELECT 1 FROM venue.customers WHERE venue_id = :v AND id = :id FOR UPDATE")
    reports = list[EntityReport]()
    thread = threading.Thread(target=lambda: reports.append(frail_world.sync(venue, "stripe", "customers")))
    with frail_world.database.begin() as platform:
        platform.execute(sa.text("SET LOCAL deadlock_timeout = '20s'"))  # so that it is the sync that gives way
        platform.execute(lock, {"v": venue, "id": second})
        thread.start()
        _until(lambda: frail_world.rows("SELECT count(*) FROM pg_locks WHERE NOT granted") != [(0,)])
        platform.execute(lock, {"v": venue, "id": first})
    thread.join(30)

    deadlocks = frail_world.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks >= [(1,)]
    assert [report.error for report in reports] == [None]
    assert here(frail_world, venue) == ["Changed", "Changed"]


def test_a_statement_without_end_is_cut_off(frail_world: World) -> None:
    with frail_world.database.connect() as conn:
        assert conn.execute(sa.text("SHOW statement_timeout")).scalar_one() == f"{STATEMENT_SECONDS // 60}min"
        conn.execute(sa.text("SET LOCAL statement_timeout = '20ms'"))
        with pytest.raises(OperationalError) as cut:
            conn.execute(sa.text("SELECT pg_sleep(5)"))
    assert isinstance(cut.value.orig, psycopg.errors.QueryCanceled)
    failure = failure_of(cut.value)
    assert failure is not None
    assert "longer than it may" in str(failure)


def _state(lines: Iterator[bytes]) -> Any:
    """The next state that a stream of progress tells."""
    return next(orjson.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


def _drains(world: World) -> bool:
    """Whether somebody holds the drain's lock."""
    query = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
        "(classid::bigint << 32) + objid::bigint = hashtextextended('venue-sync:only:drain', 0)"
    )
    try:
        return world.rows(query) == [(1,)]
    except OperationalError:
        return False


def _until(found: Callable[[], bool]) -> None:
    deadline = SystemClock().monotonic() + 20
    while not found():
        assert SystemClock().monotonic() < deadline, "it did not happen"
        SystemClock().sleep(0.05)
