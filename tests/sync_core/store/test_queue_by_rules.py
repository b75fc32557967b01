"""The queue under any order of what people and workers do to it: nothing lost, nothing twice, attempts counted right.

A model in memory says what must be; after each step the table says the same. A worker that is killed just never comes
back to what it had in hand, until `recover_stale` puts it back.
"""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sync_core.store import connections, queue
from sync_core.store.queue import MOST_ATTEMPTS, PRIORITIES, Asked, Priority, Status

VENUES = ("abbey", "barn")
ENTITIES = ("customers", "products")
WORKERS = st.sampled_from(["w1", "w2", "w3"])
KEYS = st.tuples(st.sampled_from(VENUES), st.sampled_from(ENTITIES))
PLACES = st.integers(0, 30)
Key = tuple[str, str]


@dataclass
class Known:
    """What must be true of one item."""

    key: Key
    status: Status = "queued"
    attempts: int = 0
    due: bool = True
    holder: str | None = None
    stop: bool = False

    def again(self) -> None:
        """It goes back, unless somebody asked it to stop."""
        self.status = "cancelled" if self.stop else "queued"


class Queue(RuleBasedStateMachine):
    """Everything that can be done to the queue."""

    def __init__(self, database: sa.Engine, ids: dict[str, int]) -> None:
        super().__init__()
        self.database = database
        self.ids = ids
        self.known: dict[int, Known] = {}

    def teardown(self) -> None:
        with self.database.begin() as conn:
            conn.execute(sa.text("DELETE FROM sync.work"))

    def held(self, number: int, worker: str) -> bool:
        return self.known[number].status == "running" and self.known[number].holder == worker

    def one(self, place: int) -> int | None:
        """One of the items, whatever its state."""
        return list(self.known)[place % len(self.known)] if self.known else None

    @rule(key=KEYS, priority=st.sampled_from(PRIORITIES))
    def ask(self, key: Key, priority: Priority) -> None:
        with self.database.begin() as conn:
            item, new = queue.enqueue(conn, Asked(self.ids[key[0]], key[1], "incremental", priority, "somebody"))
        assert new
        self.known[item.id] = Known(key)

    @rule(worker=WORKERS, limit=st.integers(1, 4))
    def claim(self, worker: str, limit: int) -> None:
        busy = {one.key for one in self.known.values() if one.status == "running"}
        free = {one.key for one in self.known.values() if one.status == "queued" and one.due} - busy
        with self.database.begin() as conn:
            claimed = queue.claim(conn, worker=worker, limit=limit)
        assert len(claimed) == min(limit, len(free)), "whatever can begin begins"
        for item in claimed:
            one = self.known[item.id]
            assert one.status == "queued"
            assert one.due
            one.status, one.holder, one.attempts = "running", worker, one.attempts + 1

    @rule(worker=WORKERS, place=PLACES)
    def finish(self, worker: str, place: int) -> None:
        if (number := self.one(place)) is not None:
            mine = self.held(number, worker)
            with self.database.begin() as conn:
                assert queue.finish(conn, number, worker=worker, result={}) == mine
            if mine:
                self.known[number].status = "succeeded"

    @rule(worker=WORKERS, place=PLACES)
    def fail(self, worker: str, place: int) -> None:
        if (number := self.one(place)) is not None:
            one, mine = self.known[number], self.held(number, worker)
            with self.database.begin() as conn:
                status = queue.fail(conn, number, worker=worker, reason="It was closed.")
            if mine:
                one.again()
                if one.status == "queued":
                    one.status = "dead" if one.attempts >= MOST_ATTEMPTS else "queued"
                one.due = False
            assert status == (one.status if mine else None)

    @rule(worker=WORKERS, place=PLACES)
    def postpone(self, worker: str, place: int) -> None:
        if (number := self.one(place)) is not None:
            one, mine = self.known[number], self.held(number, worker)
            with self.database.begin() as conn:
                assert queue.postpone(conn, number, worker=worker, delay=timedelta(hours=1)) == mine
            if mine:
                one.again()
                one.attempts, one.due = one.attempts - 1, False

    @rule(worker=WORKERS, place=PLACES)
    def give_up(self, worker: str, place: int) -> None:
        if (number := self.one(place)) is not None:
            mine = self.held(number, worker)
            with self.database.begin() as conn:
                assert queue.give_up(conn, number, worker=worker, reason="It cannot be.") == mine
            if mine:
                self.known[number].status = "dead"

    @rule(worker=WORKERS)
    def leave(self, worker: str) -> None:
        mine = [one for one in self.known.values() if one.status == "running" and one.holder == worker]
        with self.database.begin() as conn:
            assert queue.release(conn, worker=worker) == len(mine)
        for one in mine:
            one.again()
            one.attempts, one.due = one.attempts - 1, True

    @rule()
    def all_workers_are_killed(self) -> None:
        lost = {number: one for number, one in self.known.items() if one.status == "running"}
        with self.database.begin() as conn:
            assert queue.recover_stale(conn) == [], "they may yet live"
            assert queue.recover_stale(conn, after=timedelta(seconds=-1)) == sorted(lost)
        for one in lost.values():
            one.again()
            one.due = True
            if one.status == "queued" and one.attempts >= MOST_ATTEMPTS:
                one.status = "dead"

    @rule(venue=st.sampled_from(VENUES))
    def stop(self, venue: str) -> None:
        running = [one for one in self.known.values() if one.status == "running" and one.key[0] == venue]
        with self.database.begin() as conn:
            assert queue.stop(conn, connection_ids=[self.ids[venue]]) == len(running)
        for one in running:
            one.stop = True

    @rule(venue=st.sampled_from(VENUES))
    def clear(self, venue: str) -> None:
        waiting = [one for one in self.known.values() if one.status == "queued" and one.key[0] == venue]
        with self.database.begin() as conn:
            assert queue.clear(conn, connection_ids=[self.ids[venue]]) == len(waiting)
        for one in waiting:
            one.status = "cancelled"

    @rule(place=PLACES)
    def requeue(self, place: int) -> None:
        if (number := self.one(place)) is not None:
            one = self.known[number]
            ended = one.status in ("dead", "cancelled")
            with self.database.begin() as conn:
                assert queue.requeue(conn, [number]) == ended
            if ended:
                one.status, one.attempts, one.due, one.stop = "queued", 0, True, False

    @rule(hours=st.sampled_from([-5, 1, 48]))
    def the_clock_jumps(self, hours: int) -> None:
        """Back, too: then what is not due yet waits longer, and nobody else."""
        later = "not_before = least(not_before, now())" if hours > 0 else "not_before = not_before"
        with self.database.begin() as conn:
            conn.execute(
                sa.text(f"UPDATE sync.work SET requested_at = requested_at - :d, {later}"),
                {"d": timedelta(hours=hours)},
            )
        if hours > 0:
            for one in self.known.values():
                one.due = True

    @invariant()
    def the_table_says_the_same(self) -> None:
        with self.database.connect() as conn:
            found = {item.id: (item.status, item.attempts, item.stop_asked) for item in queue.inspect(conn)}
        assert found == {number: (one.status, one.attempts, one.stop) for number, one in self.known.items()}


