"""A `venue-sync` process of its own, and everything that it starts."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

OURS = ("VENUE_SYNC", "OTEL", "DATABASE_URL", "DAGSTER", "STRIPE", "SQUARE", "MAILCHIMP", "QUICKBOOKS")


def environment(home: Path, **more: str) -> dict[str, str]:
    """What the process sees: a home of its own, `more`, and nothing else of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "VENUE_SYNC_HOME": str(home), "PYTHONUNBUFFERED": "1", **more}


@contextmanager
def started(*arguments: str, home: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A running command; what it says comes on one pipe. Killed at the end if it still runs: its guard tidies up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sync_defs", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(home, **more),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def below(process: subprocess.Popen[str]) -> dict[int, str]:
    """Every process that it started, directly or not, by id."""
    found: dict[int, str] = {}
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            found[child.pid] = " ".join(child.cmdline())
        except psutil.NoSuchProcess:
            continue
    return found


def belonging_to(home: Path) -> dict[int, str]:
    """Every living process whose environment or arguments name this home."""
    found: dict[int, str] = {}
    for process in psutil.process_iter():
        try:
            named = [*process.cmdline(), process.environ().get("VENUE_SYNC_HOME", "")]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(home) in part for part in named) and alive(process.pid):
            found[process.pid] = " ".join(named)
    return found


def left_after(pids: dict[int, str], *, seconds: float) -> dict[int, str]:
    """Those that still run after at most so many seconds."""
    deadline = time.monotonic() + seconds
    while (left := {pid: name for pid, name in pids.items() if alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
