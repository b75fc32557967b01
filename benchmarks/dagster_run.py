"""What a Dagster run over many venues costs beyond the engine's own work, per venue and entity.

python -m benchmarks.dagster_run [--venues N]
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import dagster as dg

from assets.keys import VENUES
from benchmarks.stage import Stage, stage, timed
from sync_core.store.database import dagster_url
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import Mode
from sync_defs.definitions import defs
from sync_defs.jobs import range_tags

ROOT = Path(__file__).parents[1]
KEY = dg.AssetKey(["stripe", "customers"])


def _instance(home: str) -> dg.DagsterInstance:
    (Path(home) / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    return dg.DagsterInstance.from_config(home)


def measure(on: Stage, count: int) -> None:
    """One engine pass, one run over all venues, and a few runs of one venue each, all with nothing to do."""
    names = [f"v{n:05d}" for n in range(count)]
    on.venues(names, provider="stripe")
    url = on.database.url.render_as_string(hide_password=False).replace("+psycopg", "")
    os.environ |= {"DATABASE_URL": url, "DAGSTER_DATABASE_URL": dagster_url(url), "STRIPE_API_BASE": on.bases["stripe"]}
    os.environ["VENUE_SYNC_HOME"] = str(on.engine.settings.home)

    def engine_only() -> Any:
        return sync_venues(
            on.engine, "stripe", "customers", names, mode=Mode(), run_id="b", workers=24, on_report=lambda _report: None
        )

    engine_only()
    engine, _ = timed(engine_only)
    with tempfile.TemporaryDirectory() as home, _instance(home) as instance:
        started = time.perf_counter()
        instance.add_dynamic_partitions(VENUES, names)
        adding = time.perf_counter() - started
        job = defs().resolve_implicit_global_asset_job_def()

        def run(first: str, last: str) -> None:
            result = job.execute_in_process(
                instance=instance, asset_selection=[KEY], tags=range_tags(first, last), raise_on_error=True
            )
            if not result.success:
                raise SystemExit("the run failed")

        run(names[0], names[0])
        whole, _ = timed(lambda: run(names[0], names[-1]))
        few = names[:5]
        single, _ = timed(lambda: [run(name, name) for name in few])
    each = 1000 / count
    print(f"{count} venues as partitions: {adding:.2f} s to add")
    print(f"engine alone {engine * each:.1f} ms a venue; one run over all {whole * each:.1f} ms a venue")
    print(f"so Dagster costs {(whole - engine) * each:.1f} ms a venue and entity in one run over {count} venues")
    print(
        f"a run per venue, in process and without the seconds a process takes to start: {1000 * single / len(few):.0f} ms"
    )
    print(f"ratio of a run per venue to one run over all: {single / len(few) / (whole / count):.0f}")


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--venues", type=int, default=500)
    chosen = arguments.parse_args()
    with stage() as on:
        measure(on, chosen.venues)


if __name__ == "__main__":
    main()
