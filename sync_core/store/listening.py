"""Hearing at once that there is something to do: PostgreSQL's LISTEN, on a connection and a thread of its own.

Stays true: what is announced while the connection is lost is not missed, for it rings once when it listens again.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

_HEARTBEAT = 0.5
_AGAIN_SECONDS = 1.0
_log = logging.getLogger(__name__)


@contextmanager
def bell(database: sa.Engine, channel: str) -> Iterator[threading.Event]:
    """An event that is set whenever something is announced on `channel`; whoever waits for it clears it.

    It is deaf while the database is away, so nobody may wait for it without end.
    """
    ear = _Ear(database, channel)
    ear.begin()
    try:
        yield ear.rung
    finally:
        ear.end()


class _Ear:
    """A thread that listens until it is told to leave, through every loss of the database."""

    def __init__(self, database: sa.Engine, channel: str) -> None:
        self.rung = threading.Event()
        self._database = database
        self._channel = channel
        self._leaving = threading.Event()
        self._listening = threading.Event()
        self._own = ""
        self._thread = threading.Thread(target=self._run, name=f"bell-{channel}", daemon=True)

    def begin(self) -> None:
        """Return when it listens, or when it is clear that it cannot yet."""
        self._thread.start()
        self._listening.wait()

    def end(self) -> None:
        self._leaving.set()
        if self._own:
            with suppress(SQLAlchemyError), self._database.begin() as caller:
                caller.execute(sa.select(sa.func.pg_notify(self._own, "")))  # or it notices only after a while
        self._thread.join()

    def _run(self) -> None:
        while not self._leaving.is_set():
            try:
                self._listen()
            except (SQLAlchemyError, psycopg.Error):
                _log.warning("listening.lost channel=%s: until it is back, changes are found by looking", self._channel)
            finally:
                self._listening.set()
            self._leaving.wait(_AGAIN_SECONDS)

    def _listen(self) -> None:
        with self._database.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            connection: Any = conn.connection.driver_connection
            self._own = f"{self._channel}_{connection.info.backend_pid}"
            for name in (self._channel, self._own):
                conn.execute(sa.text(f"LISTEN {name}"))
            if self._listening.is_set():
                self.rung.set()  # something may have been announced while nobody listened
            self._listening.set()
            while not self._leaving.is_set():
                for _ in connection.notifies(timeout=_HEARTBEAT, stop_after=1):
                    self.rung.set()
            conn.execute(sa.text("UNLISTEN *"))