def test_whatever_people_and_workers_do_nothing_is_lost_done_twice_or_miscounted(database: sa.Engine) -> None:
    ids: dict[str, int] = {}
    with database.begin() as conn:
        for venue in VENUES:
            conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES (:v, :v, 'USD')"), {"v": venue})
            connections.save(conn, venue, "stripe", environment="sandbox", account_id=venue, account_name=venue)
        ids = {one.venue: one.id for one in connections.all_of(conn)}

    class Here(Queue):
        def __init__(self) -> None:
            super().__init__(database, ids)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


def test_a_clock_that_was_put_back_makes_nobody_less_urgent(database: sa.Engine) -> None:
    with database.begin() as conn:
        conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES ('abbey', 'abbey', 'USD')"))
        connections.save(conn, "abbey", "stripe", environment="sandbox", account_id="a", account_name="a")
        (one,) = connections.all_of(conn)
        urgent, _ = queue.enqueue(conn, Asked(one.id, "customers", "incremental", "critical", "somebody"))
        conn.execute(sa.text("UPDATE sync.work SET requested_at = now() + interval '5 hours'"))
        queue.enqueue(conn, Asked(one.id, "products", "incremental", "low", "somebody"))

        assert [item.id for item in queue.claim(conn, worker="w", limit=1)] == [urgent.id]
