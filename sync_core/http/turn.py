"""One sync's turn at its provider, seen from outside: whether it is waiting for a slow answer, and the word to leave.

Stays true: a turn that was ended makes no call any more, and what it has under way is answered and settled; so it ends
as one that is asked to stop does, and the next one goes on from there.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from sync_core.clock import Clock
from sync_core.errors import Stopped


class Turn:
    """Shared by the threads of one sync's session and whoever watches over the worker that it holds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count()
        self._waiting: dict[int, float] = {}
        self._last = 0.0
        self._ended: str | None = None
        self._lock = threading.Lock()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around one request on the wire."""
        with self._lock:
            number, began = next(self._numbers), self._clock.monotonic()
            self._waiting[number] = began
        try:
            yield
        finally:
            with self._lock:
                del self._waiting[number]
                self._last = self._clock.monotonic() - began

    def waits_longer_than(self, seconds: float) -> bool:
        """Whether an answer has been waited for so long, or the last one took so long to come."""
        with self._lock:
            since = min(self._waiting.values(), default=None)
            return self._last > seconds or (since is not None and self._clock.monotonic() - since > seconds)

    def end(self, reason: str) -> None:
        """Let it call nobody any more, for this reason in a sentence."""
        self._ended = reason

    @property
    def ended(self) -> bool:
        """Whether somebody has said so."""
        return self._ended is not None

    def check(self) -> None:
        """Return if it may call. Raises Stopped when it was ended."""
        if self._ended is not None:
            raise Stopped(self._ended)
