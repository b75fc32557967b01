"""Our processes, killed and started again: whoever is not running is started anew, as a supervisor does.

What stays true: a process may end by itself only when it has lost the database; whoever does so otherwise is named.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LOOK_EVERY = 0.1
AFTERMATH = 30.0
"""So long after a crash of the database a process may end because of it."""


@dataclass(slots=True)
class Victim:
    """One process, killed and started again under the same name; `before` is done each time before it is started."""

    name: str
    arguments: Sequence[str]
    log: Path
    environ: Mapping[str, str] = field(repr=False)
    before: Callable[[], None] = field(default=lambda: None, repr=False)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; all that it says is kept."""
        self.before()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments],
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> bool:
        """End it where it stands; whether it was running."""
        if self.process is None or self.process.poll() is not None:
            return False
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return True


class Victims:
    """All of them, and a thread that starts whoever is down."""

    def __init__(self, everyone: Sequence[Victim], last_crash: Callable[[], float]) -> None:
        self.everyone = everyone
        self.kills = 0
        self.gave_in = 0
        self.ended_by_themselves: list[str] = []
        self._last_crash = last_crash
        self._lock = threading.Lock()
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor")

    def strike(self, victim: Victim) -> None:
        """Kill one; it is started again at once."""
        with self._lock:
            if victim.kill():
                self.kills += 1
                victim.start()

    def begin(self) -> None:
        """Start all of them."""
        for victim in self.everyone:
            victim.start()
        self._thread.start()

    def send_home(self) -> dict[str, int]:
        """Ask all of them to end; what each left with."""
        self._stop_watching()
        for victim in self.everyone:
            if victim.process is not None:
                victim.process.terminate()
        return {victim.name: _left(victim) for victim in self.everyone}

    def close(self) -> None:
        """Nobody is left behind."""
        self._stop_watching()
        for victim in self.everyone:
            victim.kill()

    def _stop_watching(self) -> None:
        self._leaving.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._leaving.wait(LOOK_EVERY):
            with self._lock:
                for victim in self.everyone:
                    if victim.process is not None and victim.process.poll() is not None:
                        self._ended(victim)
                        victim.start()

    def _ended(self, victim: Victim) -> None:
        if time.monotonic() - self._last_crash() < AFTERMATH:
            self.gave_in += 1
        else:
            code = victim.process.returncode if victim.process is not None else None
            self.ended_by_themselves.append(f"{victim.name} ended by itself with {code}: see {victim.log}")


def _left(victim: Victim) -> int:
    assert victim.process is not None
    return victim.process.wait(timeout=60)


@contextmanager
def at_work(everyone: Sequence[Victim], last_crash: Callable[[], float]) -> Iterator[Victims]:
    """All of them running, and none left at the end."""
    victims = Victims(everyone, last_crash)
    try:
        victims.begin()
        yield victims
    finally:
        victims.close()
