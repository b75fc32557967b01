"""How fast we call: permits of one account, taken from its allowance a few at a time and handed out to the threads.

Stays true: an allowance is asked for permits that threads wait for, or that the last lease shows to be needed within the
next one, so that it is asked at most once per lease and endpoint when there is enough, and nothing is taken to lie about
when there is not. Nobody sleeps, and nobody asks, while holding the lock.
"""

import threading
from collections import deque
from dataclasses import dataclass, field

from sync_core.clock import Clock
from sync_core.http.allowance import LEASE_SECONDS, Allowance, Limit, limits_of
from sync_core.spec.provider import RateSpec

MOST_AT_ONCE = 1000
"""So many permits at most are taken together."""
SCARCE_SECONDS = 0.5
"""After there was not enough, others may be waiting too: for so long only what threads wait for is taken."""


@dataclass(slots=True)
class _Lease:
    """The permits in hand for one endpoint, who waits for one, and whether somebody is out to get more.

    `taken` permits came with it, of which some are `left`; `promised` of them were taken for threads that waited: a thread that is slow to wake does not lose its permit.
    """

    limits: tuple[Limit, ...]
    times: deque[float] = field(default_factory=deque[float])
    promised: int = 0
    until: float = 0.0
    taken: int = 0
    scarce_until: float = 0.0
    waiting: int = 0
    asking: bool = False
    news: threading.Condition = field(default_factory=threading.Condition)


class Limiter:
    """The permits of one account; shared by all sessions and threads of this process that call it."""

    def __init__(self, rate: RateSpec, allowance: Allowance, *, clock: Clock) -> None:
        self._rate = rate
        self._allowance = allowance
        self._clock = clock
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.Lock()

    def acquire(self, endpoint: str) -> None:
        """Return as soon as one more call to the endpoint may leave; waits on the clock. Raises what the allowance does."""
        lease = self._lease(endpoint)
        if not lease.limits:
            return
        with lease.news:
            lease.waiting += 1
            try:
                while (moment := self._taken(lease)) is None:
                    if lease.asking:
                        lease.news.wait()
                    else:
                        self._ask(lease)
            finally:
                lease.waiting -= 1
        seconds = moment - self._clock.monotonic()
        if seconds > 0:
            self._clock.sleep(seconds)

    def throttled(self, endpoint: str) -> None:
        """The provider answered 429 on this endpoint: slow its narrowest limit down, for everybody."""
        lease = self._lease(endpoint)
        if not lease.limits:
            return
        with lease.news:
            lease.times.clear()
        self._allowance.lower(lease.limits[0])

    def _lease(self, endpoint: str) -> _Lease:
        with self._lock:
            if endpoint not in self._leases:
                self._leases[endpoint] = _Lease(limits_of(self._rate, endpoint))
            return self._leases[endpoint]

    def _taken(self, lease: _Lease) -> float | None:
        """When the next permit in hand may be used; None when there is none."""
        while lease.times:
            moment = lease.times.popleft()
            lease.promised -= 1
            if lease.promised >= 0 or self._clock.monotonic() < moment + LEASE_SECONDS:
                return moment
        return None

    def _ask(self, lease: _Lease) -> None:
        """Get permits, or wait for as long as there are none; entered and left with the lease's lock held."""
        waiting = lease.waiting
        wanted = min(MOST_AT_ONCE, max(waiting, self._foreseen(lease)))
        lease.asking = True
        lease.times.clear()
        lease.news.release()
        try:
            grant = self._allowance.take(lease.limits, wanted, waiting=waiting)
            now = self._clock.monotonic()
            if grant.permits == 0:
                self._clock.sleep(grant.wait)
        finally:
            lease.news.acquire()
            lease.asking = False
            lease.news.notify_all()
        last = grant.first + (grant.permits - 1) * grant.step
        lease.times.extend(now + max(0.0, grant.first + place * grant.step) for place in range(grant.permits))
        lease.promised = min(grant.permits, lease.waiting)
        lease.taken = grant.permits
        lease.until = now + LEASE_SECONDS
        if grant.permits < wanted or last > 0:
            lease.scarce_until = now + SCARCE_SECONDS

    def _foreseen(self, lease: _Lease) -> int:
        """How many calls the next lease will see, by the last one: twice as many if all were used before its end."""
        now, used = self._clock.monotonic(), lease.taken - len(lease.times)
        if now < lease.scarce_until:
            return 1
        return 2 * used if now < lease.until and not lease.times else used
