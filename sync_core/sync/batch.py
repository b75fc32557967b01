"""Many venues in one go: side by side in threads, each on its own, none slowed or stopped by another's trouble."""

import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sync_core.clock import Clock
from sync_core.http.turn import Turn
from sync_core.store import connections
from sync_core.store.connections import Connection
from sync_core.sync.crew import Crew
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode, OnProgress, silent

LOOK_EVERY = 0.2
HANGING_SECONDS = 15.0
"""A provider that takes longer for an answer hangs; a large batch or report may well take ten."""
LAST_SECONDS = 60.0
"""So long the venues whose provider hangs may keep all others of the run waiting for the next entity."""
_LEFT = (
    "Its provider takes many seconds for each answer and all other venues of the run were done, so it was cut short; "
    "what is done stays done, and the next sync goes on from there."
)

OnReport = Callable[[EntityReport], None]


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
    A venue whose provider answers slowly holds up no other one, and does not keep the run for long when all others are
    done: then it is cut short and reported as failed. Returns the reports in the order of `venues`.
    """
    with engine.database.connect() as conn:
        known = connections.among(conn, provider, venue_ids=list(venues))
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

    def task(connection: Connection) -> Callable[[Turn], EntityReport]:
        return lambda turn: engine.sync(
            connection, entity, mode=mode, run_id=run_id, on_progress=on_progress, turn=turn
        )

    with _rare_collections(), Crew[EntityReport](workers, clock=engine.clock, name=f"{provider}/{entity}") as crew:
        _work_through(crew, [task(connection) for connection in runnable], engine.clock, told=told)
    return [reports[venue] for venue in dict.fromkeys(venues)]


def _work_through(
    crew: Crew[EntityReport],
    tasks: Sequence[Callable[[Turn], EntityReport]],
    clock: Clock,
    *,
    told: OnReport,
) -> None:
    """Do all of them; of those that alone are left, the ones that hang are let go after a while."""
    waiting, alone_since = deque(tasks), float("inf")
    while waiting or crew.under_way:
        while waiting and crew.free > 0:
            crew.begin(waiting.popleft())
        for future in crew.finished(within=LOOK_EVERY):
            told(future.result())
        hanging = crew.slow(HANGING_SECONDS)
        if len(tasks) == 1 or waiting or len(hanging) < crew.under_way:
            alone_since = float("inf")
        elif clock.monotonic() - (alone_since := min(alone_since, clock.monotonic())) > LAST_SECONDS:
            for turn in hanging:
                turn.end(_LEFT)


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
