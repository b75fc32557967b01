"""Providers' accounts hang, one or more than there are workers: all others are done meanwhile, whoever works for them.

Told by the order in which things end, not by the clock: what hangs ends last although it began first.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from sync_core.http.calls import CallCount
from sync_core.store import call_counts, inbox, queue
from sync_core.store.call_counts import Called
from sync_core.store.inbox import Arrival
from sync_core.store.queue import Asked
from sync_core.sync import asked, batch, crew, hanging
from sync_core.sync.asked import Worked, work_off
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import EntityReport, Mode
from sync_core.webhooks import Event
from sync_core.webhooks import apply as applying
from sync_core.webhooks.apply import Drained, drain
from tests.world import World, account, key, world

HANGS = 1.5
OTHERS = 5
MANY = 4
ANSWER = 0.8
"""Where many hang they do so for this long; and who takes longer than half a second hangs."""
SHARE = 1


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
    monkeypatch.setattr(batch, "LEFT_SECONDS", 0.2)
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
    monkeypatch.setattr(batch, "LEFT_SECONDS", 0.1)
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
            connection = busy_world.connection(names[0], "stripe").id
            queue.enqueue(conn, Asked(connection, entity, "incremental", "critical", "somebody"))
        for name in names[1:]:
            connection = busy_world.connection(name, "stripe").id
            queue.enqueue(conn, Asked(connection, "customers", "incremental", "low", "somebody"))

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


@pytest.fixture
def fresh_world(busy_world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The same with an engine that knows of nobody yet, and shorter times for everything.

    It has three places, of which those that hang may have one.
    """
    for module in (crew, hanging):
        monkeypatch.setattr(module, "HANGING_SECONDS", ANSWER / 1.6, raising=False)
    monkeypatch.setattr(crew, "SLOW_SECONDS", 0.1)
    monkeypatch.setattr(asked, "SLOW_SECONDS", 0.1)
    for module in (asked, applying):
        monkeypatch.setattr(module, "BUSY_PAUSE", module.BUSY_PAUSE / 50)
    for table in ("work", "webhook_events"):
        busy_world.sql(f"DELETE FROM sync.{table}")
    yield replace(busy_world, engine=replace(busy_world.engine))
    busy_world.no_faults("stripe")


def many(world: World, name: str) -> tuple[list[str], list[str]]:
    """Those that hang, and the others, which all come after them; each with a customer on its way to Stripe."""
    made = [world.venue(f"many-{name}{n}") for n in range(MANY + OTHERS)]
    for venue in made:
        world.insert("customers", venue, id="c", given_name="Ann")
    return made[:MANY], made[MANY:]


def hang(world: World, names: Sequence[str]) -> None:
    world.faults("stripe", *({"kind": "delay", "seconds": ANSWER, "account": account(name)} for name in names))


def run(world: World, names: Sequence[str], told: list[EntityReport], others: Sequence[str]) -> None:
    """One entity of these venues; when all others are done, nobody hangs any more."""

    def ended(report: EntityReport) -> None:
        told.append(report)
        if {one.venue for one in told} >= set(others):
            world.no_faults("stripe")

    sync_venues(world.engine, "stripe", "customers", names, mode=Mode(), run_id="run", workers=2, on_report=ended)


def test_in_a_run_all_others_are_done_while_many_hang(fresh_world: World) -> None:
    hung, others = many(fresh_world, "run")
    hang(fresh_world, hung)
    told = list[EntityReport]()

    run(fresh_world, [*hung, *others], told, others)

    assert [report.error for report in told] == [None] * (MANY + OTHERS), "who was put off was done later"
    assert len(set(hung) & {report.venue for report in told[: OTHERS + SHARE]}) <= SHARE
    assert {report.counts.created for report in told} == {1}, "what was put off was not done twice"
    assert [len(fresh_world.objects("stripe", name, "customers")) for name in hung] == [1] * MANY


