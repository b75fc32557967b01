"""What a provider allows one of its accounts, and how much of it is left: counted here, or by the database for everybody.

A limit is so many calls in a window of so many seconds. Short windows are paced: permits come evenly, with a small burst.
Long ones are counted: all of a window's permits may go at its start, as the provider counts them, and a first sync need
not wait for them one by one.

Stays true: no window, wherever it begins, has more calls than the provider allows, though a permit may be used up to
`LEASE_SECONDS` after its time. `sync.take_permits` (migration 0007) does the same sums in the database.
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sync_core.clock import Clock
from sync_core.spec.provider import RateSpec

SHARE: Final = 0.9
"""The part of the allowance that we use on average."""
LEASE_SECONDS: Final = 0.05
"""How long a permit is good for after its time has come."""
AHEAD_SECONDS: Final = 2.0
"""So far ahead permits are given to threads that wait, where one paced limit alone says when; they need not ask twice."""
SLICES: Final = 100
"""Into so many parts a counted window is divided; a permit comes back when the part it was given in is a window old."""
FALL: Final = 0.5
"""What is left of a limit after a throttled call."""
FLOOR: Final = 0.05
"""A limit never falls below this part of the full one."""
RECOVERY_SECONDS: Final = 60.0
"""How long a limit takes to climb from nothing back to the full one, in a straight line."""
FALL_ONCE_IN_SECONDS: Final = 1.0
"""Calls throttled together are one piece of news: the limit falls once for all of them."""
_HAIR: Final = 1e-6  # what rounding may take from a permit
SHORT_SECONDS: Final = 10.0
"""Windows below this are paced, longer ones counted."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`amount` calls in any `seconds`, as the provider says it; we use `SHARE` of it. `name` is unique in the account."""

    name: str
    amount: float
    seconds: float

    @property
    def paced(self) -> bool:
        """Whether permits come evenly, because the window is short."""
        return self.seconds < SHORT_SECONDS

    @property
    def burst(self) -> float:
        """How many permits of a paced limit may come at once: what the share and late use leave of the window."""
        return 1.0 + self.amount * (1.0 - SHARE - SHARE * LEASE_SECONDS / self.seconds)


@dataclass(frozen=True, slots=True)
class Grant:
    """Permits whose times come after `first`, `first + step`, `first + 2 * step` ... seconds from now, at once if negative.

    Where there are none, `wait` says after how many seconds it is worth asking again.
    """

    permits: int
    wait: float = 0.0
    first: float = 0.0
    step: float = 0.0


class Allowance(Protocol):
    """What is left of one account's limits. Shared by threads, and where it is kept in the database by processes."""

    def take(self, limits: Sequence[Limit], wanted: int, *, waiting: int) -> Grant:
        """Up to `wanted` permits, each of which counts against every one of `limits`.

        Only as many as threads are `waiting` have times ahead; what is wanted beyond must be there now.
        """
        ...

    def lower(self, limit: Limit) -> None:
        """The provider throttled us: go on with half of this limit, and climb back."""
        ...


def limits_of(rate: RateSpec, endpoint: str) -> tuple[Limit, ...]:
    """The limits that a call to `endpoint` ("GET /v1/products/{id}") counts against, the narrowest first."""
    found: list[Limit] = []
    if endpoint in rate.per_minute:
        found.append(Limit(f"{endpoint} per minute", rate.per_minute[endpoint], 60.0))
    if rate.per_endpoint_per_second is not None:
        found.append(Limit(f"{endpoint} per second", rate.per_endpoint_per_second, 1.0))
    if rate.per_second is not None:
        found.append(Limit("all per second", rate.per_second, 1.0))
    if rate.all_per_minute is not None:
        found.append(Limit("all per minute", rate.all_per_minute, 60.0))
    return tuple(found)


