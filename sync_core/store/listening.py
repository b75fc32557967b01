"""Hearing at once that there is something to do: PostgreSQL's LISTEN, on a connection and a thread of its own."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

_HEARTBEAT = 0.5
_log = logging.getLogger(__name__)


@contextmanager
def bell(database: sa.Engine, channel: str) -> Iterator[threading.Event]:
    """An event that is set whenever something is announced on `channel`; whoever waits for it clears it.

    Should the connection be lost nothing rings any more, so nobody may wait for it without end.
    """
    rung, leaving = threading.Event(), threading.Event()
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        connection: Any = conn.connection.driver_connection
        own = f"{channel}_{connection.info.backend_pid}"
        for name in (channel, own):
            conn.execute(sa.text(f"LISTEN {name}"))
        thread = threading.Thread(target=_listen, args=(connection, rung, leaving), name=f"bell-{channel}", daemon=True)
        thread.start()
        try:
            yield rung
        finally:
            leaving.set()
            with suppress(SQLAlchemyError), database.begin() as caller:
                caller.execute(sa.select(sa.func.pg_notify(own, "")))  # or the listener notices only after a while
            thread.join()
            if not connection.closed:
                conn.execute(sa.text("UNLISTEN *"))


def _listen(connection: Any, rung: threading.Event, leaving: threading.Event) -> None:
    try:
        while not leaving.is_set():
            for _ in connection.notifies(timeout=_HEARTBEAT, stop_after=1):
                rung.set()
    except psycopg.Error:
        _log.warning("listening.lost: what is announced is found by looking now and then")
