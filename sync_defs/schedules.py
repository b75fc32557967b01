"""Schedules: each provider's incremental sync at its declared cadence."""

from collections.abc import Mapping

import dagster as dg

from assets.factory import VENUES_PER_RUN
from assets.keys import VENUES
from assets.run import SCHEDULE_TAG
from sensors.waiting import UNFINISHED
from sync_core.spec.provider import ProviderSpec
from sync_defs.jobs import INCREMENTAL, provider_keys, range_tags, ranges


def incremental_schedules(specs: Mapping[str, ProviderSpec]) -> list[dg.ScheduleDefinition]:
    """One schedule per provider."""
    return [_incremental(spec) for spec in specs.values()]


def _incremental(spec: ProviderSpec) -> dg.ScheduleDefinition:
    name = f"{spec.provider}_incremental"
    keys = provider_keys(spec)

    @dg.schedule(
        name=name,
        job_name=INCREMENTAL,
        cron_schedule=spec.cadence,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"What changed since the last sync between the venues and {spec.title}, "
        f"{VENUES_PER_RUN} venues to a run.",
    )
    def incremental(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        venues = context.instance.get_dynamic_partitions(VENUES)
        if not venues:
            return dg.SkipReason("There is no venue yet.")
        # A second run for the same venue would only find the connection busy and be red for nothing.
        if context.instance.get_runs_count(dg.RunsFilter(tags={SCHEDULE_TAG: name}, statuses=UNFINISHED)):
            return dg.SkipReason("The previous incremental sync has not finished.")
        return [
            dg.RunRequest(run_key=f"{_tick(context)}/{first}", asset_selection=keys, tags=range_tags(first, last))
            for first, last in ranges(venues, VENUES_PER_RUN)
        ]

    return incremental


def _tick(context: dg.ScheduleEvaluationContext) -> str:
    return context.scheduled_execution_time.isoformat(timespec="minutes")