def test_who_hangs_is_known_from_what_others_have_counted(fresh_world: World) -> None:
    """Then nobody waits for even one of their answers."""
    hung, others = many(fresh_world, "known")
    slow = [
        Called(fresh_world.connection(name, "stripe").id, "GET /v1/customers", CallCount(calls=2, seconds=60.0))
        for name in hung
    ]
    with fresh_world.database.begin() as conn:
        call_counts.add(conn, calls=slow)
    hang(fresh_world, hung)
    told = list[EntityReport]()

    run(fresh_world, [*hung, *others], told, others)

    query = (
        "SELECT c.venue_id FROM sync.sync_log AS l JOIN sync.connections AS c ON c.id = l.connection_id "
        "WHERE starts_with(c.venue_id, 'many-known') ORDER BY l.started_at"
    )
    began = [row[0] for row in fresh_world.rows(query)]
    assert set(began[: OTHERS + SHARE]) == {hung[0], *others}
    assert [report.error for report in told] == [None] * (MANY + OTHERS)
    last = fresh_world.connection(hung[-1], "stripe").id
    assert last not in fresh_world.engine.hanging, "it has answered since"


def test_in_the_queue_all_others_are_done_while_many_hang(fresh_world: World) -> None:
    hung, others = many(fresh_world, "queue")
    hang(fresh_world, hung)
    with fresh_world.database.begin() as conn:
        for name in [*hung, *others]:
            connection = fresh_world.connection(name, "stripe").id
            priority = "critical" if name in hung else "low"
            queue.enqueue(conn, Asked(connection, "customers", "incremental", priority, "somebody"))
    query = (
        "SELECT c.venue_id FROM sync.work AS w JOIN sync.connections AS c ON c.id = w.connection_id "
        "WHERE w.status = 'succeeded' ORDER BY w.finished_at"
    )

    def settled(_: Worked) -> None:
        if {row[0] for row in fresh_world.rows(query)} >= set(others):
            fresh_world.no_faults("stripe")

    worked = work_off(fresh_world.engine, run_id="worker", quiet_seconds=0.3, on_settled=settled)

    ended = [row[0] for row in fresh_world.rows(query)]
    assert (worked.succeeded, worked.failed) == (MANY + OTHERS, 0), "who was put off was done later"
    assert len(set(hung) & set(ended[: OTHERS + SHARE])) <= SHARE
    assert {row[0] for row in fresh_world.rows("SELECT attempts FROM sync.work")} == {1}, "to be put off is no attempt"
    assert [len(fresh_world.objects("stripe", name, "customers")) for name in hung] == [1] * MANY


def test_of_the_webhooks_all_others_are_applied_while_many_hang(
    fresh_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though those that hang have more events than are taken in hand."""
    monkeypatch.setattr(applying, "MOST_IN_HAND", 20)
    monkeypatch.setattr(applying, "OBJECTS_PER_READING", 5)
    monkeypatch.setattr(applying, "OBJECTS_OF_HANGING", 2)
    hung, others = many(fresh_world, "hook")
    hang(fresh_world, hung)
    events = [
        Event(f"evt_{name}_{number}", "customer.updated", account(name), "customer", f"cus_{number}", None, {})
        for name in [*hung, *others]
        for number in range(12 if name in hung else 1)
    ]
    with fresh_world.database.begin() as conn:
        inbox.store(conn, [Arrival("stripe", event) for event in events])
    query = (
        "SELECT account_id FROM sync.webhook_events GROUP BY account_id "
        "HAVING bool_and(status = 'applied') ORDER BY max(finished_at)"
    )

    def settled(_: Drained) -> None:
        if {row[0] for row in fresh_world.rows(query)} >= {account(name) for name in others}:
            fresh_world.no_faults("stripe")

    drained = drain(fresh_world.engine, run_id="drain", quiet_seconds=0.3, on_settled=settled)

    ended = [row[0] for row in fresh_world.rows(query)]
    assert drained is not None
    assert (drained.applied, drained.failed) == (12 * MANY + OTHERS, 0), "what was put off was done later"
    assert len({account(name) for name in hung} & set(ended[: OTHERS + SHARE])) <= SHARE
