"""Many webhooks in one transaction: while one group is being written the next gathers, and each is answered after its commit.

What must stay true: `store` returns only when the events are committed; a group that fails is tried one by one, so
that nobody's webhook is refused for another one's sake.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync_api.errors import Refused
from sync_core.store import inbox
from sync_core.store.inbox import Arrival

MOST_WAITING = 5_000
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Parcel:
    """The events of one webhook, and where its request waits."""

    arrivals: Sequence[Arrival]
    stored: asyncio.Future[None] = field(repr=False)


class InboxWriter:
    """One per process and event loop; writes with one thread and one connection at a time."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self._waiting: list[_Parcel] = []
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._conn: sa.Connection | None = None

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
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
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
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store, arrivals)
        except (DBAPIError, PoolTimeout) as error:
            return error
        return None

    def _store(self, arrivals: Sequence[Arrival]) -> None:
        """In the writer's thread, on a connection that is kept: to fetch one from the pool costs a round trip."""
        conn = self._conn or self._database.connect()
        self._conn = None
        try:
            with conn.begin():
                inbox.store(conn, arrivals)
        except BaseException:
            conn.close()  # whatever is wrong with it, the pool looks at it before it is used again
            raise
        self._conn = conn

    def close(self) -> None:
        """Give the connection back, after the last group."""
        self._thread.shutdown()
        if self._conn is not None:
            self._conn.close()
