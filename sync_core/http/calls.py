"""What our calls cost: counted per endpoint, for run reports, cost counters and tests that count calls."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_WORD = re.compile(r"[a-z]+(?:[_-][a-z]+)*|oauth2|v\d+|\d\.\d")


def endpoint_of(method: str, path: str) -> str:
    """The template of an endpoint: "GET /v1/products/{id}" for "/v1/products/prod_Uae6ZK".

    A path segment that is not made of lower-case words is an id.
    """
    segments = [part if _WORD.fullmatch(part) else "{id}" for part in path.partition("?")[0].split("/") if part]
    return f"{method.upper()} /{'/'.join(segments)}"


@dataclass(frozen=True, slots=True)
class CallCount:
    """Sums over requests on the wire.

    `calls` counts every request, repeats among them; `retries` only the repeats; `throttles` the 429 answers;
    `failures` the 5xx answers and broken connections; `bytes` of answer bodies; `seconds` spent waiting for answers
    (not for permits).
    """

    calls: int = 0
    retries: int = 0
    throttles: int = 0
    failures: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def plus(self, other: "CallCount") -> "CallCount":
        """Both together."""
        return CallCount(
            calls=self.calls + other.calls,
            retries=self.retries + other.retries,
            throttles=self.throttles + other.throttles,
            failures=self.failures + other.failures,
            bytes=self.bytes + other.bytes,
            seconds=self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    """The counts at one moment: in all, and by endpoint template."""

    total: CallCount
    by_endpoint: Mapping[str, CallCount]


class CallLog:
    """Counts calls; thread-safe, may be shared by several sessions."""

    def __init__(self) -> None:
        self._counts: dict[str, CallCount] = {}
        self._news: dict[str, CallCount] = {}
        self._lock = threading.Lock()

    def add(self, endpoint: str, count: CallCount) -> None:
        """Add what happened on an endpoint."""
        with self._lock:
            for counts in (self._counts, self._news):
                counts[endpoint] = counts.get(endpoint, CallCount()).plus(count)

    def news(self) -> dict[str, CallCount]:
        """What happened since this was last asked, by endpoint template."""
        with self._lock:
            news, self._news = self._news, {}
        return news

    def snapshot(self) -> CallSnapshot:
        """The counts so far; does not change afterwards."""
        with self._lock:
            counts = dict(self._counts)
        total = CallCount()
        for count in counts.values():
            total = total.plus(count)
        return CallSnapshot(total=total, by_endpoint=MappingProxyType(counts))
