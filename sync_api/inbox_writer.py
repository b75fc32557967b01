"""Many webhooks in one statement: while groups are being written the next gathers, and each is answered after its commit.

What must stay true: `store` returns only when the events are committed; a group that fails is tried one by one, so
that nobody's webhook is refused for another one's sake.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from sync_api.errors import Refused
from sync_core.store import inbox
from sync_core.store.inbox import Arrival

MOST_WAITING = 5_000
MOST_AT_ONCE = 500
WRITERS = 2
"""Groups under way at once: while the disk confirms one, the other is on its way to the database."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """The events of one webhook, and where its request waits."""

    arrivals: Sequence[Arrival]
    stored: asyncio.Future[None] = field(repr=False)


class InboxWriter:
    """One per process and event loop; each group travels in a thread and on a connection that are kept for it."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self._waiting: list[_Parcel] = []
        self._writing: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="inbox")
        self._idle: list[sa.Connection] = []

    async def store(self, arrivals: Sequence[Arrival]) -> None:
        """Return when these events are committed.

        Raises:
            Refused: so many webhooks wait already that this one would wait too long; the provider sends it again.
            DBAPIError: the database refuses, or does not answer.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Refused("SERVICE_UNAVAILABLE", "Too many webhooks wait to be stored: send it again.", retry_after=5)
        parcel = _Parcel(arrivals, asyncio.get_running_loop().create_future())
        self._waiting.append(parcel)
        # One that has ended may still be in the set: only those that will look at what waits count.
        if sum(not task.done() for task in self._writing) < WRITERS:
            task = asyncio.create_task(self._write())
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        await parcel.stored

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            error = await self._tried(group)
            for parcel in group:
                # Whose request was given up by its sender has nobody waiting; the events are kept all the same.
                told = await self._tried([parcel]) if error is not None and len(group) > 1 else error
                if not parcel.stored.done():
                    parcel.stored.set_result(None) if told is None else parcel.stored.set_exception(told)

    async def _tried(self, group: Sequence[_Parcel]) -> Exception | None:
        arrivals = [arrival for parcel in group for arrival in parcel.arrivals]
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._store, arrivals)
        except Exception as error:  # noqa: BLE001 - it becomes the answer of the requests that wait
            return error
        return None

    def _store(self, arrivals: Sequence[Arrival]) -> None:
        """In a writer's thread. Storing is one statement, so it needs no transaction around it, nor its round trips."""
        try:
            self._store_on(self._idle.pop() if self._idle else self._database.connect(), arrivals)
        except DBAPIError as lost:
            if not lost.connection_invalidated:
                raise
            # The database was restarted since the connection was last used; an event that was stored is not stored twice.
            self._store_on(self._database.connect(), arrivals)

    def _store_on(self, conn: sa.Connection, arrivals: Sequence[Arrival]) -> None:
        try:
            inbox.store(conn.execution_options(isolation_level="AUTOCOMMIT"), arrivals)
            conn.commit()
        except BaseException:
            conn.close()  # whatever is wrong with it, the pool looks at it before it is used again
            raise
        self._idle.append(conn)

    def close(self) -> None:
        """Give the connections back, after the last group."""
        self._threads.shutdown()
        while self._idle:
            self._idle.pop().close()
