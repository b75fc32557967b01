"""Many venues in one go: side by side in threads, each on its own, none slowed or stopped by another's trouble."""

import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from sync_core.clock import Clock
from sync_core.http.turn import Turn
from sync_core.store import connections
from sync_core.store.connections import Connection
from sync_core.sync.crew import GAVE_WAY, Crew
from sync_core.sync.engine import Engine
from sync_core.sync.report import FIRST_FAILURES, EntityReport, Mode, OnProgress, silent

LOOK_EVERY = 0.2
LEFT_SECONDS = 15.0
"""Whose provider takes longer for an answer is let go at the end; a large batch or report may well take ten."""
LAST_SECONDS = 60.0
"""So long the venues whose provider hangs may keep all others of the run waiting for the next entity."""
_LEFT = (
    "Its provider takes many seconds for each answer and all other venues of the run were done, so it was cut short; "
    "what is done stays done, and the next sync goes on from there."
)

OnReport = Callable[[EntityReport], None]
_Done = tuple[Connection, EntityReport, bool]
"""A sync that has ended, how, and whether it was asked to give way."""


def sync_venues(
    engine: Engine,
    provider: str,
    entity: str,
    venues: Sequence[str],
    *,
    mode: Mode,
    run_id: str,
    workers: int,
    on_report: OnReport,
    on_progress: OnProgress = silent,
) -> list[EntityReport]:
    """Sync one entity of many venues, `workers` at once.

    `on_report` is called in the caller's thread as each venue finishes, `on_progress` in the workers' threads. A venue without a connection is reported as
    "not_connected" and costs nothing; one whose connection is in error is reported as failed without a call.
    Venues whose providers hang hold up no other one, however many: they have a part of the workers, and what is more is
    put off until the others are done. They do not keep the run for long then: who still hangs after a while is cut short
    and reported as failed. Returns the reports in the order of `venues`.
    """
    with engine.database.connect() as conn:
        known = connections.among(conn, provider, venue_ids=list(venues))
        engine.hanging.learn(conn, [connection.id for connection in known.values()])
    reports: dict[str, EntityReport] = {}
    runnable: list[Connection] = []
    for venue in venues:
        report = unable(venue, provider, entity, known.get(venue))
        if report is None:
            runnable.append(known[venue])
        else:
            reports[venue] = report
            on_report(report)

    def told(report: EntityReport) -> None:
        reports[report.venue] = report
        on_report(report)

    def sync(connection: Connection, turn: Turn) -> _Done:
        report = engine.sync(connection, entity, mode=mode, run_id=run_id, on_progress=on_progress, turn=turn)
        return connection, report, turn.ended == GAVE_WAY

    crew = Crew[_Done](
        workers, spare=workers // 2, hanging=engine.hanging, clock=engine.clock, name=f"{provider}/{entity}"
    )
    with _rare_collections(), crew:
        _work_through(crew, runnable, sync, engine, told=told)
    return [reports[venue] for venue in dict.fromkeys(venues)]


def _work_through(
    crew: Crew[_Done],
    runnable: Sequence[Connection],
    sync: Callable[[Connection, Turn], _Done],
    engine: Engine,
    *,
    told: OnReport,
) -> None:
    """Sync all of them; those that hang have a part of the places, and all of them when they alone are left."""
    line, behind = deque[Connection](), deque[Connection]()
    so_far, last = dict[int, EntityReport](), _Last(engine.clock)
    for connection in runnable:
        (behind if connection.id in engine.hanging else line).append(connection)
    while line or behind or crew.under_way:
        while behind and (crew.free_for_hanging or (not line and crew.free)):
            crew.begin(behind[0].id, partial(sync, behind.popleft()))
        while line and crew.free:
            crew.begin(line[0].id, partial(sync, line.popleft()))
        for future in crew.finished(within=LOOK_EVERY):
            connection, report, gave_way = future.result()
            report = _together(so_far.get(connection.id), report)
            if gave_way and report.status == "failed":
                so_far[connection.id] = report
                behind.append(connection)
            else:
                told(report)
        if line:
            crew.give_way()
        elif len(runnable) > 1:
            last.look_at(crew)


class _Last:
    """Those of a run that are left at the end: they are let go when all of them have hung for a while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._alone_since = float("inf")

    def look_at(self, crew: Crew[_Done]) -> None:
        """Let them go if their time is over."""
        hanging, now = crew.hang(LEFT_SECONDS), self._clock.monotonic()
        if len(hanging) < crew.under_way:
            self._alone_since = float("inf")
            return
        self._alone_since = min(self._alone_since, now)
        if now - self._alone_since > LAST_SECONDS:
            for turn in hanging:
                turn.end(_LEFT)


def _together(before: EntityReport | None, report: EntityReport) -> EntityReport:
    """One report of a sync that was put off on its way: how it ended, and all that it came to."""
    if before is None:
        return report
    return replace(
        report,
        counts=before.counts + report.counts,
        api_calls=before.api_calls + report.api_calls,
        seconds=before.seconds + report.seconds,
        failures=(*before.failures, *report.failures)[:FIRST_FAILURES],
        frame_rows=before.frame_rows + report.frame_rows,
        frame_bad=before.frame_bad + report.frame_bad,
    )


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Records are many, short-lived and free of cycles: Python's search for cycles among them took a tenth of a sync."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def unable(venue: str, provider: str, entity: str, connection: Connection | None) -> EntityReport | None:
    """Why this venue cannot be synced, None when it can."""
    if connection is None or connection.status in ("disconnected", "connecting", "suspended"):
        return EntityReport(venue, provider, entity, status="not_connected")
    if not connection.settings.enabled:
        error = f"Syncing of {connection.label} is switched off: 'venue-sync connection settings' shows and changes it."
        return EntityReport(venue, provider, entity, status="not_connected", error=error)
    if connection.status == "error":
        reason = connection.last_error or "Its credential was refused."
        error = f"The connection {connection.label} is in error: {reason} Reconnect with 'venue-sync connect'."
        return EntityReport(venue, provider, entity, status="failed", error=error)
    return None
