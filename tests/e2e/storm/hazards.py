"""The processes that are killed in the storm: the API and the drain, each in a process of its own, started anew at once."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import requests

from benchmarks.doors import FIRST_PORT, PORTS
from sync_defs.ports import free_port

STARTING = 60.0


@dataclass(slots=True)
class Victim:
    """A process that is killed and started again."""

    arguments: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0

    def start(self) -> None:
        """Start it; what it says goes nowhere."""
        self.process = subprocess.Popen(
            [sys.executable, *self.arguments],
            env=dict(self.environ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """End it where it stands. It must have been running: one that ended by itself has a fault of its own."""
        assert self.process is not None
        assert self.process.poll() is None, f"{' '.join(self.arguments)} ended by itself: {self.process.returncode}"
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.deaths += 1

    def stop(self) -> int:
        """Ask it to end, and wait; the status that it left with."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=60)


@dataclass(frozen=True, slots=True)
class Hazards:
    """Two API processes at fixed doors and two that drain, of which one stands by."""

    doors: Mapping[str, Victim]
    drains: Sequence[Victim]
    chance: Random

    @property
    def victims(self) -> list[Victim]:
        """All of them."""
        return [*self.doors.values(), *self.drains]

    @property
    def deaths(self) -> int:
        """How often one was killed."""
        return sum(victim.deaths for victim in self.victims)

    def strike(self) -> None:
        """Kill one of them, and let it rise again."""
        victim = self.chance.choice(self.victims)
        victim.kill()
        victim.start()

    def wait_for_doors(self) -> None:
        """Return when both API processes answer."""
        deadline = time.monotonic() + STARTING
        for door in self.doors:
            while not _answers(door):
                assert time.monotonic() < deadline, f"nobody answers at {door}"
                time.sleep(0.05)


def _answers(door: str) -> bool:
    try:
        return requests.get(f"{door}/health/live", timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def hazards(environ: Mapping[str, str], chance: Random) -> Iterator[Hazards]:
    """Everything running, and killed at the end if it still is."""
    # Below those that the system gives to whoever calls out: one of them could be gone while its victim is dead.
    first = free_port(FIRST_PORT + secrets.randbelow(PORTS))
    ports = (first, free_port(first + 1))
    made = Hazards(
        doors={
            f"http://127.0.0.1:{port}": Victim(("-m", "sync_defs", "api", "--port", str(port)), environ)
            for port in ports
        },
        drains=[Victim(("-m", "tests.drainer"), environ) for _ in range(2)],
        chance=chance,
    )
    try:
        for victim in made.victims:
            victim.start()
        yield made
    finally:
        for victim in made.victims:
            if victim.process is not None and victim.process.poll() is None:
                victim.process.kill()
                victim.process.wait()
