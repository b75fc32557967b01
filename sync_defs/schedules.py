"""Schedules: each provider's incremental sync, for the venues that have something to do, and what is done once a day."""

import os
from collections.abc import Mapping

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assets.factory import VENUES_PER_RUN
from assets.keys import synced_key
from assets.run import due_tags
from assets.tidying import TIDY
from sensors.waiting import COMING
from sync_core.settings import read_settings
from sync_core.spec.provider import ProviderSpec
from sync_core.sync.due import due_at, webhooks_come
from sync_defs.jobs import INCREMENTAL, ranges

SCHEDULE_TAG = "dagster/schedule_name"


def incremental_schedules(specs: Mapping[str, ProviderSpec]) -> list[dg.ScheduleDefinition]:
    """One schedule per provider."""
    return [_incremental(spec) for spec in specs.values()]


def _incremental(spec: ProviderSpec) -> dg.ScheduleDefinition:
    name = f"{spec.provider}_incremental"

    @dg.schedule(
        name=name,
        job_name=INCREMENTAL,
        cron_schedule=spec.cadence,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"What changed since the last sync between the venues and {spec.title}, for the venues that have "
        f"something to do, {VENUES_PER_RUN} to a run.",
    )
    def incremental(
        context: dg.ScheduleEvaluationContext, database: dg.ResourceParam[sa.Engine]
    ) -> list[dg.RunRequest] | dg.SkipReason:
        # A run that has not begun will ask who is due by itself. One that has begun may hang at a single venue, for
        # which the others do not wait: who is being synced at this moment is not due.
        if context.instance.get_runs_count(dg.RunsFilter(tags={SCHEDULE_TAG: name}, statuses=COMING)):
            return dg.SkipReason("An incremental sync that was asked for before has not begun.")
        try:
            with database.connect() as conn:
                due = due_at(conn, spec, webhooks_come=webhooks_come(read_settings(os.environ), spec.provider))
        except DBAPIError:
            # Nothing of the exception is passed on: it may hold the database's address.
            return dg.SkipReason("The database does not answer.")
        venues = sorted({venue for some in due.values() for venue in some})
        if not venues:
            return dg.SkipReason("No venue has anything to do.")
        return [
            dg.RunRequest(
                run_key=f"{_tick(context)}/{first}",
                asset_selection=[
                    synced_key(spec.provider, entity)
                    for entity, some in due.items()
                    if any(first <= venue <= last for venue in some)
                ],
                tags=due_tags(first, last),
            )
            for first, last in ranges(venues, VENUES_PER_RUN)
        ]

    return incremental


def _tick(context: dg.ScheduleEvaluationContext) -> str:
    return context.scheduled_execution_time.isoformat(timespec="minutes")


def tidy_schedule() -> dg.ScheduleDefinition:
    """Once a day, when most venues sleep."""
    return dg.ScheduleDefinition(
        name=f"{TIDY}_daily",
        job_name=TIDY,
        cron_schedule="23 4 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Deletes what was kept long enough.",
    )
