"""Counts what reached the provider, so that a test can say "no call" or "one write" and mean it."""

from collections import Counter, defaultdict
from typing import Any

UNKNOWN_ACCOUNT = "unknown"
MOST_SOURCES = 1_000
"""Whoever calls under more names than that is not told apart any further."""


class Calls:
    """Requests by account and endpoint; those of an unknown credential count for the account "unknown"."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[tuple[str, bool]]] = defaultdict(Counter)
        self._statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self._sources: dict[str, Counter[str]] = defaultdict(Counter)

    def count(self, account: str | None, endpoint: str, *, write: bool, source: str = "") -> None:
        """Count one request that arrived; `source` is what it says of itself in X-Request-Source."""
        self._counts[account or UNKNOWN_ACCOUNT][endpoint, write] += 1
        named = self._sources[account or UNKNOWN_ACCOUNT]
        if source in named or len(named) < MOST_SOURCES:
            named[source] += 1

    def answered(self, account: str | None, status: int) -> None:
        """Count one answer that was sent; a dropped connection has none."""
        self._statuses[account or UNKNOWN_ACCOUNT][status] += 1

    def summary(self, account: str | None = None) -> dict[str, Any]:
        """Totals of one account, or of all when `account` is None."""
        names = list(self._counts) if account is None else [account]
        merged: Counter[tuple[str, bool]] = Counter()
        statuses: Counter[int] = Counter()
        sources: Counter[str] = Counter()
        for name in names:
            merged.update(self._counts.get(name, Counter()))
            statuses.update(self._statuses.get(name, Counter()))
            sources.update(self._sources.get(name, Counter()))
        writes = sum(number for (_, write), number in merged.items() if write)
        by_endpoint: Counter[str] = Counter()
        for (endpoint, _), number in merged.items():
            by_endpoint[endpoint] += number
        return {
            "total": merged.total(),
            "writes": writes,
            "reads": merged.total() - writes,
            "by_endpoint": dict(sorted(by_endpoint.items())),
            "by_status": {str(status): number for status, number in sorted(statuses.items())},
            "by_source": dict(sorted(sources.items())),
        }

    def reset(self) -> None:
        """Start counting from zero."""
        self._counts.clear()
        self._statuses.clear()
        self._sources.clear()
