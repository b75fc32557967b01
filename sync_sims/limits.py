"""Rate limits by token bucket, per account and per endpoint, as the providers enforce them at their door."""

import time
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


class Limiter:
    """Decides for each request whether the provider would take it; a refused request costs nothing."""

    def __init__(self, limits: Limits = UNLIMITED, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.configure(limits)

    def configure(self, limits: Limits) -> None:
        """Replace the limits; every bucket starts full again."""
        self.limits = limits
        self._accounts: dict[str, _Bucket] = {}
        self._endpoints: dict[tuple[str, str], _Bucket] = {}

    def take(self, account: str | None, endpoint: str) -> ThrottleReason | None:
        """Count one request of the account; the reason when it exceeds a limit, None when it may pass."""
        if account is None or self.limits is UNLIMITED:
            return None
        now = self._monotonic()
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
        return None

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
