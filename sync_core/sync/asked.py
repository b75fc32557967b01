"""The queue worked off: what people asked for is synced, the most urgent first, several at once, until it is quiet.

Several processes may do this at the same time. What one of them had in hand when it died is put back after half an
hour; a sync that was cut short goes on where it was, as every sync does.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from sync_core import traces
from sync_core.errors import Stopped
from sync_core.http.turn import Turn
from sync_core.spec.provider import ProviderSpec
from sync_core.store import connections, queue
from sync_core.store.comeback import Trials
from sync_core.store.failures import failure_of
from sync_core.store.listening import bell
from sync_core.store.queue import Item, Needs
from sync_core.sync.batch import unable
from sync_core.sync.crew import SLOW_SECONDS, Crew
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode, Progress
from sync_core.sync.traced import about, ended

LOOK_EVERY = 2.0
SIGN_OF_LIFE_EVERY = 60.0
TELL_EVERY = 1.0
"""Seconds between two notes of where a sync is; a person watches, and may ask it to stop."""
BUSY_PAUSE = timedelta(seconds=5)
SHARE_OF_ONE = 8
"""No more than this part of the workers, or one, is at one connection: its provider may hang."""
_log = logging.getLogger(__name__)

Done = tuple[Item, EntityReport]


@dataclass(slots=True)
class Worked:
    """What became of the items of one run."""

    succeeded: int = 0
    failed: int = 0
    postponed: int = 0
    recovered: int = 0
    api_calls: int = 0


def work_off(
    engine: Engine,
    *,
    run_id: str,
    quiet_seconds: float,
    most_seconds: float = 6 * 3600,
    stopping: Callable[[], bool] = lambda: False,
    on_settled: Callable[[Worked], None] = lambda _: None,
) -> Worked:
    """Sync what was asked for and what will be, until nothing has been for `quiet_seconds`.

    Takes nothing new after `most_seconds`, and ends when what is under way has ended. When `stopping` says so, what is
    under way ends between two pages or chunks and waits for the next worker, who goes on from there.
    A database that is restarted meanwhile is waited for. Raises DatabaseFailure when it does not come back soon.
    """
    worked, trials = Worked(), Trials(engine.comeback, clock=engine.clock)
    with (
        _left_clean(engine, run_id),
        bell(engine.database, queue.CHANNEL) as rung,
        _crew(engine) as crew,
    ):
        desk = _Desk(engine, run_id, crew, rung, stopping)
        began = quiet_since = engine.clock.monotonic()
        while True:
            rung.clear()
            ending = stopping() or engine.clock.monotonic() - began > most_seconds
            try:
                if desk.settle(worked) | (not ending and desk.take_up(worked)):
                    on_settled(worked)
                    quiet_since = engine.clock.monotonic()
                desk.give_sign_of_life()
            except SQLAlchemyError as lost:
                _log.warning("work.lost error=%s", type(lost).__name__)
                desk.in_doubt = True
                if not trials.another(lost):
                    raise failure_of(lost) or lost from None
                continue
            if not desk.in_hand and (ending or engine.clock.monotonic() - quiet_since >= quiet_seconds):
                return worked
            # Nothing rings when a worker turns out to wait for its provider, and another one may begin in its place.
            soon = SLOW_SECONDS if desk.in_hand else LOOK_EVERY
            rung.wait(min(soon, max(quiet_seconds, 0.01)))


def _crew(engine: Engine) -> Crew[Done]:
    workers = engine.settings.workers
    return Crew[Done](workers, spare=workers // 2, hanging=engine.hanging, clock=engine.clock, name="work")


@contextmanager
def _left_clean(engine: Engine, run_id: str) -> Iterator[None]:
    """Whatever ends the work early, other workers need not wait half an hour for what was in hand."""
    try:
        yield
    except BaseException:
        # Without the database they wait after all, until somebody sees that we went silent.
        with suppress(SQLAlchemyError), engine.database.begin() as conn:
            queue.release(conn, worker=run_id)
        raise


class _Desk:
    """The items in hand. Only the thread that works off the queue touches it."""

    def __init__(
        self,
        engine: Engine,
        run_id: str,
        crew: Crew[Done],
        rung: threading.Event,
        leaving: Callable[[], bool],
    ) -> None:
        self.in_hand: set[int] = set()
        self.in_doubt = True
        self._engine = engine
        self._run_id = run_id
        self._crew = crew
        self._rung = rung
        self._leaving = leaving
        self._done: deque[Done] = deque()
        self._needs = [need for spec in engine.specs.values() for need in needs_of(spec)]
        self._signed_at = engine.clock.monotonic()

    def take_up(self, worked: Worked) -> bool:
        """Begin as many items as there is room for; whether there were any.

        Of connections that are known to hang there is room for a part of the workers only, so they are claimed apart.
        """
        self._crew.give_way()
        hanging = self._engine.hanging.ids()
        taken = bool(hanging) and self._take(worked, self._crew.free_for_hanging, only=hanging)
        return self._take(worked, self._crew.free, besides=hanging) or taken

    def _take(
        self, worked: Worked, room: int, *, only: Sequence[int] | None = None, besides: Sequence[int] = ()
    ) -> bool:
        if not room:
            return False
        if self.in_doubt:
            self._clear_up(worked)
        most = max(1, self._engine.settings.workers // SHARE_OF_ONE)
        with self._engine.database.begin() as conn:
            items = queue.claim(
                conn,
                worker=self._run_id,
                limit=room,
                needs=self._needs,
                most_of_one=most,
                only=only,
                besides=besides,
            )
            self._engine.hanging.learn(conn, {item.connection_id for item in items})
        for item in items:
            if self._crew.room_for(item.connection_id):
                self._begin(item)
            else:  # other processes have counted that it hangs
                self._put_off(item, worked)
        return bool(items)

    def _begin(self, item: Item) -> None:
        self.in_hand.add(item.id)
        future = self._crew.begin(item.connection_id, partial(self._carry_out, item))
        future.add_done_callback(lambda _: self._rung.set())

    def _put_off(self, item: Item, worked: Worked) -> None:
        with self._engine.database.begin() as conn:
            worked.postponed += queue.postpone(conn, item.id, worker=self._run_id, delay=BUSY_PAUSE)

    def settle(self, worked: Worked) -> bool:
        """Note how the items that are done went; whether there were any."""
        self._done.extend(future.result() for future in self._crew.finished(within=0))
        any_done = bool(self._done)
        while self._done:
            item, report = self._done[0]
            self._note(item, report, worked)
            self._done.popleft()  # only now: what could not be noted is noted later
            self.in_hand.discard(item.id)
        return any_done

    def _clear_up(self, worked: Worked) -> None:
        """Put back what silent workers had, and what we have claimed without learning of it."""
        with self._engine.database.begin() as conn:
            worked.recovered += len(queue.recover_stale(conn))
            queue.release(conn, worker=self._run_id, besides=list(self.in_hand))
        self.in_doubt = False

    def give_sign_of_life(self) -> None:
        """Say now and then that what is in hand is in hand, even where a sync has nothing to tell for long."""
        if self.in_hand and self._engine.clock.monotonic() - self._signed_at >= SIGN_OF_LIFE_EVERY:
            with self._engine.database.begin() as conn:
                queue.alive(conn, worker=self._run_id)
            self._signed_at = self._engine.clock.monotonic()

    def _carry_out(self, item: Item, turn: Turn) -> Done:
        """In a worker's thread."""
        engine = self._engine
        try:
            with engine.database.connect() as conn:
                connection = connections.find(conn, item.venue, item.provider)
        except SQLAlchemyError:
            return item, EntityReport(item.venue, item.provider, item.entity, status="busy")
        report = unable(item.venue, item.provider, item.entity, connection) or _undeclared(engine, item)
        if report is not None or connection is None:
            return item, report or EntityReport(item.venue, item.provider, item.entity, status="not_connected")
        watch = _Watch(engine, item, self._run_id, self._leaving)
        mode, run_id = Mode(item.mode, item.since), item.request_id or self._run_id
        asked: traces.Attributes = {traces.CORRELATION: run_id, "messaging.message.id": str(item.id)}
        with traces.processing("work", [item.traceparent], {**about(connection, item.entity), **asked}) as span:
            report = engine.sync(connection, item.entity, mode=mode, run_id=run_id, on_progress=watch.tell, turn=turn)
            ended(span, report)
        # What we cut short ourselves did not fail: it is put off, as what could not begin is.
        cut_short = watch.cut_short or turn.ended is not None
        return item, replace(report, status="busy") if cut_short and report.status == "failed" else report

    def _note(self, item: Item, report: EntityReport, worked: Worked) -> None:
        worked.api_calls += report.api_calls
        result = {
            "counts": {name: value for name, value in asdict(report.counts).items() if value},
            "api_calls": report.api_calls,
            "seconds": round(report.seconds, 3),
        }
        with self._engine.database.begin() as conn:
            match report.status:
                case "succeeded":
                    worked.succeeded += queue.finish(conn, item.id, worker=self._run_id, result=result)
                case "busy":
                    worked.postponed += queue.postpone(conn, item.id, worker=self._run_id, delay=BUSY_PAUSE)
                case "not_connected":
                    not_there = f"{item.venue} is not connected to {item.provider}: connect it, then ask again."
                    reason = report.error or not_there
                    worked.failed += queue.give_up(conn, item.id, worker=self._run_id, reason=reason)
                case "failed":
                    reason = report.error or "It failed without a reason."
                    status = queue.fail(
                        conn, item.id, worker=self._run_id, reason=reason, result=result, outage=report.outage
                    )
                    worked.failed += 1
                    if status == "dead":
                        _log.error(
                            "work.dead item=%d %s/%s/%s: %s", item.id, item.venue, item.provider, item.entity, reason
                        )


