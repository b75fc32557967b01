"""How many calls of one account are under way at once, and which of them only one at a time: here, or in all processes.

A process takes as many slots as its threads need and hands them on from call to call. What it does not need any more
it gives back, at most once a second, so that a call costs no question to whoever counts them for everybody.

Stays true: a thread that calls has a slot; nobody asks, and nobody sleeps, while holding the lock.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Protocol

from sync_core.clock import Clock

SHARE: Final = 0.9
"""The part of the simultaneous calls that we use."""
AGAIN_SECONDS: Final = 0.05
"""When to ask again while others have all slots."""
KEPT_SECONDS: Final = 1.0
"""For so long a slot that no thread needs is kept, for the next call."""
SIMULTANEOUS: Final = "simultaneous"
ALONE: Final = "alone"


class Slots(Protocol):
    """The slots of one account, as all who count together see them."""

    def take(self, name: str, *, most: int, besides: Sequence[int], wanted: int) -> list[int]:
        """Up to `wanted` of the slots 1 to `most` under this name that nobody has, `besides` those that we have."""
        ...

    def give_back(self, name: str, slots: Sequence[int]) -> None:
        """Let others have these."""
        ...


class OwnSlots:
    """Counted in this process alone: whoever asks has what is left."""

    def take(self, name: str, *, most: int, besides: Sequence[int], wanted: int) -> list[int]:  # noqa: ARG002 - one process knows no others
        """See `Slots`."""
        return [slot for slot in range(1, most + 1) if slot not in besides][:wanted]

    def give_back(self, name: str, slots: Sequence[int]) -> None:
        """See `Slots`."""


@dataclass(slots=True)
class _Hand:
    """The slots of one name that this process has: those without a thread, and how many there are in all."""

    most: int
    free: list[int] = field(default_factory=list[int])
    used: list[int] = field(default_factory=list[int])
    waiting: int = 0
    asking: bool = False
    given_at: float = 0.0
    news: threading.Condition = field(default_factory=threading.Condition)


class Lanes:
    """What a call of one account must have before it leaves; shared by all sessions and threads of this process."""

    def __init__(self, slots: Slots, *, simultaneous: int | None, alone: Sequence[str], clock: Clock) -> None:
        """`simultaneous` is what the provider allows, None for no limit; `alone` are endpoints of which one call leaves at a time."""
        self._slots = slots
        self._clock = clock
        self._all = None if simultaneous is None else _Hand(max(1, int(simultaneous * SHARE)))
        self._one = _Hand(1)
        self._alone = frozenset(alone)

    @contextmanager
    def lane(self, endpoint: str) -> Iterator[None]:
        """Around one call; waits on the clock for as long as others have all. Raises what the slots do."""
        with (
            nullcontext() if self._all is None else self._held(SIMULTANEOUS, self._all),
            self._held(ALONE, self._one) if endpoint in self._alone else nullcontext(),
        ):
            yield

    def rest(self) -> None:
        """Give back what no thread needs now: a session has ended. Raises what the slots do."""
        for name, hand in ((SIMULTANEOUS, self._all), (ALONE, self._one)):
            if hand is not None:
                self._give_back(name, hand)

    @contextmanager
    def _held(self, name: str, hand: _Hand) -> Iterator[None]:
        with hand.news:
            hand.waiting += 1
            try:
                while not hand.free:
                    if hand.asking:
                        hand.news.wait()
                    else:
                        self._ask(name, hand)
            finally:
                hand.waiting -= 1
            slot = hand.free.pop()
            hand.used.append(slot)
        try:
            yield
        finally:
            with hand.news:
                hand.used.remove(slot)
                hand.free.append(slot)
                hand.news.notify()
                stale = not hand.waiting and self._clock.monotonic() - hand.given_at >= KEPT_SECONDS
            # What only one may do at a time is not kept for the next call: somebody else may be waiting for it.
            if stale or hand is self._one:
                self._give_back(name, hand)

    def _ask(self, name: str, hand: _Hand) -> None:
        """Get slots for those who wait, or wait for as long as there are none; entered and left with the lock held."""
        hand.asking = True
        mine, wanted = [*hand.free, *hand.used], hand.waiting
        hand.news.release()
        found = list[int]()
        try:
            if len(mine) < hand.most:
                found = self._slots.take(name, most=hand.most, besides=mine, wanted=wanted)
            if not found:
                self._clock.sleep(AGAIN_SECONDS)
        finally:
            hand.news.acquire()
            hand.asking = False
            if found:
                hand.given_at = self._clock.monotonic()
            hand.free.extend(found)
            hand.news.notify_all()

    def _give_back(self, name: str, hand: _Hand) -> None:
        with hand.news:
            if hand.waiting:
                return
            slots, hand.free = hand.free, []
            hand.given_at = self._clock.monotonic()
        if slots:
            self._slots.give_back(name, slots)