@dataclass(slots=True)
class Meter:
    """How much of one limit is used. Times are seconds of one clock, given by the caller; not thread-safe by itself.

    `free_at` is the moment of the next free permit of a paced limit (the generic cell rate algorithm); `given` counts
    the permits of a counted one by the slice of time they were given in; `low` is what was left when it was last lowered.
    """

    free_at: float = -math.inf
    given: dict[int, int] = field(default_factory=dict[int, int])
    low: float = 1.0
    lowered_at: float = -math.inf

    def share(self, now: float) -> float:
        """The part of the limit that we may use at this moment, for what the provider threw back at us lately."""
        return min(1.0, self.low + max(0.0, now - self.lowered_at) / RECOVERY_SECONDS)

    def available(self, limit: Limit, now: float, *, wanted: int, ahead: float) -> "_Available":
        """How many permits there are, without taking any; the wait is for as many as are wanted or half a burst."""
        if limit.paced:
            interval, start = self._pace(limit, now)
            worth_asking = max(1, min(wanted, math.floor(limit.burst / 2)))
            return _Available(
                now=max(0, math.floor((now - start) / interval + 1.0 + _HAIR)),
                ahead=max(0, math.floor((now + ahead - start) / interval + 1.0 + _HAIR)),
                wait=max(0.0, start + (worth_asking - 1) * interval - ahead - now),
                first=start - now,
                step=interval,
            )
        self._forget(limit, now)
        left = max(0, max(1, math.floor(limit.amount * SHARE * self.share(now) + _HAIR)) - sum(self.given.values()))
        return _Available(left, left, wait=0.0 if left else _gone(limit, min(self.given)) - now)

    def use(self, limit: Limit, permits: int, now: float, *, last_at: float) -> None:
        """Take permits that `available` has shown for the same moment, of which the last one's time is `last_at`."""
        if limit.paced:
            interval, start = self._pace(limit, now)
            self.free_at = start + permits * interval
        else:
            part = math.floor(last_at / (limit.seconds / SLICES))
            self.given[part] = self.given.get(part, 0) + permits

    def lower(self, now: float) -> None:
        """Go on with half of what there is, from an empty bucket."""
        if self.low < 1.0 and now - self.lowered_at < FALL_ONCE_IN_SECONDS:
            return
        self.low = max(FLOOR, self.share(now) * FALL)
        self.lowered_at = now
        self.free_at = max(self.free_at, now)

    def _pace(self, limit: Limit, now: float) -> tuple[float, float]:
        """Seconds from permit to permit, and when the first one that is left came or will come.

        What lies further ahead than permits are given was written by a clock that has since been set back.
        """
        interval = limit.seconds / (limit.amount * SHARE * self.share(now))
        earliest = now - (limit.burst - 1.0) * interval
        return interval, max(earliest, min(self.free_at, now + AHEAD_SECONDS + interval))

    def _forget(self, limit: Limit, now: float) -> None:
        present = math.floor((now + AHEAD_SECONDS) / (limit.seconds / SLICES))
        self.given = {part: n for part, n in self.given.items() if part <= present and _gone(limit, part) > now}


def _gone(limit: Limit, part: int) -> float:
    """When permits that were given in this slice of time count no more: a window after the last use of any of them."""
    return (part + 1) * (limit.seconds / SLICES) + LEASE_SECONDS + limit.seconds


@dataclass(frozen=True, slots=True)
class _Available:
    """What one limit has: permits for now, and with those ahead; when they come, or when it is worth asking again."""

    now: int
    ahead: int
    wait: float
    first: float = 0.0
    step: float = 0.0


class OwnAllowance:
    """An account's allowance counted in this process alone, for whoever calls without a database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._meters: dict[str, Meter] = {}
        self._lock = threading.Lock()

    def take(self, limits: Sequence[Limit], wanted: int, *, waiting: int) -> Grant:
        """See `Allowance`."""
        with self._lock:
            now = self._clock.monotonic()
            meters = [self._meters.setdefault(limit.name, Meter()) for limit in limits]
            # Times ahead that come from two paces would leave gaps in one of them.
            ahead = AHEAD_SECONDS if sum(limit.paced for limit in limits) == 1 else 0.0
            found = [
                meter.available(limit, now, wanted=wanted, ahead=ahead)
                for limit, meter in zip(limits, meters, strict=True)
            ]
            in_time = min(waiting, *(one.ahead for one in found)) if ahead else 0
            permits = min(wanted, max(in_time, min(one.now for one in found)))
            if permits == 0:
                return Grant(0, wait=max(one.wait for one in found))
            pace = next((one for one in found if one.step and ahead), None)
            first, step = (pace.first, pace.step) if pace else (0.0, 0.0)
            last_at = now + max(0.0, first + (permits - 1) * step)
            for limit, meter in zip(limits, meters, strict=True):
                meter.use(limit, permits, now, last_at=last_at)
            return Grant(permits, first=first, step=step)

    def lower(self, limit: Limit) -> None:
        """See `Allowance`."""
        with self._lock:
            self._meters.setdefault(limit.name, Meter()).lower(self._clock.monotonic())
