"""Workers for syncs, of whom those that wait for a provider are replaced: accounts that hang hold up nobody else.

What a sync does besides waiting is work for one processor, so no more than `workers` do that at once; of one whose call
has been under way for half a second nothing is done, and another one begins in its place. `spare` of them may wait so,
for each holds a database connection.

Stays true: accounts that hang, however many, have at most a third of all places. Whoever is found to hang beyond that
is asked to leave after the answer it waits for; it is put off, and begins again when there is room among its like.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from typing import Final, Generic, Self, TypeVar

from sync_core.clock import Clock
from sync_core.http.turn import Turn
from sync_core.sync.hanging import HANGING_SECONDS, Hanging

T = TypeVar("T")

SLOW_SECONDS: Final = 0.5
"""A sync one of whose calls takes longer is waiting, not working."""
GAVE_WAY: Final = (
    "Its provider takes many seconds for each answer, as several do at the moment, so it made room for others; "
    "what is done stays done, and it begins again when its turn comes."
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A worker that is taken, and for which connection."""

    connection_id: int
    turn: Turn


def waits_for_an_answer(turn: Turn) -> bool:
    """Whether a task does nothing at this moment."""
    return turn.waits_longer_than(SLOW_SECONDS)


class Crew(Generic[T]):
    """A bounded number of tasks at once, each with a turn of its own. Only the thread that made it may touch it.

    `waits` says of which tasks another one takes the place, as far as there are `spare` ones.
    """

    def __init__(
        self,
        workers: int,
        *,
        spare: int,
        hanging: Hanging,
        clock: Clock,
        name: str,
        waits: Callable[[Turn], bool] = waits_for_an_answer,
    ) -> None:
        self._workers = max(1, workers)
        self._spare = max(1, spare)
        self._most_hanging = max(1, (self._workers + self._spare) // 3)
        self._hanging = hanging
        self._waits = waits
        self._clock = clock
        self._pool = ThreadPoolExecutor(self._workers + self._spare, thread_name_prefix=name)
        self._places: dict[Future[T], _Place] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    @property
    def free(self) -> int:
        """How many tasks of accounts that answer may begin now."""
        waiting = sum(place.connection_id in self._hanging or self._waits(place.turn) for place in self._under_way())
        return max(0, self._workers + min(self._spare, waiting) - len(self._places))

    @property
    def free_for_hanging(self) -> int:
        """How many tasks of accounts that are known to hang may begin now."""
        staying = self._most_hanging - len(self._that_hang())
        return max(0, min(staying, self._workers + self._spare - len(self._places)))

    def room_for(self, connection_id: int) -> bool:
        """Whether a task of this connection may begin now."""
        return (self.free_for_hanging if connection_id in self._hanging else self.free) > 0

    def hang(self, seconds: float) -> list[Turn]:
        """The turns of tasks whose provider takes longer than so many seconds for an answer."""
        return [place.turn for place in self._under_way() if place.turn.hangs_longer_than(seconds)]

    @property
    def under_way(self) -> int:
        """How many tasks have begun whose results nobody has taken."""
        return len(self._places)

    def begin(self, connection_id: int, task: Callable[[Turn], T]) -> Future[T]:
        """Let a worker do it, on behalf of whom the caller works.

        It is put off if its turn was ended by `give_way`: `ended` is `GAVE_WAY`.
        """
        turn = Turn(self._clock)
        future = self._pool.submit(copy_context().run, task, turn)
        self._places[future] = _Place(connection_id, turn)
        return future

    def finished(self, *, within: float) -> list[Future[T]]:
        """Tasks that have ended, after at most so many seconds of waiting for one."""
        done, _ = wait(self._places, timeout=within, return_when=FIRST_COMPLETED)
        for future in done:
            place = self._places.pop(future)
            self._hanging.note(place.connection_id, place.turn.last_answer)
        return list(done)

    def give_way(self) -> None:
        """Ask those to leave that hang beyond their part of the places: the ones that began last."""
        for place in self._under_way():
            if place.turn.hangs_longer_than(HANGING_SECONDS):
                self._hanging.found(place.connection_id)
        for place in self._that_hang()[self._most_hanging :]:
            place.turn.end(GAVE_WAY)

    def _that_hang(self) -> list[_Place]:
        """Those that are known to hang, and stay; in the order in which they began."""
        return [
            place for place in self._under_way() if place.connection_id in self._hanging and place.turn.ended is None
        ]

    def _under_way(self) -> list[_Place]:
        return [place for future, place in self._places.items() if not future.done()]
