"""One sync's turn at its provider, seen from outside: whether it waits, whether its provider hangs, and the word to leave.

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
        self._calls = _Spans(clock)
        self._requests = _Spans(clock)
        self._ended: str | None = None

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around one call with all that it waits for: a permit, its answer, a pause before it is repeated."""
        with self._calls.one():
            yield

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around one request on the wire."""
        with self._requests.one():
            yield

    def waits_longer_than(self, seconds: float) -> bool:
        """Whether a call has been under way for so long, or the last answer took so long: nothing is done meanwhile."""
        return self._calls.oldest() > seconds or self.hangs_longer_than(seconds)

    def called_longer_than(self, seconds: float) -> bool:
        """Whether its calls have taken so long in all."""
        return self._calls.total() > seconds

    def hangs_longer_than(self, seconds: float) -> bool:
        """Whether an answer has been waited for so long, or the last one took so long to come."""
        return self._requests.oldest() > seconds or (self.last_answer or 0.0) > seconds

    @property
    def last_answer(self) -> float | None:
        """How many seconds the last answer took, or the wait for it that was given up; None before the first one."""
        return self._requests.last

    def end(self, reason: str) -> None:
        """Let it call nobody any more, for this reason in a sentence."""
        self._ended = reason

    @property
    def ended(self) -> str | None:
        """Why somebody has ended it; None while nobody has."""
        return self._ended

    def check(self) -> None:
        """Return if it may call. Raises Stopped when it was ended."""
        if self._ended is not None:
            raise Stopped(self._ended)


class _Spans:
    """Things that several threads are in the middle of, and how long they took."""

    def __init__(self, clock: Clock) -> None:
        self.last: float | None = None
        self._sum = 0.0
        self._clock = clock
        self._numbers = count()
        self._begun: dict[int, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            number, began = next(self._numbers), self._clock.monotonic()
            self._begun[number] = began
        try:
            yield
        finally:
            with self._lock:
                del self._begun[number]
                self.last = self._clock.monotonic() - began
                self._sum += self.last

    def total(self) -> float:
        """For how many seconds there have been any, each counted by itself."""
        with self._lock:
            now = self._clock.monotonic()
            return self._sum + sum(now - began for began in self._begun.values())

    def oldest(self) -> float:
        """For how many seconds the one that began first has been under way; 0 when there is none."""
        with self._lock:
            began = min(self._begun.values(), default=None)
        return 0.0 if began is None else self._clock.monotonic() - began
