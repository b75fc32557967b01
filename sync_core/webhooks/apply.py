"""From the inbox to the venue's records: every object that events tell of is read again, once for all of its events.

What must stay true: an event leaves the inbox only after a reading that began when the event was there already; a
process that dies leaves everything that it had in hand to the next one. One process drains at a time, and side by side
over connections; the events of one connection and entity are taken together, as many as are there when it is their turn.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from sync_core import traces
from sync_core.http.turn import Turn
from sync_core.store import alerts, dead_letters, inbox, locks
from sync_core.store.comeback import Trials
from sync_core.store.connections import Connection
from sync_core.store.dead_letters import WEBHOOK_DEAD, WHOLE, Letter
from sync_core.store.failures import failure_of
from sync_core.store.inbox import Waiting
from sync_core.store.listening import bell
from sync_core.sync.crew import Crew
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode
from sync_core.sync.terms import terms_of
from sync_core.sync.traced import about, ended
from sync_core.trouble import Category

MOST_IN_HAND = 2_000
MOST_OF_ONE = 200
"""Of one account there are hardly more in hand, so that one whose provider is slow does not keep the others waiting."""
WORKERS_OF_ONE = 3
"""So many entities of one connection are read side by side at most."""
OBJECTS_PER_READING = 50
"""So many are settled together; what comes meanwhile waits no longer than that takes."""
OBJECTS_OF_HANGING = 5
"""The same where each answer takes many seconds, so that what was read is not lost when the reading is cut short."""
LOOK_EVERY = 2.0
"""Seconds after which the inbox is looked at although nothing was announced: retries become due, venues connect."""
WAKE_EVERY = 10.0
"""Seconds after which it is looked whether a venue connected whose events are parked: that reads all of them."""
BUSY_PAUSE = timedelta(seconds=1)
_log = logging.getLogger(__name__)

Key = tuple[int, str]


@dataclass(slots=True)
class Drained:
    """What became of the events of one drain; `readings` are requests for objects, of which many share one."""

    applied: int = 0
    skipped: int = 0
    parked: int = 0
    postponed: int = 0
    failed: int = 0
    dead: int = 0
    readings: int = 0
    objects: int = 0
    api_calls: int = 0


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why an event could not be applied to one entity of one connection, and who must act next."""

    connection: Connection
    entity: str
    reason: str
    category: Category | None


@dataclass(slots=True)
class _Open:
    """An event in hand: for how many connections and entities it is still to be applied, and how it went so far."""

    event: Waiting
    left: int
    busy: bool = False
    outage: bool = True  # as long as nothing else went wrong with it
    errors: list[_Trouble] = field(default_factory=list[_Trouble])


AT_ONCE = 6
SLOW_AFTER = 0.5
"""So many are begun at the same time, those aside whose calls have taken so many seconds: they wait for their provider.

What they do besides is work for one processor: were all of them begun at once, all would be done late. The other
workers are spare ones.
"""
LOOK_AGAIN = 0.1
"""Seconds after which it is looked, while something waits for a worker, whether one only waits for its provider."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Events of one connection and entity that are applied together."""

    connection: Connection
    entity: str
    events: tuple[Waiting, ...]


_Done = list[tuple[_Task, EntityReport]]


def drain(
    engine: Engine,
    *,
    run_id: str,
    quiet_seconds: float,
    most_seconds: float = 6 * 3600,
    stopping: Callable[[], bool] = lambda: False,
    on_settled: Callable[[Drained], None] = lambda _: None,
) -> Drained | None:
    """Apply what is in the inbox and what comes, until nothing has come for `quiet_seconds`.

    Begins nothing more after `most_seconds`, or when `stopping` says so, and ends when what was begun is settled.
    Returns None at once when another process is draining already. A database that is restarted meanwhile is waited for.

    Raises DatabaseFailure when the database does not come back soon, or cannot be written to.
    """
    drained, until = Drained(), engine.clock.monotonic() + most_seconds
    trials = Trials(engine.comeback, clock=engine.clock)
    while True:
        try:
            return _drain(
                engine,
                drained,
                run_id=run_id,
                quiet_seconds=quiet_seconds,
                until=until,
                stopping=stopping,
                tell=on_settled,
            )
        except SQLAlchemyError as lost:
            # The lock is gone with the connection; what was in hand is in the inbox as before.
            _log.warning("drain.lost error=%s", type(lost).__name__)
            if not trials.another(lost):
                raise failure_of(lost) or lost from None


