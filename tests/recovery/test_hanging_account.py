"""One venue's provider account hangs: all others are done meanwhile, whoever works for them.

Told by the order in which things end, not by the clock: what hangs ends last although it began first.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from sync_core.store import inbox, queue
from sync_core.store.inbox import Arrival
from sync_core.store.queue import Asked
from sync_core.sync import batch
from sync_core.sync.asked import work_off
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import EntityReport, Mode
from sync_core.webhooks import Event
from sync_core.webhooks.apply import drain
from tests.world import World, account, key, world

HANGS = 1.5
OTHERS = 5


@pytest.fixture(scope="module")
def busy_world(shared_database: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose engine has two workers."""
    home: Path = tmp_path_factory.mktemp("world")
    with world(shared_database, home) as made:
        few = replace(made.settings, workers=2)
        yield replace(made, engine=replace(made.engine, settings=few))


def venues(world: World, name: str) -> list[str]:
    """The one that hangs first, and its neighbours, each with a customer on its way to Stripe."""
    made = [world.venue(f"{name}{n}") for n in range(OTHERS + 1)]
    for venue in made:
        world.insert("customers", venue, id="c", given_name="Ann")
    world.faults("stripe", {"kind": "delay", "seconds": HANGS, "account": account(made[0])})
    return made


def test_in_a_run_all_others_are_done_while_one_hangs(busy_world: World) -> None:
    names = venues(busy_world, "run")
    ended = list[str]()

    reports = sync_venues(
        busy_world.engine,
        "stripe",
        "customers",
        names,
        mode=Mode(),
        run_id="run",
        workers=1,
        on_report=lambda report: ended.append(report.venue),
    )
    busy_world.no_faults("stripe")

    assert [report.error for report in reports] == [None] * (OTHERS + 1)
    assert ended[-1] == names[0], "the one worker was replaced while it waited"


def test_one_that_hangs_is_left_when_all_others_are_done(busy_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on to the next entity; what is done stays done, and the next sync does the rest."""
    monkeypatch.setattr(batch, "HANGING_SECONDS", 0.2)
    monkeypatch.setattr(batch, "LAST_SECONDS", 0.0)
    names = venues(busy_world, "left")
    busy_world.faults("stripe", {"kind": "delay", "seconds": 1.0, "account": account(names[0])})
    told = list[EntityReport]()

    sync_venues(
        busy_world.engine, "stripe", "customers", names, mode=Mode(), run_id="r", workers=4, on_report=told.append
    )
    busy_world.no_faults("stripe")
    left = told[-1]
    again = busy_world.sync(names[0], "stripe", "customers")

    assert (left.venue, left.status) == (names[0], "failed")
    assert left.error is not None
    assert "takes many seconds for each answer" in left.error
    assert [report.status for report in told[:-1]] == ["succeeded"] * OTHERS
    assert again.status == "succeeded"
    assert len(busy_world.objects("stripe", names[0], "customers")) == 1


def test_a_venue_alone_in_its_run_may_take_as_long_as_it_takes(
    busy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "HANGING_SECONDS", 0.1)
    monkeypatch.setattr(batch, "LAST_SECONDS", 0.0)
    name = busy_world.venue("alone")
    busy_world.insert("customers", name, id="c", given_name="Ann")
    busy_world.faults("stripe", {"kind": "delay", "seconds": 0.6, "account": account(name)})

    [report] = sync_venues(
        busy_world.engine, "stripe", "customers", [name], mode=Mode(), run_id="r", workers=4, on_report=lambda _: None
    )
    busy_world.no_faults("stripe")

    assert report.error is None


def test_in_the_queue_all_others_are_done_while_one_hangs(busy_world: World) -> None:
    names = venues(busy_world, "queue")
    with busy_world.database.begin() as conn:
        for entity in ("customers", "products"):
            asked = busy_world.connection(names[0], "stripe").id
            queue.enqueue(conn, Asked(asked, entity, "incremental", "critical", "somebody"))
        for name in names[1:]:
            asked = busy_world.connection(name, "stripe").id
            queue.enqueue(conn, Asked(asked, "customers", "incremental", "low", "somebody"))

    worked = work_off(busy_world.engine, run_id="worker", quiet_seconds=0)
    busy_world.no_faults("stripe")

    query = (
        "SELECT c.venue_id FROM sync.work AS w JOIN sync.connections AS c ON c.id = w.connection_id "
        "WHERE w.status = 'succeeded' ORDER BY w.finished_at"
    )
    ended = [row[0] for row in busy_world.rows(query)]
    assert worked.succeeded == OTHERS + 2
    assert set(ended[:OTHERS]) == set(names[1:])


def test_no_connection_has_more_workers_than_its_share(busy_world: World) -> None:
    busy_world.sql("DELETE FROM sync.work")
    name = busy_world.venue("greedy")
    connection = busy_world.connection(name, "stripe").id
    with busy_world.database.begin() as conn:
        for entity in ("customers", "products", "charges", "refunds"):
            queue.enqueue(conn, Asked(connection, entity, "incremental", "normal", "somebody"))
        first = queue.claim(conn, worker="a", limit=9, most_of_one=2)
        none = queue.claim(conn, worker="b", limit=9, most_of_one=2)
        queue.finish(conn, first[0].id, worker="a", result={})
        next_one = queue.claim(conn, worker="b", limit=9, most_of_one=2)

    assert (len(first), len(none), len(next_one)) == (2, 0, 1)
    busy_world.sql("DELETE FROM sync.work")


def test_of_the_webhooks_all_others_are_applied_while_one_hangs(busy_world: World) -> None:
    names = venues(busy_world, "hook")
    for name in names:
        headers = {"Authorization": f"Bearer {key(name, 'stripe')}", "X-Request-Source": "test"}
        busy_world.no_faults("stripe")
        answer = requests.post(
            f"{busy_world.bases['stripe']}/v1/customers", data={"name": "Bob"}, headers=headers, timeout=9
        )
        event = Event(f"evt_{name}", "customer.updated", account(name), "customer", answer.json()["id"], None, {})
        with busy_world.database.begin() as conn:
            inbox.store(conn, [Arrival("stripe", event)])
    busy_world.faults("stripe", {"kind": "delay", "seconds": 2 * HANGS, "account": account(names[0])})
    leave = threading.Event()
    drained = threading.Thread(
        target=lambda: drain(busy_world.engine, run_id="drain", quiet_seconds=60, stopping=leave.is_set)
    )
    drained.start()
    deadline = time.monotonic() + 20
    query = "SELECT account_id FROM sync.webhook_events WHERE status = 'applied' ORDER BY finished_at"
    while len(busy_world.rows(query)) <= OTHERS and time.monotonic() < deadline:
        time.sleep(0.05)
    leave.set()
    drained.join(20)
    busy_world.no_faults("stripe")

    assert [row[0] for row in busy_world.rows(query)][-1] == account(names[0])
