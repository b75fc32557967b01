"""Runs whose process was killed show as started for good: Dagster's default launcher does not look after them. We do."""

import json
from typing import Final

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from resources.engine import WATCHED
from sync_core.store import lifelines

SECONDS_BETWEEN_TICKS: Final = 60
UNDER_WAY: Final = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
REASON: Final = (
    "The run's process is gone without having said how it ended: it was killed, or its machine was. "
    "What it had settled stays, and the next run goes on from there."
)


@dg.sensor(
    minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    target=None,
    description="Marks runs as failed whose process is gone, so that nothing waits for them.",
)
def runs_left_behind(context: dg.SensorEvaluationContext, database: dg.ResourceParam[sa.Engine]) -> dg.SkipReason:
    """A run without a sign of life at two ticks in a row is over; one tick may be a restart of the database."""
    runs = context.instance.get_runs(dg.RunsFilter(statuses=UNDER_WAY, tags={WATCHED: "yes"}))
    try:
        with database.connect() as conn:
            living = lifelines.among(conn, [run.run_id for run in runs])
    except DBAPIError:
        # Nothing of the exception is passed on: it may hold the database's address.
        return dg.SkipReason("The database does not answer.")
    silent = {run.run_id: run for run in runs if run.run_id not in living}
    suspected: set[str] = set(json.loads(context.cursor or "[]"))
    over = suspected & set(silent)
    for run_id in sorted(over):
        run = silent.pop(run_id)
        if run.status == dg.DagsterRunStatus.CANCELING:
            context.instance.report_run_canceled(run, message=REASON)
        else:
            context.instance.report_run_failed(run, message=REASON)
        context.log.warning("run %s: %s", run_id, REASON)
    context.update_cursor(json.dumps(sorted(silent)))
    return dg.SkipReason(f"{len(living)} runs live, {len(silent)} are silent, {len(over)} were given up.")
