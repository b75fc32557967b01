"""How fast we call: permits of one account, taken from its allowance a few at a time and handed out to the threads.

Stays true: an allowance is asked for permits that threads wait for, or that the last lease shows to be needed within the
next one, so that it is asked at most once per lease and endpoint when there is enough, and nothing is taken to lie about
when there is not. Nobody sleeps, and nobody asks, while holding the lock.
"""

import threading
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
    left: int = 0
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
                while not self._taken(lease):
                    if lease.asking:
                        lease.news.wait()
                    else:
                        self._ask(lease)
            finally:
                lease.waiting -= 1

    def throttled(self, endpoint: str) -> None:
        """The provider answered 429 on this endpoint: slow its narrowest limit down, for everybody."""
        lease = self._lease(endpoint)
        if not lease.limits:
            return
        with lease.news:
            lease.left = 0
        self._allowance.lower(lease.limits[0])

    def _lease(self, endpoint: str) -> _Lease:
        with self._lock:
            if endpoint not in self._leases:
                self._leases[endpoint] = _Lease(limits_of(self._rate, endpoint))
            return self._leases[endpoint]

    def _taken(self, lease: _Lease) -> bool:
        if lease.left <= 0 or (lease.promised <= 0 and self._clock.monotonic() >= lease.until):
            return False
        lease.left -= 1
        lease.promised -= 1
        return True

    def _ask(self, lease: _Lease) -> None:
        """Get permits, or wait for as long as there are none; entered and left with the lease's lock held."""
        wanted = min(MOST_AT_ONCE, max(lease.waiting, self._foreseen(lease)))
        lease.asking = True
        lease.left = 0
        lease.news.release()
        try:
            grant = self._allowance.take(lease.limits, wanted)
            if grant.permits == 0:
                self._clock.sleep(grant.wait)
        finally:
            lease.news.acquire()
            lease.asking = False
            lease.news.notify_all()
        lease.left = grant.permits
        lease.promised = min(grant.permits, lease.waiting)
        lease.until = self._clock.monotonic() + LEASE_SECONDS
        lease.taken = grant.permits
        if grant.permits < wanted:
            lease.scarce_until = lease.until + SCARCE_SECONDS

    def _foreseen(self, lease: _Lease) -> int:
        """How many calls the next lease will see, by the last one: twice as many if all were used before its end."""
        now, used = self._clock.monotonic(), lease.taken - lease.left
        if now < lease.scarce_until:
            return 1
        return 2 * used if now < lease.until and lease.left == 0 else used
