"""Tokens come to their end: one run is started for all of them, well before anybody needs them."""

from datetime import UTC, datetime

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assets.tokens import REFRESH
from sensors.skipping import skipped
from sync_core.oauth.rounds import LOOKAHEAD
from sync_core.store import tokens

SECONDS_BETWEEN_TICKS = 30
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    job_name=REFRESH,
    minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts one run that refreshes every access token whose end is near.",
)
def tokens_due(
    context: dg.SensorEvaluationContext, database: dg.ResourceParam[sa.Engine]
) -> dg.RunRequest | dg.SkipReason:
    """One run for however many are due, and none while one is on its way."""
    now = datetime.now(UTC)
    try:
        with database.connect() as conn:
            due = tokens.due(conn, before=now + LOOKAHEAD, now=now, limit=1)
    except DBAPIError as failed:
        return skipped(failed)
    if not due:
        return dg.SkipReason("No token is due.")
    if context.instance.get_runs_count(dg.RunsFilter(job_name=REFRESH, statuses=UNFINISHED)):
        return dg.SkipReason("Tokens are due, and a run is on its way.")
    return dg.RunRequest()
