"""Something waits and nobody is at it: one run is started, which stays and listens while there is more to do."""

from collections.abc import Callable

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assets.waiting import DRAIN, WORK
from sensors.skipping import skipped
from sync_core.store import inbox, locks, queue

SECONDS_BETWEEN_TICKS = 5
COMING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING]
UNFINISHED = [*COMING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
Tick = dg.RunRequest | dg.SkipReason


@dg.sensor(
    job_name=DRAIN,
    minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one draining run when webhook events wait and no process is draining.",
)
def webhooks_waiting(context: dg.SensorEvaluationContext, database: dg.ResourceParam[sa.Engine]) -> Tick:
    """A run that was killed shows as started for a while: whether somebody drains is known by the lock."""
    return _tick(context, database, job=DRAIN, statuses=COMING, waiting=_events_waiting)


@dg.sensor(
    job_name=WORK,
    minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one run when syncs that people asked for wait and none is at them.",
)
def syncs_waiting(context: dg.SensorEvaluationContext, database: dg.ResourceParam[sa.Engine]) -> Tick:
    """What a dead worker left behind is put back first, so that it counts."""
    return _tick(context, database, job=WORK, statuses=UNFINISHED, waiting=_items_waiting)


def _tick(
    context: dg.SensorEvaluationContext,
    database: sa.Engine,
    *,
    job: str,
    statuses: list[dg.DagsterRunStatus],
    waiting: Callable[[sa.Engine], int],
) -> Tick:
    try:
        number = waiting(database)
    except DBAPIError as failed:
        return skipped(failed)
    if not number:
        return dg.SkipReason("Nothing waits that nobody is at.")
    if context.instance.get_runs_count(dg.RunsFilter(job_name=job, statuses=statuses)):
        return dg.SkipReason(f"{number} wait, and a run is on its way.")
    return dg.RunRequest(job_name=job)


def _events_waiting(database: sa.Engine) -> int:
    with database.connect() as guard, locks.only_one(guard, "drain") as nobody_drains:
        if not nobody_drains:
            return 0
    with database.begin() as conn:
        inbox.wake(conn)
        return inbox.backlog(conn)


def _items_waiting(database: sa.Engine) -> int:
    with database.begin() as conn:
        queue.recover_stale(conn)
        return queue.due(conn)
