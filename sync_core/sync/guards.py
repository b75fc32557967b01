"""What stands between us and each provider account, shared by all sessions of this process and, by the database, by all others.

Stays true: while providers are well the database is asked for permits and, once in a while, for breakers that are open;
nothing is written about breakers, and nobody asks anything while no call is made.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

import sqlalchemy as sa

from sync_core.clock import Clock, SystemClock
from sync_core.errors import TransientError
from sync_core.http.breaker import FAILURES, TRIAL_SECONDS, Pause
from sync_core.http.limiter import Limiter
from sync_core.http.session import Guard
from sync_core.http.slots import Lanes
from sync_core.spec.provider import RateSpec
from sync_core.store import alerts, breakers
from sync_core.store.allowance_leases import SharedAllowance
from sync_core.store.breakers import Standing
from sync_core.store.database import at_once
from sync_core.store.slots import SlotKeeper
from sync_core.trouble import Severity

FRESH_SECONDS: Final = 1.0
"""So old may be what we know of the breakers."""
BREAKER: Final = "breaker_open"
"""The kind of the alert about an open breaker, whose subject is the breaker's name."""
_log = logging.getLogger(__name__)


def severity_of(name: str) -> Severity:
    """How bad it is that this breaker is open: a provider's own stops all of its venues."""
    return "critical" if _is_of_a_provider(name) else "warning"


def told_of(name: str, reason: str) -> str:
    """For people: that this breaker is open, and why."""
    whom = "calls of several accounts" if _is_of_a_provider(name) else "its calls"
    return f"{name} is called by single trials only, because {whom} failed in a row ({reason}); calls resume by themselves."


def _is_of_a_provider(name: str) -> bool:
    return name.count("/") == 1


class Guards:
    """The guards that all processes on one database share. One account's sessions in this process have one limiter."""

    def __init__(self, database: sa.Engine, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._board = Board(database)
        self._slots = SlotKeeper(database)
        self._guards: WeakValueDictionary[str, Guard] = WeakValueDictionary()
        self._lock = threading.Lock()

    def of(
        self, account: str, *, system: str, rate: RateSpec, simultaneous: int | None = None, alone: Sequence[str] = ()
    ) -> Guard:
        """The guard of `account` ("stripe/production/acct_1"), one of the accounts of `system` ("stripe/production")."""
        with self._lock:
            guard = self._guards.get(account)
            if guard is None:
                limiter = Limiter(rate, SharedAllowance(self._database, account), clock=self._clock)
                slots = self._slots.of(account)
                lanes = Lanes(slots, simultaneous=simultaneous, alone=alone, clock=self._clock)
                guard = Guard(limiter, SharedBreaker(self._board, account, system=system), lanes)
                self._guards[account] = guard
            return guard


class Board:
    """The breakers that have something to say, as they were not long ago."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        # The breakers go by the database's clock, so what is known of them ages in real time, too.
        self._monotonic = SystemClock().monotonic
        self._known: Mapping[str, Standing] = {}
        self._read_at = -FRESH_SECONDS
        self._reading = threading.Lock()

    def look(self, name: str) -> Standing | None:
        """How a breaker stands; None when it has nothing to say."""
        if self._monotonic() - self._read_at >= FRESH_SECONDS and self._reading.acquire(blocking=False):
            try:
                self.read()
            finally:
                self._reading.release()
        return self._known.get(name)

    def read(self) -> None:
        """Ask the database how they stand now."""
        with at_once(self._database) as conn:
            self._known = {standing.name: standing for standing in breakers.standing(conn)}
        self._read_at = self._monotonic()

    def left(self, standing: Standing) -> float:
        """For how many seconds more nobody calls."""
        return standing.left - (self._monotonic() - self._read_at)

    def fail(self, account: str, system: str, reason: str) -> None:
        """A call of an account failed: it counts for the account and, within bounds, for the whole provider."""
        with at_once(self._database) as conn:
            for name, most in ((account, FAILURES), (system, breakers.MOST_OF_ONE_ACCOUNT)):
                if breakers.fail(conn, name, account=account, most_each=most, reason=reason):
                    _log.warning("breaker.opened breaker=%s reason=%s", name, reason)
                    message, severity = told_of(name, reason), severity_of(name)
                    alerts.tell(
                        conn, connection_id=None, kind=BREAKER, subject=name, severity=severity, message=message
                    )
        self.read()

    def succeed(self, names: Sequence[str]) -> None:
        """A call succeeded that these breakers wait for."""
        with at_once(self._database) as conn:
            for name in names:
                if breakers.succeed(conn, name):
                    _log.warning("breaker.closed breaker=%s", name)
                    alerts.close(conn, connection_id=None, kinds=(BREAKER,), subject=name)
        self.read()

    def try_again(self, name: str) -> bool:
        """Whether the caller is the one who tries whether it is over."""
        with at_once(self._database) as conn:
            return breakers.try_again(conn, name)

    def give_up_trying(self, names: Sequence[str]) -> None:
        """Whoever tried found out nothing."""
        with at_once(self._database) as conn:
            breakers.give_up_trying(conn, names)


class SharedBreaker:
    """The breakers of one account and of its provider, as one: a `sync_core.http.breaker.Breaker`."""

    def __init__(self, board: Board, account: str, *, system: str) -> None:
        self._board = board
        self._account = account
        self._system = system

    @property
    def open(self) -> bool:
        """See `Breaker`."""
        return any(self._board.left(standing) > 0 for standing in self._opened())

    def admit(self) -> Pause | None:
        """See `Breaker`. Raises TransientError when the database cannot be asked."""
        claimed: list[str] = []
        for standing in self._opened():
            left = self._board.left(standing)
            if left <= 0 and self._board.try_again(standing.name):
                claimed.append(standing.name)
                continue
            if claimed:
                self._board.give_up_trying(claimed)
            widely = standing.name == self._system
            return Pause(left, widely) if left > 0 else Pause(TRIAL_SECONDS, widely, trying=True)
        return None

    def succeeded(self) -> None:
        """See `Breaker`. Raises as `admit`."""
        waiting = [name for name in (self._system, self._account) if self._board.look(name) is not None]
        if waiting:
            self._board.succeed(waiting)

    def failed(self, reason: str) -> None:
        """See `Breaker`. Raises as `admit`."""
        self._board.fail(self._account, self._system, reason)

    def abandoned(self) -> None:
        """See `Breaker`; it does its best, since it is called while something else is being raised."""
        names = [standing.name for standing in self._opened()]
        if names:
            with suppress(TransientError):
                self._board.give_up_trying(names)

    def _opened(self) -> list[Standing]:
        found = (self._board.look(name) for name in (self._system, self._account))
        return [standing for standing in found if standing is not None and standing.opened_at is not None]
