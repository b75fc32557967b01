"""Pulling many Stripe-shaped customers into PostgreSQL: the engine beside dlt's rest_api source, in turns.

Both read the same simulated account over HTTP without rate limits and write into the same PostgreSQL, each in a
process of its own, so that peak memory is each one's own. The engine maps, validates, decides, keeps its ledger and
builds the venue's customers; dlt normalises and merges the raw objects.
Called as: python -m benchmarks.pull_beside_dlt --dlt <interpreter that has dlt> [--records 100000] [--rounds 2].
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from benchmarks.stage import KEYS, Stage, on_stage, stage, timed
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import Mode

SEEDED = 10_000
WARM_UP = 100


def customers(first: int, count: int) -> list[dict[str, Any]]:
    """Rows as a seller's shop leaves them at Stripe."""
    return [
        {
            "name": f"Given{n} Family{n}",
            "email": f"c{n}@example.com",
            "phone": f"+35312{n:07}",
            "address": {"line1": f"{n} Main Street", "city": "Cork", "country": "IE", "postal_code": "T12"},
            "metadata": {"source": "shop"},
        }
        for n in range(first, first + count)
    ]


def fill(on: Stage, venue: str, records: int) -> None:
    """`records` customers in the venue's account."""
    url = f"{on.bases['stripe']}/_sim/accounts/acct_{venue}/seed/customers"
    for first in range(0, records, SEEDED):
        rows = customers(first, min(SEEDED, records - first))
        requests.post(url, json={"rows": rows}, timeout=600).raise_for_status()


def by_engine(on: Stage, venue: str, records: int) -> dict[str, float]:
    """The first sync of a venue's customers, in a process of its own."""
    order = json.dumps({"url": on.url, "bases": on.bases, "home": on.home, "venue": venue, "records": records})
    return _told([sys.executable, "-W", "ignore", "-m", "benchmarks.pull_beside_dlt", "--pull", order])


def by_dlt(on: Stage, interpreter: Path, venue: str, records: int) -> dict[str, float]:
    """The same customers by dlt."""
    key = KEYS["stripe"].format(venue=venue)
    script = Path(__file__).with_name("dlt_customers.py")
    return _told([str(interpreter), "-W", "ignore", str(script), on.bases["stripe"], key, on.url, str(records)])


def pull(order: dict[str, Any]) -> None:
    """What the engine's process does: a small sync first, as a process that has run before, then the measured one."""
    on = on_stage(order["url"], order["bases"], order["home"])
    on.sync("warm", "stripe", "customers")
    seconds, reports = timed(
        lambda: sync_venues(
            on.engine,
            "stripe",
            "customers",
            [order["venue"]],
            mode=Mode(),
            run_id="benchmark",
            workers=1,
            on_report=lambda _: None,
        )
    )
    report = reports[0]
    if report.counts.pulled_created != order["records"]:
        raise SystemExit(f"the engine stored {report.counts.pulled_created} of {order['records']} customers")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "records": order["records"], "peak_mb": peak}))


def _told(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip()[-2000:] or f"{command[0]} ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dlt", type=Path)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--pull", type=json.loads)
    chosen = parser.parse_args()
    if chosen.pull:
        pull(chosen.pull)
        return
    took: dict[str, list[dict[str, float]]] = {"venue-sync": [], "dlt rest_api": []}
    with stage() as on:
        on.venues(["warm"], provider="stripe")
        fill(on, "warm", WARM_UP)
        for number in range(chosen.rounds):
            venue = f"round{number}"
            on.venues([venue], provider="stripe")
            fill(on, venue, chosen.records)
            took["venue-sync"].append(by_engine(on, venue, chosen.records))
            if chosen.dlt:
                took["dlt rest_api"].append(by_dlt(on, chosen.dlt, venue, chosen.records))
    print(f"{chosen.records:,} Stripe customers into PostgreSQL, median of {chosen.rounds}:")
    for name, rounds in took.items():
        if rounds:
            speed = statistics.median(one["records"] / one["seconds"] for one in rounds)
            print(f"  {name:14} {speed:9,.0f} records/s, peak memory {max(one['peak_mb'] for one in rounds):.0f} MB")


if __name__ == "__main__":
    main()
