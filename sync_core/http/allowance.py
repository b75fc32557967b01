"""What a provider allows one of its accounts, and how much of it is left: counted here, or by the database for everybody.

A limit is so many calls in a window of so many seconds. Short windows are paced: permits come evenly, with a small burst.
Long ones are counted: all of a window's permits may go at its start, as the provider counts them, and a first sync need
not wait for them one by one.

Stays true: no window, wherever it begins, has more calls than the provider allows, though a permit may be used up to
`LEASE_SECONDS` after it was given. `sync.take_permits` (migration 0007) does the same sums in the database.
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
"""How long a permit is good for after it was given."""
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
    """`permits` to be used within the lease; where there are none, `wait` is when some will be there, in seconds."""

    permits: int
    wait: float = 0.0


class Allowance(Protocol):
    """What is left of one account's limits. Shared by threads, and where it is kept in the database by processes."""

    def take(self, limits: Sequence[Limit], wanted: int) -> Grant:
        """Up to `wanted` permits, each of which counts against every one of `limits`."""
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

    def available(self, limit: Limit, wanted: int, now: float) -> Grant:
        """How many permits there are, without taking any; the wait is for as many as are wanted or half a burst."""
        if limit.paced:
            interval, start = self._pace(limit, now)
            permits = math.floor((now - start) / interval + 1.0 + _HAIR)
            worth_asking = max(1, min(wanted, math.floor(limit.burst / 2)))
            return Grant(max(0, permits), max(0.0, start + (worth_asking - 1) * interval - now))
        self._forget(limit, now)
        most = max(1, math.floor(limit.amount * SHARE * self.share(now) + _HAIR))
        left = most - sum(self.given.values())
        if left > 0:
            return Grant(left)
        return Grant(0, _gone(limit, min(self.given)) - now)

    def use(self, limit: Limit, permits: int, now: float) -> None:
        """Take permits that `available` has shown for the same moment."""
        if limit.paced:
            interval, start = self._pace(limit, now)
            self.free_at = start + permits * interval
        else:
            part = math.floor(now / (limit.seconds / SLICES))
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

        What lies further ahead than one permit was written by a clock that has since been set back.
        """
        interval = limit.seconds / (limit.amount * SHARE * self.share(now))
        earliest = now - (limit.burst - 1.0) * interval
        return interval, max(earliest, min(self.free_at, now + interval))

    def _forget(self, limit: Limit, now: float) -> None:
        present = math.floor(now / (limit.seconds / SLICES))
        self.given = {part: n for part, n in self.given.items() if part <= present and _gone(limit, part) > now}


def _gone(limit: Limit, part: int) -> float:
    """When permits that were given in this slice of time count no more: a window after the last use of any of them."""
    return (part + 1) * (limit.seconds / SLICES) + LEASE_SECONDS + limit.seconds


class OwnAllowance:
    """An account's allowance counted in this process alone, for whoever calls without a database."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._meters: dict[str, Meter] = {}
        self._lock = threading.Lock()

    def take(self, limits: Sequence[Limit], wanted: int) -> Grant:
        """See `Allowance`."""
        with self._lock:
            now = self._clock.monotonic()
            meters = [self._meters.setdefault(limit.name, Meter()) for limit in limits]
            found = [meter.available(limit, wanted, now) for limit, meter in zip(limits, meters, strict=True)]
            permits = min([wanted, *(grant.permits for grant in found)])
            if permits == 0:
                return Grant(0, max(grant.wait for grant in found))
            for limit, meter in zip(limits, meters, strict=True):
                meter.use(limit, permits, now)
            return Grant(permits)

    def lower(self, limit: Limit) -> None:
        """See `Allowance`."""
        with self._lock:
            self._meters.setdefault(limit.name, Meter()).lower(self._clock.monotonic())