def _undeclared(engine: Engine, item: Item) -> EntityReport | None:
    """Why nobody knows how to sync this, None when it is known: what is declared may have changed since it was asked for."""
    spec = engine.specs.get(item.provider)
    if spec is not None and item.entity in spec.entities:
        return None
    error = f"{item.provider} has no {item.entity} among its declared entities any more: ask for one of those."
    return EntityReport(item.venue, item.provider, item.entity, status="not_connected", error=error)


class _Watch:
    """Tells the queue where a sync is, and the sync that somebody asked it to stop or that its worker leaves."""

    def __init__(self, engine: Engine, item: Item, worker: str, leaving: Callable[[], bool]) -> None:
        self.cut_short = False
        self._leaving = leaving
        self._engine = engine
        self._item = item
        self._worker = worker
        self._told_at = float("-inf")

    def tell(self, progress: Progress) -> None:
        """Called by the sync between two pages or chunks. Raises Stopped."""
        if self._leaving():
            self.cut_short = True
            raise Stopped(f"The worker that was at {self._item.entity} of {self._item.venue} left; the next goes on.")
        if self._engine.clock.monotonic() - self._told_at < TELL_EVERY:
            return
        self._told_at = self._engine.clock.monotonic()
        said = {"direction": progress.direction, "done": progress.done, "total": progress.total}
        with self._engine.database.begin() as conn:
            stop = queue.progress(conn, self._item.id, worker=self._worker, said=said)
        if stop:
            raise Stopped(f"The sync of {self._item.entity} of {self._item.venue} was asked to stop.")


def needs_of(spec: ProviderSpec) -> Needs:
    """(provider, entity, needed entity), needs of needs included."""
    found: list[tuple[str, str, str]] = []
    for name in spec.entities:
        needed, look = set[str](), list(spec.entities[name].needs)
        while look:
            one = look.pop()
            if one not in needed:
                needed.add(one)
                look.extend(spec.entities[one].needs)
        found.extend((spec.provider, name, one) for one in sorted(needed))
    return found