def _drain(
    engine: Engine,
    drained: Drained,
    *,
    run_id: str,
    quiet_seconds: float,
    until: float,
    stopping: Callable[[], bool],
    tell: Callable[[Drained], None],
) -> Drained | None:
    """As `drain`, up to the first loss of the database, which it raises when what was begun has ended."""
    with engine.database.connect() as guard, locks.only_one(guard, "drain") as mine:
        if not mine:
            return None
        with bell(engine.database, inbox.CHANNEL) as rung, _crew(engine) as crew:
            desk = _Desk(engine, run_id, crew, rung, drained)
            try:
                _work_off(engine, desk, guard, quiet_seconds=quiet_seconds, until=until, stopping=stopping, tell=tell)
            finally:
                desk.leaving = True
            return drained


def _crew(engine: Engine) -> Crew[_Done]:
    workers = min(AT_ONCE, engine.settings.workers)
    spare = engine.settings.workers - workers
    return Crew[_Done](
        workers,
        spare=spare,
        hanging=engine.hanging,
        clock=engine.clock,
        name="drain",
        waits=lambda turn: turn.called_longer_than(SLOW_AFTER),
    )


def _work_off(
    engine: Engine,
    desk: "_Desk",
    guard: sa.Connection,
    *,
    quiet_seconds: float,
    until: float,
    stopping: Callable[[], bool],
    tell: Callable[[Drained], None],
) -> None:
    quiet_since = looked_at = engine.clock.monotonic()
    while True:
        desk.rung.clear()
        ending = desk.leaving = stopping() or engine.clock.monotonic() > until
        if engine.clock.monotonic() - looked_at >= LOOK_EVERY:
            locks.still_held(guard)
            looked_at = engine.clock.monotonic()
        settled, taken = desk.settle(), not ending and desk.take_up()
        if settled or taken:
            tell(desk.drained)
            quiet_since = engine.clock.monotonic()
        if ending and not desk.under_way:
            return
        if not ending:
            desk.begin()
        if taken:  # there may be more
            continue
        if not desk.in_hand and engine.clock.monotonic() - quiet_since >= quiet_seconds:
            return
        soon = LOOK_AGAIN if desk.crowded else LOOK_EVERY
        desk.rung.wait(min(soon, max(quiet_seconds, 0.01)))


