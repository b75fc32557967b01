"""A running step of `venue-sync sync` as a bar: records so far, how fast, how long yet, over all its venues."""

import threading
from types import TracebackType
from typing import Self

from rich import progress as bars
from rich.console import Console

from sync_core.sync.report import EntityReport, Progress


class Reckoning:
    """How many records are done, and how many there will be: the venues begun stand for those that are not."""

    def __init__(self, venues: int) -> None:
        self._venues = venues
        self._lock = threading.Lock()
        self._now: dict[tuple[str, str], tuple[int, int | None]] = {}
        self.finished = 0

    def heard(self, progress: Progress) -> None:
        """A venue's sync got further in one direction."""
        with self._lock:
            self._now[progress.venue, progress.direction] = (progress.done, progress.total)

    def ended(self, report: EntityReport) -> None:
        """A venue is done: what it looked at is known for good."""
        with self._lock:
            self.finished += 1
            for direction, done in (("push", report.counts.read), ("pull", report.counts.pulled_read)):
                self._now[report.venue, direction] = (done, done)

    @property
    def done(self) -> int:
        """Records looked at so far."""
        with self._lock:
            return sum(done for done, _ in self._now.values())

    @property
    def total(self) -> int | None:
        """Records there will be, by what is known; None while that cannot be said."""
        with self._lock:
            known = [total for _, total in self._now.values()]
            begun = len({venue for venue, _ in self._now})
        if not begun or any(total is None for total in known):
            return None
        return round(sum(total for total in known if total is not None) * self._venues / begun)


class StepBar:
    """The bar itself; shows nothing where nobody looks. A context manager."""

    def __init__(self, title: str, *, venues: int, console: Console) -> None:
        self._reckoning = Reckoning(venues)
        self._venues = venues
        self._bar = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TextColumn("{task.completed:,.0f} records, {task.fields[venues]}/" + f"{venues} venues"),
            bars.TextColumn("{task.fields[rate]:,.0f}/s"),
            bars.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(title, total=None, venues=0, rate=0.0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def heard(self, progress: Progress) -> None:
        """A venue's sync got further."""
        self._reckoning.heard(progress)
        self._draw()

    def ended(self, report: EntityReport) -> None:
        """A venue is done."""
        self._reckoning.ended(report)
        self._draw()

    def _draw(self) -> None:
        done = self._reckoning.done
        elapsed = self._bar.tasks[0].elapsed or 0.0
        self._bar.update(
            self._task,
            completed=done,
            total=self._reckoning.total,
            venues=self._reckoning.finished,
            rate=done / elapsed if elapsed > 0 else 0.0,
        )
