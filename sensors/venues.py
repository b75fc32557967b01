"""Active venues are partitions: the sensor adds those that are new and removes those that left."""

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from assets.keys import VENUES, venue_partitions
from sensors.skipping import skipped
from sync_core.store.venue_tables import venues

SECONDS_BETWEEN_TICKS = 30
CHANGES_PER_TICK = (
    5_000  # a tick has 60 s; adding 10,000 partitions takes half a second, and their events travel by gRPC
)


@dg.sensor(
    minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Keeps the partitions of all synced assets equal to the active venues.",
)
def venues_to_partitions(
    context: dg.SensorEvaluationContext, database: dg.ResourceParam[sa.Engine]
) -> dg.SensorResult | dg.SkipReason:
    """Add a partition per new active venue, in name order; remove those of venues that are gone or inactive."""
    try:
        with database.connect() as conn:
            active = conn.execute(sa.select(venues.c.id).where(venues.c.active).order_by(venues.c.id)).scalars().all()
    except DBAPIError as failed:
        return skipped(failed)
    known = context.instance.get_dynamic_partitions(VENUES)
    added = sorted(set(active) - set(known))
    removed = sorted(set(known) - set(active))
    if not added and not removed:
        return dg.SkipReason(f"The partitions equal the {len(active)} active venues.")
    partitions = venue_partitions()
    changes = [
        *([partitions.build_delete_request(removed[:CHANGES_PER_TICK])] if removed else []),
        *([partitions.build_add_request(added[:CHANGES_PER_TICK])] if added else []),
    ]
    context.log.info(
        "%d venues are new, %d left; a tick changes %d at most.", len(added), len(removed), CHANGES_PER_TICK
    )
    return dg.SensorResult(dynamic_partitions_requests=changes)
