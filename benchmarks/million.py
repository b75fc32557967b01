"""One million customers of one venue, in both directions, by a process that is killed twice on the way.

Asked: how much memory the process takes at most, what the provider is called beyond the calls that nobody can do
without, and whether each customer is there exactly once in the end. The process is killed with SIGKILL when it has
settled a third, and again at two thirds; the next one goes on.
Called as: python -m benchmarks.million [--records 1000000] [--only pull|push].
"""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as sa

from benchmarks.pull_beside_dlt import fill
from benchmarks.stage import KEYS, Stage, on_stage, stage
from sync_core.store import connections
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import Mode

VENUE = "million"
LOOK_EVERY = 0.5
SETTLED = sa.text("SELECT count(*) FROM sync.ledger WHERE connection_id = :connection_id AND entity = :entity")


@dataclass(frozen=True, slots=True)
class Way:
    """One direction: who is synced with, and how many customers one call carries."""

    provider: str
    entity: str
    per_call: int
    path: str


WAYS = {
    "pull": Way("stripe", "customers", 100, "GET /v1/customers"),
    "push": Way("mailchimp", "members", 500, "POST /3.0/lists/{id}"),
}


def work(order: dict[str, Any]) -> None:
    """What the process does that is killed: one sync of the venue's customers, to its end."""
    on = on_stage(order["url"], order["bases"], order["home"])
    reports = sync_venues(
        on.engine,
        order["provider"],
        order["entity"],
        [VENUE],
        mode=Mode(),
        run_id="benchmark",
        workers=1,
        on_report=lambda _: None,
    )
    if reports[0].status != "succeeded":
        raise SystemExit(reports[0].error)


def until(on: Stage, way: Way, share: float, records: int) -> tuple[float, bool]:
    """Let a process work until `share` of the customers is settled and kill it, or to its end; its peak memory in MB."""
    order = json.dumps(
        {"url": on.url, "bases": on.bases, "home": on.home, "provider": way.provider, "entity": way.entity}
    )
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.million", "--work", order]
    peak, killed = 0.0, False
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            peak = max(peak, _peak_mb(process.pid))
            if share < 1 and settled(on, way) >= share * records:
                os.kill(process.pid, signal.SIGKILL)
                killed = True
                break
            time.sleep(LOOK_EVERY)
    if not killed and process.returncode:
        raise SystemExit(f"the process ended with {process.returncode}")
    return peak, killed


def settled(on: Stage, way: Way) -> int:
    """How many customers the ledger has."""
    with on.database.connect() as conn:
        connection = connections.find(conn, VENUE, way.provider)
        if connection is None:
            raise SystemExit(f"{VENUE} is not connected to {way.provider}")
        return conn.execute(SETTLED, {"connection_id": connection.id, "entity": way.entity}).scalar_one()


def _peak_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def measure(on: Stage, direction: str, records: int) -> None:
    """One direction, killed twice."""
    way = WAYS[direction]
    base = on.bases[way.provider]
    requests.delete(f"{base}/_sim/calls", timeout=30).raise_for_status()
    began, peaks, kills = time.perf_counter(), list[float](), 0
    for share in (1 / 3, 2 / 3, 1.0):
        peak, killed = until(on, way, share, records)
        peaks.append(peak)
        kills += killed
    seconds = time.perf_counter() - began
    calls: dict[str, int] = requests.get(f"{base}/_sim/calls", timeout=30).json()["by_endpoint"]
    least = math.ceil(records / way.per_call)
    print(
        f"{direction}, {way.provider}: {settled(on, way):,} of {records:,} customers settled in {seconds:.0f} s "
        f"by processes killed {kills} times; peak memory {max(peaks):.0f} MB; "
        f"{calls.get(way.path, 0):,} calls of {way.path}, {least:,} at least; "
        f"all calls: {sum(calls.values()):,}; there: {_there(on, direction):,}"
    )


def _there(on: Stage, direction: str) -> int:
    """Customers on the side that was written."""
    if direction == "pull":
        with on.database.connect() as conn:
            return conn.execute(
                sa.text("SELECT count(*) FROM venue.customers WHERE venue_id = :venue"), {"venue": VENUE}
            ).scalar_one()
    base, key = on.bases["mailchimp"], KEYS["mailchimp"].format(venue=VENUE)
    lists = requests.get(f"{base}/3.0/lists", auth=("any", key), timeout=60).json()["lists"]
    at = f"{base}/3.0/lists/{lists[0]['id']}/members"
    asked = requests.get(at, params={"count": 1, "fields": "total_items"}, auth=("any", key), timeout=600)
    return asked.json()["total_items"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--only", choices=sorted(WAYS))
    parser.add_argument("--work", type=json.loads)
    chosen = parser.parse_args()
    if chosen.work:
        work(chosen.work)
        return
    for direction in [chosen.only] if chosen.only else sorted(WAYS):
        with stage() as on:
            on.venues([VENUE], provider=WAYS[direction].provider)
            if direction == "pull":
                fill(on, VENUE, chosen.records)
            else:
                on.customers(VENUE, chosen.records)
            measure(on, direction, chosen.records)


if __name__ == "__main__":
    main()