class _Desk:
    """The events in hand, between the inbox and the workers. Only the draining thread touches it."""

    def __init__(self, engine: Engine, run_id: str, crew: Crew[_Done], rung: threading.Event, drained: Drained) -> None:
        self.drained = drained
        self.rung = rung
        self.in_hand: dict[int, _Open] = {}
        self.leaving = False
        self._engine = engine
        self._run_id = run_id
        self._crew = crew
        self._wake_at = 0.0
        self._waiting: dict[Key, list[Waiting]] = {}
        self._owners: dict[int, Connection] = {}
        self._running: dict[Key, Future[_Done]] = {}

    @property
    def under_way(self) -> bool:
        """Whether a task is not settled yet."""
        return bool(self._running)

    @property
    def crowded(self) -> bool:
        """Whether something waits for nothing but its turn, and not because its provider hangs."""
        return any(connection not in self._engine.hanging for connection, _ in self._ready())

    def take_up(self) -> bool:
        """Take some of what is due out of the inbox, as far as there is room; whether there was anything.

        There is always room for those whose providers answer: of the others each has a little in hand, and it does not count.
        """
        hanging = {one.event.source for one in self.in_hand.values() if self._hangs(one.event)}
        held = Counter(one.event.source for one in self.in_hand.values())
        room = MOST_IN_HAND - sum(events for source, events in held.items() if source not in hanging)
        if room <= 0:
            return False
        with self._engine.database.begin() as conn:
            if self._engine.clock.monotonic() >= self._wake_at:
                inbox.wake(conn)
                self._wake_at = self._engine.clock.monotonic() + WAKE_EVERY
            crowded = [
                source
                for source, events in held.items()
                if events >= (OBJECTS_PER_READING if source in hanging else MOST_OF_ONE)
            ]
            found = inbox.due(conn, limit=min(room, MOST_OF_ONE), besides=self.in_hand, spared=crowded)
            self._engine.hanging.learn(conn, {owner.id for event in found for owner in event.owners})
            unowned = [event for event in found if not event.owners]
            parts = {event.id: list(self._parts(event)) for event in found if event.owners}
            unconcerned = [event for event in found if event.id in parts and not parts[event.id]]
            if unowned:
                inbox.park(conn, unowned, reason="No connected venue has this account.")
            if unconcerned:
                inbox.skipped(conn, unconcerned, reason="Nothing that is kept in step is concerned.")
                self._count(unconcerned, "skipped")
                self._engine.meters.write(conn)
        self.drained.parked += len(unowned)
        self.drained.skipped += len(unconcerned)
        for event in found:
            if parts.get(event.id):
                self.in_hand[event.id] = _Open(event, left=len(parts[event.id]))
                for connection, entity in parts[event.id]:
                    self._owners[connection.id] = connection
                    self._waiting.setdefault((connection.id, entity), []).append(event)
        return bool(found)

    def begin(self) -> None:
        """Give every connection and entity that is free what waits for it, those who wait longest first.

        Where it is not their turn it goes on waiting here, so that what comes meanwhile is read together with it.
        """
        self._crew.give_way()
        ready, hanging = self._ready(), self._engine.hanging
        self._start([key for key in ready if key[0] in hanging][: self._crew.free_for_hanging])
        self._start([key for key in ready if key[0] not in hanging][: self._crew.free])

    def _start(self, keys: Sequence[Key]) -> None:
        for key in keys:
            task = _Task(self._owners[key[0]], key[1], tuple(self._waiting.pop(key)))
            self._running[key] = self._crew.begin(key[0], partial(self._carry_out, task))
            self._running[key].add_done_callback(lambda _: self.rung.set())

    def _hangs(self, event: Waiting) -> bool:
        return any(owner.id in self._engine.hanging for owner in event.owners)

    def _ready(self) -> list[Key]:
        """What waits for nothing but its turn; one account holds no more than a few workers."""
        held = Counter(connection for connection, _ in self._running)
        ready: list[Key] = []
        for key in self._waiting:
            if key not in self._running and held[key[0]] < WORKERS_OF_ONE:
                held[key[0]] += 1
                ready.append(key)
        return ready

    def settle(self) -> bool:
        """Note what became of the tasks that are done; whether there were any."""
        ended = self._crew.finished(within=0)
        finished = [key for key, future in self._running.items() if future in ended]
        for key in finished:
            for task, report in self._running.pop(key).result():
                self._note(task, report)
        closed = [one for one in self.in_hand.values() if one.left == 0]
        if closed:
            with self._engine.database.begin() as conn:
                self._close(conn, closed)
                self._engine.meters.write(conn)
            for one in closed:
                del self.in_hand[one.event.id]
        return bool(finished)

    def _parts(self, event: Waiting) -> Iterator[tuple[Connection, str]]:
        spec = self._engine.specs.get(event.provider)
        for name, entity in spec.entities.items() if spec else ():
            if entity.concerned_by(event.type):
                for owner in event.owners:
                    if terms_of(owner.settings, entity, name).pulls:
                        yield owner, name

    def _carry_out(self, task: _Task, turn: Turn) -> _Done:
        """In a worker's thread: read the objects again; where no object is named, what changed since the last sync."""
        done: _Done = []
        hangs = task.connection.id in self._engine.hanging
        for part in _portions(task, size=OBJECTS_OF_HANGING if hangs else OBJECTS_PER_READING):
            if self.leaving:
                break  # what was not begun is in the inbox as before
            # Whoever has the lock will not be gone for the next portion.
            busy = done[-1][1] if done and done[-1][1].status == "busy" else None
            report = busy or self._apply(part, turn)
            # What had to make room for others did not fail: it is put off.
            gave_way = turn.ended is not None and report.status == "failed"
            done.append((part, replace(report, status="busy") if gave_way else report))
        return done

    def _apply(self, part: _Task, turn: Turn) -> EntityReport:
        told: traces.Attributes = {traces.CORRELATION: self._run_id, "messaging.batch.message_count": len(part.events)}
        origins = [event.traceparent for event in part.events]
        with traces.processing("webhook_events", origins, {**about(part.connection, part.entity), **told}) as span:
            report = self._read(part, turn)
            ended(span, report)
        return report

    def _read(self, part: _Task, turn: Turn) -> EntityReport:
        engine, ids = self._engine, _times(part.events)
        if not ids:
            return engine.sync(part.connection, part.entity, mode=Mode(), run_id=self._run_id, turn=turn)
        told_at = {name: at for name, at in ids.items() if at is not None}
        return engine.refresh(part.connection, part.entity, list(ids), run_id=self._run_id, told_at=told_at, turn=turn)

    def _note(self, task: _Task, report: EntityReport) -> None:
        self.drained.readings += 1
        self.drained.objects += len({event.object_id for event in task.events})
        self.drained.api_calls += report.api_calls
        for event in task.events:
            one = self.in_hand[event.id]
            one.left -= 1
            one.busy |= report.status == "busy"
            if report.status == "failed":
                reason = report.error or report.status
                one.errors.append(_Trouble(task.connection, task.entity, reason, report.category))
                one.outage &= report.outage

    def _count(self, events: Iterable[Waiting], outcome: str) -> None:
        for provider, number in Counter(event.provider for event in events).items():
            self._engine.meters.count("webhooks", provider, outcome, by=number)

    def _close(self, conn: sa.Connection, closed: Sequence[_Open]) -> None:
        good = [one.event for one in closed if not one.errors and not one.busy]
        busy = [one.event for one in closed if one.busy and not one.errors]
        inbox.applied(conn, good)
        inbox.postpone(conn, busy, delay=BUSY_PAUSE)
        self.drained.applied += len(good)
        self._count(good, "applied")
        self.drained.postponed += len(busy)
        by_reason: dict[tuple[str, bool], list[_Open]] = {}
        for one in closed:
            if one.errors:
                by_reason.setdefault((one.errors[0].reason, one.outage), []).append(one)
        for (reason, outage), troubled in by_reason.items():
            dead = set(inbox.failed(conn, [one.event for one in troubled], reason=reason, outage=outage))
            self.drained.failed += len(troubled) - len(dead)
            self.drained.dead += len(dead)
            self._count([one.event for one in troubled if one.event.id not in dead], "failed")
            self._count([one.event for one in troubled if one.event.id in dead], "dead")
            for one in troubled:
                if one.event.id in dead:
                    _bury(conn, one)


