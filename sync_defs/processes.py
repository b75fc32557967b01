"""Finding and ending every process below a supervisor, however deep and whoever its parent is by now.

Each child is started with a mark in its environment, which its own children inherit. So a run worker of a code server
of the daemon is found even after its parents are gone. Only marked processes are ever signalled.
"""

import os
import signal
from pathlib import Path

from sync_core.clock import Clock

MARK = "VENUE_SYNC_SUPERVISED_BY"
PROC = Path("/proc")
POLL_SECONDS = 0.05
KILL_PATIENCE_SECONDS = 5.0


def marked(token: str) -> list[int]:
    """The ids of the living processes that carry the mark `token`, other than ourselves; zombies do not count.

    Empty where there is no /proc (macOS): there a supervisor ends the process groups of its children only.
    """
    wanted = f"{MARK}={token}".encode()
    found: list[int] = []
    for entry in PROC.glob("[0-9]*"):
        pid = int(entry.name)
        if pid != os.getpid() and wanted in _environment(entry):
            found.append(pid)
    return found


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # it ended meanwhile, or it belongs to somebody else
        return []


def end(token: str, *, grace: float, clock: Clock) -> int:
    """Ask every marked process to stop, wait up to `grace` seconds, then kill the rest; how many had to be killed."""
    asked: set[int] = set()
    deadline = clock.monotonic() + grace
    while (alive := marked(token)) and clock.monotonic() < deadline:
        for pid in set(alive) - asked:
            tell(pid, signal.SIGTERM)
        asked |= set(alive)
        clock.sleep(POLL_SECONDS)
    killed: set[int] = set()
    deadline = clock.monotonic() + KILL_PATIENCE_SECONDS
    while (alive := marked(token)) and clock.monotonic() < deadline:
        for pid in alive:
            tell(pid, signal.SIGKILL)
        killed |= set(alive)
        clock.sleep(POLL_SECONDS)
    return len(killed)


def tell(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
