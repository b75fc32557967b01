"""`venue-sync drain`: what waits for nobody's schedule, worked off without Dagster by one process."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from sync_core.sync.asked import work_off
from sync_core.sync.engine import random_key
from sync_core.webhooks.apply import drain as apply_events
from sync_defs.commands.opening import ready_engine, settings_now
from sync_defs.commands.output import say

Quiet = Annotated[float, typer.Option(min=0, help="End when nothing has come for so many seconds.")]


def drain(*, quiet: Quiet = 0) -> None:
    """Apply webhook events and carry out the syncs that people asked for, until it is quiet.

    SIGTERM and Ctrl-C end it with everything settled that was begun; what was not begun waits for the next one.
    """
    with told_to_leave() as leave, ready_engine(settings_now()) as engine, ThreadPoolExecutor(2) as pool:
        how: Any = {"run_id": random_key(), "quiet_seconds": quiet, "stopping": leave.is_set}
        events: Future[Any] = pool.submit(apply_events, engine, **how)
        syncs: Future[Any] = pool.submit(work_off, engine, **how)
        wait((events, syncs), return_when=FIRST_EXCEPTION)
        leave.set()  # where one of them failed the other one need not go on alone
        applied, worked = events.result(), syncs.result()
    say("Events: another process applies them already." if applied is None else f"Events: {counted(applied)}")
    say(f"Syncs: {counted(worked)}")


def counted(done: Any) -> str:
    """The counts of a drain or a worker, as a sentence."""
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in asdict(done).items()) + "."


@contextmanager
def told_to_leave() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, instead of interrupting what is under way."""
    leave = threading.Event()
    before = {number: signal.signal(number, lambda *_: leave.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield leave
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
