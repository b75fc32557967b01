"""What people asked for: done in order of need, retried, stopped on request."""

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sync_core.spec.load import load_providers
from sync_core.store import locks, queue
from sync_core.store.queue import Asked, Item
from sync_core.sync.asked import Worked, needs_of, work_off
from tests.world import DEFS, World, key

_numbers = itertools.count(1)


@pytest.fixture
def venue(shared_world: World) -> Iterator[str]:
    """A venue at Stripe with one customer there, and an empty queue."""
    name = shared_world.venue(f"v{next(_numbers)}")
    add(shared_world, name)
    yield name
    shared_world.no_faults("stripe")
    shared_world.sql("DELETE FROM sync.work")


def add(world: World, venue: str, **more: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    answer = requests.post(
        f"{world.bases['stripe']}/v1/customers", data={"name": "Ann", **more}, headers=headers, timeout=9
    )
    assert answer.ok, answer.text
    return answer.json()


def ask(world: World, venue: str, entity: str = "customers") -> Item:
    with world.database.begin() as conn:
        connection = world.connection(venue, "stripe").id
        return queue.enqueue(conn, Asked(connection, entity, "incremental", "normal", "somebody"))[0]


def item(world: World, number: int) -> Item:
    with world.database.connect() as conn:
        found = queue.find(conn, number)
    assert found is not None
    return found


def work(world: World) -> Worked:
    return work_off(world.engine, run_id="run", quiet_seconds=0)


def test_what_was_asked_for_is_synced_and_told(shared_world: World, venue: str) -> None:
    asked = ask(shared_world, venue)

    worked = work(shared_world)

    done = item(shared_world, asked.id)
    assert (worked.succeeded, done.status, done.attempts) == (1, "succeeded", 1)
    assert done.result["counts"]["pulled_created"] == 1
    assert done.result["api_calls"] == worked.api_calls > 0
    assert done.progress == {"direction": "pull", "done": 1, "total": 1}


def test_a_failing_sync_is_asked_for_again_and_one_of_nobody_is_given_up(shared_world: World, venue: str) -> None:
    asked = ask(shared_world, venue)
    shared_world.sim("stripe", "DELETE", "accounts", credential=key(venue, "stripe"))
    assert work(shared_world).failed == 1
    assert (item(shared_world, asked.id).status, item(shared_world, asked.id).attempts) == ("queued", 1)

    shared_world.sql("UPDATE sync.connections SET status = 'disconnected' WHERE venue_id = :v", v=venue)
    shared_world.sql("UPDATE sync.work SET not_before = now()")
    work(shared_world)

    dead = item(shared_world, asked.id)
    assert dead.status == "dead"
    assert dead.error is not None
    assert "not connected" in dead.error


def test_what_is_being_synced_by_another_is_put_off(shared_world: World, venue: str) -> None:
    asked = ask(shared_world, venue)
    connection = shared_world.connection(venue, "stripe")
    with shared_world.database.connect() as conn, locks.holding(conn, connection.id, "customers"):
        assert work(shared_world).postponed == 1

    assert (item(shared_world, asked.id).status, item(shared_world, asked.id).attempts) == ("queued", 0)


def test_a_running_sync_stops_when_it_is_asked_to(shared_world: World, venue: str) -> None:
    asked = ask(shared_world, venue)
    shared_world.faults("stripe", {"kind": "delay", "seconds": 0.8})
    with shared_world.database.begin() as conn:
        connection = shared_world.connection(venue, "stripe").id
    thread = threading.Thread(target=work, args=(shared_world,))
    thread.start()
    while item(shared_world, asked.id).status == "queued":
        thread.join(0.02)
    with shared_world.database.begin() as conn:
        assert queue.stop(conn, connection_ids=[connection]) == 1
    thread.join(20)

    stopped = item(shared_world, asked.id)
    assert stopped.status == "cancelled"
    assert stopped.error is not None
    assert "asked to stop" in stopped.error


def test_a_worker_that_leaves_puts_off_what_it_is_at_and_the_next_goes_on(shared_world: World, venue: str) -> None:
    asked, leave = ask(shared_world, venue), threading.Event()
    shared_world.faults("stripe", {"kind": "delay", "seconds": 0.5})
    how: dict[str, Any] = {"run_id": "run", "quiet_seconds": 3600, "stopping": leave.is_set}
    thread = threading.Thread(target=work_off, args=(shared_world.engine,), kwargs=how)
    thread.start()
    while item(shared_world, asked.id).status == "queued":
        thread.join(0.02)
    leave.set()
    thread.join(20)
    assert not thread.is_alive()
    assert (item(shared_world, asked.id).status, item(shared_world, asked.id).attempts) == ("queued", 0)

    shared_world.no_faults("stripe")
    shared_world.sql("UPDATE sync.work SET not_before = now()")
    assert work(shared_world).succeeded == 1
    assert (item(shared_world, asked.id).status, item(shared_world, asked.id).attempts) == ("succeeded", 1)


def test_a_worker_that_is_interrupted_leaves_nothing_as_running(shared_world: World, venue: str) -> None:
    asked = ask(shared_world, venue)
    shared_world.faults("stripe", {"kind": "delay", "seconds": 0.3})

    def interrupted(_: Worked) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work_off(shared_world.engine, run_id="run", quiet_seconds=0, on_settled=interrupted)

    assert (item(shared_world, asked.id).status, item(shared_world, asked.id).attempts) == ("queued", 0)


def test_entities_come_after_those_they_need(shared_world: World, venue: str) -> None:
    for entity in ("customers", "charges", "refunds"):
        ask(shared_world, venue, entity)

    assert work_off(shared_world.engine, run_id="run", quiet_seconds=0.5).succeeded == 3
    began = shared_world.rows(
        "SELECT entity FROM sync.sync_log JOIN sync.connections c ON c.id = connection_id "
        "WHERE venue_id = :v ORDER BY started_at",
        v=venue,
    )
    assert began == [("customers",), ("charges",), ("refunds",)]


def test_what_is_declared_no_more_is_given_up_and_holds_up_nobody(shared_world: World, venue: str) -> None:
    gone, asked = ask(shared_world, venue, "coupons"), ask(shared_world, venue)

    worked = work(shared_world)

    dead = item(shared_world, gone.id)
    assert (worked.succeeded, worked.failed) == (1, 1)
    assert (dead.status, item(shared_world, asked.id).status) == ("dead", "succeeded")
    assert dead.error is not None
    assert "no coupons among its declared entities" in dead.error


def test_fifty_syncs_of_one_venue_do_not_delay_the_one_of_another(shared_world: World, venue: str) -> None:
    """However urgent they are: a connection has an eighth of the workers at most."""
    other, leave = shared_world.venue(f"{venue}-other"), threading.Event()
    with shared_world.database.begin() as conn:
        busy = shared_world.connection(venue, "stripe").id
        for number in range(50):
            entity = ("customers", "products", "charges", "subscriptions", "invoices")[number % 5]
            queue.enqueue(conn, Asked(busy, entity, "full", "critical", "somebody"))
        single = shared_world.connection(other, "stripe").id
        asked, _ = queue.enqueue(conn, Asked(single, "customers", "incremental", "low", "somebody"))

    def settled(_: Worked) -> None:
        if item(shared_world, asked.id).status == "succeeded":
            leave.set()

    worked = work_off(shared_world.engine, run_id="run", quiet_seconds=0, stopping=leave.is_set, on_settled=settled)

    assert leave.is_set()
    assert worked.succeeded < 25, "of the fifty most are still to be done"


def test_needs_of_needs_are_needs() -> None:
    needs = needs_of(load_providers(DEFS)["stripe"])

    assert {("stripe", "refunds", "charges"), ("stripe", "refunds", "customers")} <= set(needs)
