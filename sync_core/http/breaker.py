"""Whether to call at all: after a row of failed calls nobody calls for a while, then one at a time tries.

Stays true: while open, no call passes; while half open, at most one is under way; nobody waits for anybody inside.
"""

import threading
from typing import Literal

from sync_core.clock import Clock

State = Literal["closed", "open", "half_open"]


class Breaker:
    """Counts failures in a row. Thread-safe; a caller that was admitted must report back exactly once."""

    def __init__(self, *, clock: Clock, failures: int = 5, seconds: float = 60.0, successes: int = 2) -> None:
        self._clock = clock
        self._failures = failures
        self._seconds = seconds
        self._successes = successes
        self._state: State = "closed"
        self._row = 0
        self._opened_at = 0.0
        self._probing = False
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        """The state as of the last admission or report."""
        return self._state

    def admit(self) -> float | None:
        """None when the caller may go ahead; otherwise the seconds after which it is worth asking again."""
        with self._lock:
            if self._state == "closed":
                return None
            left = self._opened_at + self._seconds - self._clock.monotonic()
            if self._state == "open" and left > 0:
                return left
            if self._state == "open":
                self._state, self._row, self._probing = "half_open", 0, False
            if self._probing:
                return 1.0
            self._probing = True
            return None

    def succeeded(self) -> None:
        """The provider answered sensibly, be it with a refusal."""
        with self._lock:
            if self._state == "closed":
                self._row = 0
            elif self._state == "half_open":
                self._probing = False
                self._row += 1
                if self._row >= self._successes:
                    self._state, self._row = "closed", 0

    def failed(self) -> None:
        """The provider failed (5xx) or could not be reached."""
        with self._lock:
            if self._state == "open":
                return
            self._row += 1
            if self._state == "half_open" or self._row >= self._failures:
                self._state, self._row, self._probing = "open", 0, False
                self._opened_at = self._clock.monotonic()

    def abandoned(self) -> None:
        """The call ended for a reason of our own that says nothing about the provider."""
        with self._lock:
            self._probing = False
