"""Many venues in one go: side by side in threads, each on its own, none slowed or stopped by another's trouble."""

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

from sync_core.store import connections
from sync_core.store.connections import Connection
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode, OnProgress, silent

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
    Returns the reports in the order of `venues`.
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
    with (
        _rare_collections(),
        ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix=f"{provider}/{entity}") as pool,
    ):
        running = [
            pool.submit(engine.sync, c, entity, mode=mode, run_id=run_id, on_progress=on_progress) for c in runnable
        ]
        for future in as_completed(running):
            report = future.result()
            reports[report.venue] = report
            on_report(report)
    return [reports[venue] for venue in dict.fromkeys(venues)]


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
