"""Workers for syncs, of whom those that wait for a slow provider are replaced: a hanging account holds up nobody else.

What a sync does besides waiting is work for one processor, so no more than `workers` do that at once; one that has
waited for an answer for half a second does nothing, and another one begins in its place. Half as many as there are workers
may wait so, for each holds a database connection.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final, Generic, Self, TypeVar

from sync_core.clock import Clock
from sync_core.http.turn import Turn

T = TypeVar("T")

SLOW_SECONDS: Final = 0.5
"""A sync whose provider takes longer for an answer is waiting, not working."""


class Crew(Generic[T]):
    """A bounded number of tasks at once, each with a turn of its own. Only the thread that made it may touch it."""

    def __init__(self, workers: int, *, clock: Clock, name: str) -> None:
        self._workers = max(1, workers)
        self._spare = max(1, workers // 2)
        self._clock = clock
        self._pool = ThreadPoolExecutor(self._workers + self._spare, thread_name_prefix=name)
        self._turns: dict[Future[T], Turn] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    @property
    def free(self) -> int:
        """How many tasks may begin now."""
        waiting = min(self._spare, len(self.slow(SLOW_SECONDS)))
        return self._workers + waiting - len(self._turns)

    def slow(self, seconds: float) -> list[Turn]:
        """The turns of tasks whose provider takes longer than so many seconds for an answer."""
        return [turn for future, turn in self._turns.items() if not future.done() and turn.waits_longer_than(seconds)]

    @property
    def under_way(self) -> int:
        """How many tasks have begun whose results nobody has taken."""
        return len(self._turns)

    def begin(self, task: Callable[[Turn], T]) -> Future[T]:
        """Let a worker do it."""
        turn = Turn(self._clock)
        future = self._pool.submit(task, turn)
        self._turns[future] = turn
        return future

    def finished(self, *, within: float) -> list[Future[T]]:
        """Tasks that have ended, after at most so many seconds of waiting for one."""
        done, _ = wait(self._turns, timeout=within, return_when=FIRST_COMPLETED)
        for future in done:
            del self._turns[future]
        return list(done)
