"""What calls a push to QuickBooks costs beside the batches that it cannot do without, 30 records in each.

python -m benchmarks.quickbooks_calls [--records N]
"""

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from benchmarks.stage import Stage, stage, timed
from sync_core.sync.report import EntityReport

IN_A_BATCH = 30  # blogs.intuit.com/2023/07/19
COMPANY = "/v3/company/{realmId}"
BATCH = f"POST {COMPANY}/batch"


@dataclass(frozen=True, slots=True)
class Measured:
    """One push: how long it took, what it did, and the requests that reached the company, by endpoint."""

    seconds: float
    report: EntityReport
    calls: Mapping[str, int]


def _measured(on: Stage, venue: str, entity: str) -> Measured:
    at = f"{on.bases['quickbooks']}/_sim/calls"
    requests.delete(at, timeout=30).raise_for_status()
    seconds, report = timed(lambda: on.sync(venue, "quickbooks", entity))
    calls = requests.get(at, timeout=30).json()["by_endpoint"]
    if sum(calls.values()) != report.api_calls:
        raise SystemExit(f"we counted {report.api_calls} calls and QuickBooks {sum(calls.values())}")
    return Measured(seconds, report, calls)


def push(on: Stage, venue: str, entity: str, records: int) -> None:
    """Create `records` of an entity in an empty company, then sync again with nothing to do."""
    created, again = _measured(on, venue, entity), _measured(on, venue, entity)
    if created.report.counts.created != records or again.report.counts.written:
        raise SystemExit(f"{entity}: {created.report.counts}, then {again.report.counts}")
    least = math.ceil(records / IN_A_BATCH)
    batches = created.calls.get(BATCH, 0)
    print(
        f"{entity}: {records} records in {created.seconds:.1f} s, {records / created.seconds:,.0f}/s; "
        f"{batches} batches, {least} at least ({batches / least:.2f} times); others: {_others(created.calls)}; "
        f"again with nothing to do: {_others(again.calls)}"
    )


def _others(calls: Mapping[str, int]) -> str:
    shown = [f"{count} x {name.replace(COMPANY, '')}" for name, count in calls.items() if name != BATCH]
    return ", ".join(shown) or "none"


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=3000)
    chosen = arguments.parse_args()
    with stage() as on:
        rows: Mapping[str, Callable[[str, int], None]] = {"customers": on.customers, "items": on.products}
        for entity, fill in rows.items():
            venue = f"q-{entity}"
            on.venues([venue], provider="quickbooks")
            fill(venue, chosen.records)
            push(on, venue, entity, chosen.records)


if __name__ == "__main__":
    main()