def _portions(task: _Task, *, size: int) -> Iterator[_Task]:
    """What is asked for at once: many objects, but one alone that failed before, for it may be what makes others fail."""
    fresh: dict[str, list[Waiting]] = {}
    again: dict[str, list[Waiting]] = {}
    whole: list[Waiting] = []
    for event in task.events:
        if event.object_id is None:
            whole.append(event)
        else:
            (again if event.attempts else fresh).setdefault(event.object_id, []).append(event)
    groups = list(fresh.values())
    for start in range(0, len(groups), size):
        chunk = [event for group in groups[start : start + size] for event in group]
        yield _Task(task.connection, task.entity, tuple(chunk))
    for group in again.values():
        yield _Task(task.connection, task.entity, tuple(group))
    if whole:
        yield _Task(task.connection, task.entity, tuple(whole))


def _times(events: Sequence[Waiting]) -> dict[str, datetime | None]:
    """The objects that events name, each with the latest time that was told of it."""
    times: dict[str, datetime | None] = {}
    for event in events:
        if event.object_id is not None:
            told = [at for at in (times.get(event.object_id), event.occurred_at) if at is not None]
            times[event.object_id] = max(told, default=None)
    return times


def _bury(conn: sa.Connection, one: _Open) -> None:
    """The event failed for the last time: a dead letter for each record it was about, and somebody is told."""
    event = one.event
    for trouble in one.errors:
        connection, entity, why = trouble.connection, trouble.entity, trouble.reason
        reason = f"A webhook ({event.type}) could not be applied: {why}"
        letter = Letter(event.object_id or WHOLE, WEBHOOK_DEAD, reason, trouble.category or "unknown")
        dead_letters.post(conn, connection.id, entity, direction="pull", letters=[letter])
        message = f"Webhooks of {connection.label} could not be applied five times over, the last one because: {why}"
        alerts.tell(conn, connection_id=connection.id, kind=WEBHOOK_DEAD, message=message)
        _log.error("webhook.dead connection=%s entity=%s event=%s: %s", connection.label, entity, event.id, why)
