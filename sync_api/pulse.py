"""Who watches which venue in this process, and one ear at the database that wakes them.

What stays true: a watcher is woken at least once after every change that was committed after it began to watch; when
the ear was deaf for a moment (the database was away), everybody is woken.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator

import psycopg
import sqlalchemy as sa

from sync_core.store.pulse import venues_moved

AGAIN_SECONDS = 2.0
_log = logging.getLogger(__name__)


class Pulse:
    """Bells by venue; belongs to the event loop that runs `listen`."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self._bells: dict[str, set[asyncio.Event]] = {}
        self.stopping = False

    async def listen(self) -> None:
        """Wake watchers until cancelled, through every loss of the database."""
        while True:
            try:
                async for venue in venues_moved(self._database):
                    if venue is None:
                        self._wake_all()
                    else:
                        self._wake(venue)
            except psycopg.Error as lost:
                _log.warning("api.pulse_lost error=%s", type(lost).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    @contextlib.contextmanager
    def watching(self, venue: str) -> Iterator[asyncio.Event]:
        """A bell that rings when the venue's syncs move on, or when it is time to go."""
        bell = asyncio.Event()
        self._bells.setdefault(venue, set()).add(bell)
        try:
            yield bell
        finally:
            self._bells[venue].discard(bell)
            if not self._bells[venue]:
                del self._bells[venue]

    def stop(self) -> None:
        """Let every watcher go: the process is about to end."""
        self.stopping = True
        self._wake_all()

    def _wake(self, venue: str) -> None:
        for bell in self._bells.get(venue, ()):
            bell.set()

    def _wake_all(self) -> None:
        for bells in self._bells.values():
            for bell in bells:
                bell.set()
