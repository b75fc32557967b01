"""Every connection is looked at now and then; what changed is in the tick's log, and what a person should know is an alert."""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from sensors.skipping import skipped
from sync_core.spec.provider import ProviderSpec
from sync_core.sync.watch import look

SECONDS_BETWEEN_TICKS = 120
MOST_LINES = 100
"""So many changes a tick writes into its log; all of them are in the database."""


def health_sensor(specs: Mapping[str, ProviderSpec]) -> dg.SensorDefinition:
    """The sensor; a look is one question to the database and takes no run of its own."""

    @dg.sensor(
        name="connection_health",
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        target=None,
        description="Judges every connection by its last 24 hours, notes what changed, and opens and closes alerts.",
    )
    def connection_health(context: dg.SensorEvaluationContext, database: dg.ResourceParam[sa.Engine]) -> dg.SkipReason:
        try:
            found = look(database, specs, now=datetime.now(UTC))
        except DBAPIError as failed:
            return skipped(failed)
        if found is None:
            return dg.SkipReason("Another process is looking.")
        for one, now in found.changes[:MOST_LINES]:
            context.log.info("%s: %s -> %s. %s", one.label, one.health or "not seen yet", now.health, now.reason)
        for message in found.opened:
            context.log.warning("%s", message)
        counts = ", ".join(f"{number} {health}" for health, number in sorted(found.counts.items())) or "no connection"
        return dg.SkipReason(
            f"{counts}; {len(found.changes)} changed, {len(found.opened)} alerts opened, {found.closed} closed."
        )

    return connection_health
