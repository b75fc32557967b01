"""Who calls a provider's account at this moment: a slot is a PostgreSQL session lock, which dies with its process.

A process has one connection for the slots of all its accounts, and has it only while it holds any. A crash frees them at
once, and a host that vanished within two minutes (the keep-alives of `open_engine`). A restart of the database
frees all of them, while calls may be under way: for so long there may be more calls than slots.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sync_core.store.failures import failure_of

# Taking stops at the first `wanted` that nobody has: the function is asked row by row, and the rows have an order.
# OFFSET 0 keeps the two conditions apart. PostgreSQL asks the cheaper one first, and a slot of our own can be locked a
# second time: that lock would be nobody's to give back.
_TAKE = sa.text(
    "SELECT slot FROM (SELECT slot FROM generate_series(1, :most) AS slot "
    "WHERE NOT slot = ANY(CAST(:besides AS integer[])) OFFSET 0) AS others "
    "WHERE pg_try_advisory_lock(hashtext('venue-sync:slot:' || :whose), slot) LIMIT :wanted"
)
_GIVE_BACK = sa.text(
    "SELECT pg_advisory_unlock(hashtext('venue-sync:slot:' || :whose), slot) "
    "FROM unnest(CAST(:slots AS integer[])) AS slot"
)


class SlotKeeper:
    """The slots that this process holds, of all accounts. Thread-safe."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._conn: sa.Connection | None = None
        self._held: Counter[str] = Counter()

    def of(self, account: str) -> "SharedSlots":
        """The slots of one account ("mailchimp/production/acct_1")."""
        return SharedSlots(self, account)

    def take(self, whose: str, *, most: int, besides: Sequence[int], wanted: int) -> list[int]:
        """See `sync_core.http.slots.Slots`. Raises DatabaseFailure when the database cannot be asked."""
        with self._lock:
            try:
                if self._conn is None:
                    self._conn = self._database.execution_options(isolation_level="AUTOCOMMIT").connect()
                asked = {"whose": whose, "most": most, "besides": list(besides), "wanted": wanted}
                found = list(self._conn.execute(_TAKE, asked).scalars())
            except SQLAlchemyError as lost:
                self._lose()
                raise failure_of(lost) or lost from None
            self._held[whose] += len(found)
            self._rest()
            return found

    def give_back(self, whose: str, slots: Sequence[int]) -> None:
        """See `sync_core.http.slots.Slots`; a lost connection has given them back already."""
        with self._lock:
            if self._conn is None:
                return
            try:
                had = sum(self._conn.execute(_GIVE_BACK, {"whose": whose, "slots": list(slots)}).scalars())
            except DBAPIError:
                self._lose()
                return
            self._held[whose] -= had  # fewer, where the connection was lost since they were taken
            self._rest()

    def _rest(self) -> None:
        """Keep no connection for nothing."""
        if self._conn is not None and not self._held.total():
            self._conn.close()
            self._conn = None

    def _lose(self) -> None:
        """A connection that failed must not go back to the others with locks on it."""
        self._held.clear()
        if self._conn is not None:
            with suppress(SQLAlchemyError):
                self._conn.invalidate()
                self._conn.close()
            self._conn = None


class SharedSlots:
    """The slots of one account as all processes share them: a `sync_core.http.slots.Slots`."""

    def __init__(self, keeper: SlotKeeper, account: str) -> None:
        self._keeper = keeper
        self._account = account

    def take(self, name: str, *, most: int, besides: Sequence[int], wanted: int) -> list[int]:
        """See `Slots`. Raises as `SlotKeeper.take`."""
        return self._keeper.take(f"{self._account}:{name}", most=most, besides=besides, wanted=wanted)

    def give_back(self, name: str, slots: Sequence[int]) -> None:
        """See `Slots`."""
        self._keeper.give_back(f"{self._account}:{name}", slots)
