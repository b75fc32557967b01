"""Whether to call at all: after a row of failed calls nobody calls for a while, then one at a time tries.

Stays true: while open, no call passes; while half open, at most one is under way; nobody waits for anybody inside.
"""

import threading
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from sync_core.clock import Clock

State = Literal["closed", "open", "half_open"]
FAILURES: Final = 5
"""So many failed calls in a row stop all calls."""
OPEN_SECONDS: Final = 60.0
SUCCESSES: Final = 2
"""So many successful calls in a row, one at a time, let all calls pass again."""
TRIAL_SECONDS: Final = 1.0
"""When to ask again while another call tries."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody calls for `seconds` more; `widely`: the provider fails for several accounts, not for this one alone.

    `trying`: somebody is finding out whether it is over, so it is worth asking again after them.
    """

    seconds: float
    widely: bool = False
    trying: bool = False


class Breaker(Protocol):
    """What a session asks before each call, and tells after it: a caller that was admitted reports back exactly once."""

    @property
    def open(self) -> bool:
        """Whether no call passes at the moment, as far as is known here."""
        ...

    def admit(self) -> Pause | None:
        """None when the caller may go ahead."""
        ...

    def succeeded(self) -> None:
        """The provider answered sensibly, be it with a refusal."""
        ...

    def failed(self, reason: str) -> None:
        """The provider failed (5xx) or could not be reached, which `reason` says for people to read."""
        ...

    def abandoned(self) -> None:
        """The call ended for a reason of our own that says nothing about the provider."""
        ...


class OwnBreaker:
    """Counts the failures in a row of one account in this process alone. Thread-safe."""

    def __init__(
        self, *, clock: Clock, failures: int = FAILURES, seconds: float = OPEN_SECONDS, successes: int = SUCCESSES
    ) -> None:
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

    @property
    def open(self) -> bool:
        """See `Breaker`."""
        return self._state == "open"

    def admit(self) -> Pause | None:
        """See `Breaker`."""
        with self._lock:
            if self._state == "closed":
                return None
            left = self._opened_at + self._seconds - self._clock.monotonic()
            if self._state == "open" and left > 0:
                return Pause(left)
            if self._state == "open":
                self._state, self._row, self._probing = "half_open", 0, False
            if self._probing:
                return Pause(TRIAL_SECONDS, trying=True)
            self._probing = True
            return None

    def succeeded(self) -> None:
        """See `Breaker`."""
        with self._lock:
            if self._state == "closed":
                self._row = 0
            elif self._state == "half_open":
                self._probing = False
                self._row += 1
                if self._row >= self._successes:
                    self._state, self._row = "closed", 0

    def failed(self, reason: str) -> None:  # noqa: ARG002 - only people ask for the reason, and nobody sees this one
        """See `Breaker`."""
        with self._lock:
            if self._state == "open":
                return
            self._row += 1
            if self._state == "half_open" or self._row >= self._failures:
                self._state, self._row, self._probing = "open", 0, False
                self._opened_at = self._clock.monotonic()

    def abandoned(self) -> None:
        """See `Breaker`."""
        with self._lock:
            self._probing = False
