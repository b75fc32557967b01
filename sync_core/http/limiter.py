"""How fast we call: token buckets, one for the connection and one per endpoint, that slow down when we are throttled.

Stays true: in no second do more calls leave than the declared allowance, because the bucket refills at 90 % of it and
holds only the other 10 %. Nobody sleeps while holding the lock.
"""

import threading
from collections.abc import Mapping
from types import MappingProxyType

from sync_core.clock import Clock

SHARE = 0.9
"""The part of the allowance that we use on average."""
FALL = 0.5
"""What is left of the rate after a throttled call."""
FLOOR = 0.05
"""The rate never falls below this part of the full one."""
RECOVERY_SECONDS = 60.0
"""How long the rate takes to climb from nothing back to the full one, in a straight line."""
FALL_ONCE_IN_SECONDS = 1.0
"""Calls throttled together are one piece of news: the rate falls once for all of them."""


class Bucket:
    """Permits that refill evenly. Times are monotonic seconds given by the caller; not thread-safe by itself."""

    __slots__ = ("_at", "_capacity", "_full", "_low", "_lowered_at", "_tokens")

    def __init__(self, per_second: float, *, now: float) -> None:
        self._full = per_second * SHARE
        self._capacity = max(1.0, per_second * (1 - SHARE))
        self._tokens = self._capacity
        self._at = now
        self._low = self._full
        self._lowered_at = now

    def rate(self, now: float) -> float:
        """Permits per second at this moment."""
        climbed = self._full * (now - self._lowered_at) / RECOVERY_SECONDS
        return min(self._full, self._low + climbed)

    def wait(self, now: float) -> float:
        """Seconds until a permit is there; 0 when one is."""
        self._refill(now)
        return max(0.0, (1.0 - self._tokens) / self.rate(now))

    def take(self) -> None:
        """Use up a permit; to be called only when `wait` said 0 for the same moment."""
        self._tokens -= 1.0

    def lower(self, now: float) -> None:
        """The provider throttled us: go on at half the rate, from an empty bucket."""
        if self._low < self._full and now - self._lowered_at < FALL_ONCE_IN_SECONDS:
            return
        self._refill(now)
        self._low = max(self._full * FLOOR, self.rate(now) * FALL)
        self._lowered_at = now
        self._tokens = min(self._tokens, 0.0)

    def _refill(self, now: float) -> None:
        # A hair above 1.0 would otherwise be lost to rounding, and the caller would wait for a permit of 1e-17 seconds.
        tokens = self._tokens + (now - self._at) * self.rate(now) + 1e-9
        self._tokens = min(self._capacity, tokens)
        self._at = now


class Limiter:
    """The buckets of one connection; shared by its threads."""

    def __init__(
        self,
        *,
        per_second: float,
        per_endpoint_per_second: float | None,
        clock: Clock,
        per_minute: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._clock = clock
        self._per_endpoint = min(per_endpoint_per_second or per_second, per_second)
        self._named = {endpoint: min(allowance / 60, self._per_endpoint) for endpoint, allowance in per_minute.items()}
        self._all = Bucket(per_second, now=clock.monotonic())
        self._endpoints: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def acquire(self, endpoint: str) -> None:
        """Return as soon as one more call to the endpoint may leave; waits on the clock."""
        while True:
            with self._lock:
                now = self._clock.monotonic()
                bucket = self._bucket(endpoint, now)
                seconds = max(self._all.wait(now), bucket.wait(now))
                if seconds <= 0:
                    self._all.take()
                    bucket.take()
                    return
            self._clock.sleep(seconds)

    def throttled(self, endpoint: str) -> None:
        """The provider answered 429 on this endpoint: slow that endpoint down.

        A limit on the whole account shows on every endpoint in use, so each of them slows down in its turn.
        """
        with self._lock:
            now = self._clock.monotonic()
            self._bucket(endpoint, now).lower(now)

    def _bucket(self, endpoint: str, now: float) -> Bucket:
        if endpoint not in self._endpoints:
            self._endpoints[endpoint] = Bucket(self._named.get(endpoint, self._per_endpoint), now=now)
        return self._endpoints[endpoint]
