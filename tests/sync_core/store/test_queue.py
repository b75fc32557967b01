"""The queue: urgency, ageing, fairness, one at a time, retries, recovery."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.store import queue
from sync_core.store.queue import Asked, Item, Mode, Priority

VENUES = ("abbey", "barn", "cellar")


@pytest.fixture
def connections(database: sa.Engine) -> dict[str, int]:
    """Three venues with a Stripe connection each, by venue."""
    with database.begin() as conn:
        for venue in VENUES:
            conn.execute(
                sa.text("INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, 'USD')"), {"id": venue}
            )
        return {
            venue: conn.execute(
                sa.text(
                    "INSERT INTO sync.connections (venue_id, provider, environment, status) "
                    "VALUES (:venue, 'stripe', 'sandbox', 'connected') RETURNING id"
                ),
                {"venue": venue},
            ).scalar_one()
            for venue in VENUES
        }


def ask(
    database: sa.Engine,
    connection_id: int,
    entity: str = "customers",
    *,
    priority: Priority = "normal",
    mode: Mode = "incremental",
    key: str | None = None,
) -> Item:
    with database.begin() as conn:
        asked = Asked(connection_id, entity, mode, priority, requested_by="somebody", idempotency_key=key)
        return queue.enqueue(conn, asked)[0]


def claim(database: sa.Engine, limit: int = 1, worker: str = "w") -> list[Item]:
    with database.begin() as conn:
        return queue.claim(conn, worker=worker, limit=limit)


def later(database: sa.Engine, **passed: float) -> None:
    """Let time pass for everything in the queue."""
    with database.begin() as conn:
        conn.execute(
            sa.text(
                "UPDATE sync.work SET requested_at = requested_at - :d, not_before = not_before - :d, "
                "claimed_at = claimed_at - :d, seen_at = seen_at - :d"
            ),
            {"d": timedelta(**passed)},
        )


def test_the_most_urgent_item_comes_first(database: sa.Engine, connections: dict[str, int]) -> None:
    order: tuple[Priority, ...] = ("low", "critical", "normal", "high")
    for place, priority in enumerate(order):
        ask(database, connections["abbey"], f"entity_{place}", priority=priority)

    claimed = claim(database, 10)

    assert [item.priority for item in claimed] == ["critical", "high", "normal", "low"]
    assert {(item.status, item.attempts, item.claimed_by) for item in claimed} == {("running", 1, "w")}


def test_waiting_makes_an_item_more_urgent_so_that_nothing_starves(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    old = ask(database, connections["abbey"], priority="low")
    later(database, minutes=15)
    ask(database, connections["barn"], priority="high")

    assert [item.id for item in claim(database)] == [old.id]


def test_a_venue_that_asks_for_much_does_not_hold_up_the_others(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    for place in range(5):
        ask(database, connections["abbey"], f"entity_{place}")
    ask(database, connections["barn"])
    ask(database, connections["cellar"])

    first = claim(database, 3)
    assert {item.venue for item in first} == set(VENUES)

    ask(database, connections["barn"], "products")
    with database.begin() as conn:
        assert queue.finish(conn, next(i.id for i in first if i.venue == "barn"), worker="w", result={})
    assert claim(database)[0].venue == "barn", "abbey has one running, barn has none"


def test_one_connection_and_entity_is_never_worked_on_twice_at_a_time(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    first = ask(database, connections["abbey"])
    second = ask(database, connections["abbey"])

    assert [item.id for item in claim(database, 10)] == [first.id]
    assert claim(database, 10) == []
    with database.begin() as conn:
        queue.finish(conn, first.id, worker="w", result={"created": 1})
    assert [item.id for item in claim(database, 10)] == [second.id]


def test_what_needs_another_entity_waits_for_it_if_that_was_asked_for_first(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    needs = [("stripe", "charges", "customers")]
    first = ask(database, connections["abbey"], "customers", priority="low")
    charges = ask(database, connections["abbey"], "charges", priority="critical")
    elsewhere = ask(database, connections["barn"], "charges", priority="low")

    with database.begin() as conn:
        claimed = queue.claim(conn, worker="w", limit=10, needs=needs)
        assert {item.id for item in claimed} == {first.id, elsewhere.id}
        queue.finish(conn, first.id, worker="w", result={})
        assert [item.id for item in queue.claim(conn, worker="w", limit=10, needs=needs)] == [charges.id]


def test_asking_again_with_the_same_key_gives_the_item_that_is_there(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    first = ask(database, connections["abbey"], key="k1")

    with database.begin() as conn:
        again, new = queue.enqueue(
            conn, Asked(connections["abbey"], "customers", "full", "high", "another", idempotency_key="k1")
        )
        _, other_is_new = queue.enqueue(
            conn, Asked(connections["barn"], "customers", "full", "high", "another", idempotency_key="k1")
        )

    assert (again.id, again.mode, new, other_is_new) == (first.id, "incremental", False, True)


def test_a_mode_without_its_moment_is_refused(database: sa.Engine, connections: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="do not go together"):
        ask(database, connections["abbey"], mode="since")


def test_a_failed_item_is_tried_five_times_with_growing_pauses_and_then_is_dead(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    item = ask(database, connections["abbey"])
    pauses: list[float] = []
    status = None
    for attempt in range(1, 6):
        assert [i.attempts for i in claim(database)] == [attempt]
        with database.begin() as conn:
            status = queue.fail(conn, item.id, worker="w", reason="It was closed.")
            after = queue.find(conn, item.id)
            now = conn.execute(sa.text("SELECT now()")).scalar_one()
        assert after is not None
        pauses.append((after.not_before - now).total_seconds())
        assert claim(database) == []
        later(database, hours=1)
    assert pauses == [30, 60, 120, 240, 480]
    assert status == "dead"
    assert claim(database) == []

    with database.begin() as conn:
        assert queue.requeue(conn, [item.id]) == 1
    assert [i.attempts for i in claim(database)] == [1]


def test_only_the_worker_that_holds_an_item_can_settle_it(database: sa.Engine, connections: dict[str, int]) -> None:
    item = ask(database, connections["abbey"])
    claim(database, worker="first")
    later(database, minutes=31)

    with database.begin() as conn:
        assert queue.recover_stale(conn) == [item.id]
    assert [i.id for i in claim(database, worker="second")] == [item.id]
    with database.begin() as conn:
        assert not queue.finish(conn, item.id, worker="first", result={})
        assert queue.fail(conn, item.id, worker="first", reason="late") is None
        assert queue.progress(conn, item.id, worker="first", said={}), "it should stop"
        assert queue.finish(conn, item.id, worker="second", result={})


def test_an_item_whose_worker_gives_signs_of_life_is_not_recovered(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    item = ask(database, connections["abbey"])
    claim(database)
    later(database, minutes=29)
    with database.begin() as conn:
        assert not queue.progress(conn, item.id, worker="w", said={"done": 7})
    later(database, minutes=29)
    with database.begin() as conn:
        queue.alive(conn, worker="w")
    later(database, minutes=29)

    with database.begin() as conn:
        assert queue.recover_stale(conn) == []
        found = queue.find(conn, item.id)
    assert found is not None
    assert found.progress == {"done": 7}


def test_what_could_not_begin_is_put_back_without_counting(database: sa.Engine, connections: dict[str, int]) -> None:
    item = ask(database, connections["abbey"])
    claim(database)

    with database.begin() as conn:
        assert queue.postpone(conn, item.id, worker="w", delay=timedelta(seconds=5))
    later(database, seconds=6)

    assert [i.attempts for i in claim(database)] == [1]


def test_clearing_cancels_what_waits_and_stopping_asks_what_runs(
    database: sa.Engine, connections: dict[str, int]
) -> None:
    running = ask(database, connections["abbey"])
    claim(database)
    waiting = ask(database, connections["abbey"], "products")
    other = ask(database, connections["barn"])
    mine = [connections["abbey"]]

    with database.begin() as conn:
        assert queue.clear(conn, connection_ids=mine) == 1
        assert queue.stop(conn, connection_ids=mine) == 1
        assert queue.progress(conn, running.id, worker="w", said={})
        assert queue.fail(conn, running.id, worker="w", reason="It was stopped.") == "cancelled"
        states = {item.id: item.status for item in queue.inspect(conn)}
        depth = {(d.priority, d.status): d.items for d in queue.depth(conn)}
        assert queue.due(conn) == 1
    assert states == {running.id: "cancelled", waiting.id: "cancelled", other.id: "queued"}
    assert depth == {("normal", "cancelled"): 2, ("normal", "queued"): 1}


def test_workers_that_claim_at_the_same_moment_share_the_work(database: sa.Engine, connections: dict[str, int]) -> None:
    for place in range(40):
        ask(database, connections[VENUES[place % 3]], f"entity_{place // 6}")
    with ThreadPoolExecutor(8) as pool:
        taken = [i for batch in pool.map(lambda n: claim(database, 5, worker=f"w{n}"), range(8)) for i in batch]

    assert len(taken) == len({item.id for item in taken})
    assert len(taken) == len({(item.connection_id, item.entity) for item in taken}) == 21
