"""What is kept for how long, and the one place where the rest is deleted: by the API, by Dagster, by whoever comes to it.

What stays true: nothing that still waits for anybody is deleted, however old it is; of each connection's entity the
last sync that went well stays in the log, so that people can still see when that was; and one process does this at a time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from sync_core.store import allowance_leases, allowances, audit, conflicts, idempotency, inbox, locks, queue, sync_log

DONE_KEPT: Final = timedelta(days=30)
"""For so long one sees what became of a webhook, and of a sync that was asked for."""
LOG_KEPT: Final = timedelta(days=90)
"""For so long one sees every sync, and what became of fields that both sides had changed."""
AUDIT_KEPT: Final = timedelta(days=400)
"""For so long one sees who changed what: a year and some weeks."""
AT_ONCE: Final = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many of each were deleted."""

    requests: int
    callers: int
    limits: int
    events: int
    items: int
    syncs: int
    decided: int
    audited: int


def tidy(database: sa.Engine, *, now: datetime) -> Tidied | None:
    """Delete what was kept long enough. None when another process is at it. Raises SQLAlchemyError."""
    with database.connect() as guard, locks.only_one(guard, "tidy") as mine:
        if not mine:
            return None
        with database.begin() as conn:
            requests, callers = idempotency.forget_expired(conn, now=now), allowances.forget_full(conn, now=now)
            limits = allowance_leases.forget_unused(conn)
        with database.begin() as conn:
            events = inbox.forget_done(conn, before=now - DONE_KEPT)
            items = queue.forget_finished(conn, before=now - DONE_KEPT)
        syncs = _in_portions(database, lambda conn: sync_log.forget_old(conn, before=now - LOG_KEPT, most=AT_ONCE))
        decided = _in_portions(database, lambda conn: conflicts.forget_old(conn, before=now - LOG_KEPT, most=AT_ONCE))
        audited = _in_portions(database, lambda conn: audit.forget_old(conn, before=now - AUDIT_KEPT, most=AT_ONCE))
    tidied = Tidied(requests, callers, limits, events, items, syncs, decided, audited)
    _log.info("retention.tidied %s", tidied)
    return tidied


def _in_portions(database: sa.Engine, forget: Callable[[sa.Connection], int]) -> int:
    """Delete so many at once that nobody waits long for a lock; how many in all."""
    total = 0
    while True:
        with database.begin() as conn:
            gone = forget(conn)
        total += gone
        if gone < AT_ONCE:
            return total
