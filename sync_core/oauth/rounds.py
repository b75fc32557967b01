"""Going round: every token that is due is refreshed, many at a time, before whoever needs it has to wait for it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError

from sync_core.errors import SyncError
from sync_core.oauth.host import Host
from sync_core.oauth.refreshing import renewed
from sync_core.store import tokens
from sync_core.store.connections import Connection

WORKERS: Final = 8
LOOKAHEAD: Final = timedelta(minutes=1)
"""What is due so soon is refreshed by the run of now, not by one more."""
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of one connection's turn; `error` is a sentence when its tokens could not be refreshed."""

    label: str
    error: str | None = None


def refresh_due(
    host: Host,
    *,
    lookahead: timedelta = timedelta(0),
    workers: int = WORKERS,
    on_visit: Callable[[Visit], None] = lambda _: None,
) -> list[Visit]:
    """Refresh all tokens that are due within `lookahead`, `workers` at a time; each connection has one turn.

    A connection's trouble does not raise: it is told in its visit, and counted where it belongs. `on_visit` is called
    in the caller's thread.
    """
    visits: list[Visit] = []
    seen: set[int] = set()
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="tokens") as pool:
        while True:
            now = host.clock.now()
            with host.database.connect() as conn:
                found = tokens.due(conn, before=now + lookahead, now=now, limit=len(seen) + _AT_ONCE)
            fresh = [(connection, version) for connection, version in found if connection.id not in seen]
            if not fresh:
                return visits
            seen.update(connection.id for connection, _ in fresh)
            for visit in pool.map(lambda one: _visit(host, *one), fresh):
                on_visit(visit)
                visits.append(visit)


def _visit(host: Host, connection: Connection, version: int) -> Visit:
    try:
        renewed(host, connection, seen=version)
    except SyncError as failed:
        return Visit(connection.label, error=str(failed))
    except DBAPIError:
        return Visit(connection.label, error=f"The database failed while {connection.label} was refreshed; try again.")
    return Visit(connection.label)
