"""How much of one account's allowance several processes use together, and how often the provider throttles them.

python -m benchmarks.shared_limit [--seconds N]
"""

import argparse
import contextlib
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import requests
import sqlalchemy as sa
from sqlalchemy import event

from sync_core.clock import SystemClock
from sync_core.http.allowance import SHARE
from sync_core.http.backoff import HIGH
from sync_core.http.calls import CallLog
from sync_core.http.session import CallPolicy, open_session
from sync_core.spec.provider import RateSpec
from sync_core.store.database import open_engine
from sync_core.store.embedded import EmbeddedPostgres
from sync_core.store.migrate import upgrade
from sync_core.sync.guards import Guards

PROCESSES = 4
KEY = "sk_test_shared"

_SIMULATOR = """
import sys
from sync_sims.server import running
from sync_sims.stripe.simulator import StripeSimulator
with running(StripeSimulator()) as base:
    print(base, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Task:
    """What each process does: call `base` for `seconds` by `threads`, knowing that the provider allows `rate`."""

    base: str
    url: str
    rate: RateSpec
    seconds: float
    threads: int = 4


@dataclass(frozen=True, slots=True)
class Measured:
    """Answers of all processes by status; "asked" counts their statements to the database."""

    statuses: Counter[str]

    @property
    def answered(self) -> int:
        """Calls that the provider answered."""
        return self.statuses["200"]

    @property
    def throttled(self) -> int:
        """Answers of 429."""
        return self.statuses["429"]


class Over(Exception):
    """Whoever waits need not wait any longer."""


class Shift(SystemClock):
    """The machine's clock, on which nobody sleeps past the end of work."""

    def __init__(self) -> None:
        self.end = math.inf

    def sleep(self, seconds: float) -> None:
        """Wait for `seconds`. Raises Over at the end of work."""
        left = self.end - self.monotonic()
        super().sleep(max(0.0, min(seconds, left)))
        if seconds >= left:
            raise Over


def call(task: Task) -> None:
    """The work of one process: say "ready", begin when a line comes in, then say what came of it."""
    clock, database = Shift(), open_engine(task.url)
    statuses = Counter[str]()
    event.listen(sa.Engine, "before_cursor_execute", lambda *_: statuses.update(["asked"]))
    guard = Guards(database, clock=clock).of("stripe/shared", system="stripe", rate=task.rate)
    policy = CallPolicy("Stripe", "shared/stripe", task.rate, concurrency=task.threads, timeout=30, patience=HIGH)
    log, rng = CallLog(), random.Random(os.getpid())
    with open_session(policy, clock=clock, rng=rng, calls=log, correlation="benchmark", guard=guard) as session:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        clock.end = clock.monotonic() + task.seconds

        def work() -> None:
            with contextlib.suppress(Over):
                while clock.monotonic() < clock.end:
                    answer = session.get(f"{task.base}/v1/products", headers={"Authorization": f"Bearer {KEY}"})
                    if clock.monotonic() < clock.end:
                        statuses[str(answer.status_code)] += 1

        threads = [threading.Thread(target=work) for _ in range(task.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses["429"] += log.snapshot().total.throttles
    sys.stdout.write(orjson.dumps(dict(statuses)).decode() + "\n")
    database.dispose()


def measured(task: Task, *, processes: int = PROCESSES) -> Measured:
    """Let several processes work at once and add up what came of it."""
    told = orjson.dumps({**asdict(task), "rate": task.rate.model_dump()}).decode()
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-W", "ignore", "-m", "benchmarks.shared_limit", "--task", told],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(processes)
        ]
        for child in children:
            _heard(child)
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        statuses: Counter[str] = Counter()
        for child in children:
            statuses.update(orjson.loads(_heard(child)))
        return Measured(statuses)


def _heard(child: "subprocess.Popen[str]") -> str:
    line = child.stdout.readline() if child.stdout is not None else ""
    if not line:
        raise SystemExit("a calling process ended before its time")
    return line.strip()


def account(base: str, rate: RateSpec) -> None:
    """The account that all call, at a provider that takes exactly what `rate` says."""
    body = {"credential": KEY, "account_id": "acct_shared", "name": "shared"}
    requests.put(f"{base}/_sim/accounts", json=body, timeout=30).raise_for_status()
    limits = {"per_second": rate.per_second, "in_sixty_seconds": rate.all_per_minute}
    requests.put(f"{base}/_sim/limits", json=limits, timeout=30).raise_for_status()


def _show(what: str, url: str, base: str, rate: RateSpec, seconds: float) -> None:
    account(base, rate)
    found = measured(Task(base, url, rate, seconds))
    windows = [] if rate.per_second is None else [rate.per_second * seconds]
    # A minute's calls may all go at its start.
    windows += [] if rate.all_per_minute is None else [rate.all_per_minute * math.ceil(seconds / 60)]
    allowed = SHARE * min(windows)
    print(
        f"{what}: {PROCESSES} processes made {found.answered} calls in {seconds:.0f} s, "
        f"{found.answered / allowed:.1%} of our share of the allowance ({allowed:.0f}); "
        f"{found.throttled} answers of 429; {found.statuses['asked'] / found.answered:.2f} statements a call",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--task", help="what the main process tells its children")
    chosen = arguments.parse_args()
    if chosen.task is not None:
        told = orjson.loads(chosen.task)
        rate = RateSpec.model_validate(told.pop("rate"))
        call(Task(rate=rate, **told))
        return
    with (
        tempfile.TemporaryDirectory(prefix="venue-sync-bench-") as folder,
        subprocess.Popen(
            [sys.executable, "-c", _SIMULATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as provider,
    ):
        server = EmbeddedPostgres(Path(folder))
        server.start()
        try:
            database = open_engine(server.url)
            upgrade(database)
            database.dispose()
            base = _heard(provider)
            _show("100 a second", server.url, base, RateSpec(per_second=100), chosen.seconds)
            _show("10 a second", server.url, base, RateSpec(per_second=10), chosen.seconds)
            minute = RateSpec(per_second=100, all_per_minute=500)
            _show("500 a minute", server.url, base, minute, chosen.seconds)
        finally:
            if provider.stdin is not None:
                provider.stdin.close()
            server.stop()
            server.remove()


if __name__ == "__main__":
    main()
