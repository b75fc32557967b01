"""Rate limits as the providers enforce them at their door: by the second and the minute, and of requests under way."""

import time
from collections import Counter, deque
from collections.abc import Callable

from sync_sims.wire import UNLIMITED, Limits, ThrottleReason


class _Bucket:
    """Holds up to one second's worth of requests and refills evenly."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: float, *, now: float) -> None:
        self._rate = rate
        self._tokens = max(rate, 1.0)
        self._at = now

    def refill(self, now: float) -> bool:
        """Credit the time passed; True when a request may pass."""
        self._tokens = min(max(self._rate, 1.0), self._tokens + (now - self._at) * self._rate)
        self._at = now
        return self._tokens >= 1.0

    def spend(self) -> None:
        self._tokens -= 1.0


class _Window:
    """Remembers the requests of the last sixty seconds, and lets no more than a fixed number be among them."""

    __slots__ = ("_most", "_passed")

    def __init__(self, most: int) -> None:
        self._most = most
        self._passed: deque[float] = deque()

    def refill(self, now: float) -> bool:
        """Forget what is sixty seconds old; True when a request may pass."""
        while self._passed and self._passed[0] <= now - 60.0:
            self._passed.popleft()
        return len(self._passed) < self._most

    def spend(self, now: float) -> None:
        self._passed.append(now)


class Limiter:
    """Decides for each request whether the provider would take it; a refused request costs nothing."""

    def __init__(self, limits: Limits = UNLIMITED, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._under_way: Counter[str | None] = Counter()
        self.configure(limits)

    def configure(self, limits: Limits) -> None:
        """Replace the limits; every bucket starts full again."""
        self.limits = limits
        self._accounts: dict[str, _Bucket] = {}
        self._endpoints: dict[tuple[str, str], _Bucket] = {}
        self._windows: dict[tuple[str, str | None], _Window] = {}

    def take(self, account: str | None, endpoint: str) -> ThrottleReason | None:
        """Count one request of the account; the reason when it exceeds a limit, None when it may pass."""
        if account is None or self.limits is UNLIMITED:
            return None
        if self.limits.simultaneous is not None and self._under_way[account] >= self.limits.simultaneous:
            return "account"
        now = self._monotonic()
        windows = self._windows_of(account, endpoint)
        for reason, window in windows:
            if not window.refill(now):
                return reason
        account_bucket = self._account_bucket(account, now)
        if account_bucket is not None and not account_bucket.refill(now):
            return "account"
        endpoint_bucket = self._endpoint_bucket(account, endpoint, now)
        if endpoint_bucket is not None:
            if not endpoint_bucket.refill(now):
                return "endpoint"
            endpoint_bucket.spend()
        if account_bucket is not None:
            account_bucket.spend()
        for _, window in windows:
            window.spend(now)
        return None

    def _windows_of(self, account: str, endpoint: str) -> list[tuple[ThrottleReason, _Window]]:
        windows: list[tuple[ThrottleReason, _Window]] = []
        if self.limits.in_sixty_seconds is not None:
            windows.append(("account", self._window((account, None), self.limits.in_sixty_seconds)))
        most = self.limits.by_endpoint_in_sixty_seconds.get(endpoint)
        if most is not None:
            windows.append(("endpoint", self._window((account, endpoint), most)))
        return windows

    def _window(self, key: tuple[str, str | None], most: int) -> _Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(most)
        return window

    def begin(self, account: str | None) -> None:
        """Count a request that `take` let pass as under way, until `end`."""
        self._under_way[account] += 1

    def end(self, account: str | None) -> None:
        """Count a request as answered."""
        self._under_way[account] -= 1

    def _account_bucket(self, account: str, now: float) -> _Bucket | None:
        if self.limits.per_second is None:
            return None
        bucket = self._accounts.get(account)
        if bucket is None:
            bucket = self._accounts[account] = _Bucket(self.limits.per_second, now=now)
        return bucket

    def _endpoint_bucket(self, account: str, endpoint: str, now: float) -> _Bucket | None:
        rate = self.limits.by_endpoint.get(endpoint, self.limits.per_endpoint_per_second)
        if rate is None:
            return None
        bucket = self._endpoints.get((account, endpoint))
        if bucket is None:
            bucket = self._endpoints[account, endpoint] = _Bucket(rate, now=now)
        return bucket
