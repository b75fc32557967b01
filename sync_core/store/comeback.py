"""Waiting for the database to come back, so that a restart of it ends nothing that may be done again.

What stays true: all threads of a process wait for the same loss together, so however many there are, none begins its
patience anew when the others have given up; a loss is over with the first connection that is made again, whoever
makes it; and what keeps failing is given up, however well the database answers.
"""

import threading
from collections import deque
from typing import Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from sync_core.clock import Clock
from sync_core.store.failures import failure_of

PATIENCE_SECONDS: Final = 120.0
"""So long after it was first missed the database is waited for: a restart, or a standby that takes its place."""
LOOK_EVERY: Final = 0.25
MOST_LOSSES: Final = 5
"""So often within `WINDOW_SECONDS` one task may be begun again."""
WINDOW_SECONDS: Final = 600.0


class Comeback:
    """What one process knows of whether its database is there. Thread-safe."""

    def __init__(self, database: sa.Engine, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._gone_since: float | None = None
        self._lock = threading.Lock()
        # Those who gave up look no more: the next loss must not be taken for a part of theirs.
        event.listen(database, "connect", self._there_again)

    def returned_after(self, error: BaseException) -> bool:
        """Whether what failed with `error` may be begun again; returns when the database answers or patience ends."""
        failure = failure_of(error)
        if failure is None or failure.trouble not in ("gone", "deadlock"):
            return False
        while not self._answers():
            with self._lock:
                now = self._clock.monotonic()
                if self._gone_since is None:
                    self._gone_since = now
                if now - self._gone_since >= PATIENCE_SECONDS:
                    return False
            self._clock.sleep(LOOK_EVERY)
        self._there_again()
        return True

    def _there_again(self, *_connection: object) -> None:
        with self._lock:
            self._gone_since = None

    def _answers(self) -> bool:
        try:
            with self._database.connect() as conn:
                conn.execute(sa.select(1))
        except SQLAlchemyError:
            return False
        return True


class Trials:
    """How often one task was begun again for the database's sake."""

    def __init__(self, comeback: Comeback, *, clock: Clock) -> None:
        self._comeback = comeback
        self._clock = clock
        self._losses: deque[float] = deque()

    def another(self, error: BaseException) -> bool:
        """Whether to begin again after `error`: see `Comeback.returned_after`. Not if that has been of no use lately."""
        now = self._clock.monotonic()
        while self._losses and now - self._losses[0] > WINDOW_SECONDS:
            self._losses.popleft()
        self._losses.append(now)
        return len(self._losses) <= MOST_LOSSES and self._comeback.returned_after(error)
