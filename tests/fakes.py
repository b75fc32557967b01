"""Stand-ins for the outside of the engine that tests may share: time, so far."""

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that stands still until somebody sleeps on it or moves it. Thread-safe."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._seconds = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The current time, aware, UTC."""
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        """Seconds since this clock began."""
        return self._seconds

    def sleep(self, seconds: float) -> None:
        """Advance by `seconds` at once, and remember it in `slept`."""
        with self._lock:
            self.slept.append(seconds)
            self._seconds += seconds

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass without anybody sleeping."""
        with self._lock:
            self._seconds += seconds
