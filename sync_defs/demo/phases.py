"""The parts of the demo, each announced when it begins and timed when it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sync_core.clock import Clock


@dataclass(slots=True)
class Phases:
    """Names and seconds of what is done, in order."""

    clock: Clock
    tell: Callable[[str], None]
    done: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside; a phase that fails is not counted."""
        started = self.clock.monotonic()
        self.tell(f"{name} ...")
        yield
        seconds = self.clock.monotonic() - started
        self.done.append((name, seconds))
        self.tell(f"{name}: done in {seconds:.1f} s")
