"""What one step of a run does: sync its venues, tell Dagster of each, check, and fail if any of them failed.

Dagster never sees more of an error than the engine's sentence: exception text and metadata are stored for good.
"""

from collections.abc import Callable, Iterator, Sequence

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from assets.checks import mapped_frame, no_dead_letters
from assets.keys import synced_key
from assets.metadata import FIRST, error_table, named, of_run, of_venue
from assets.telling import told_in_a_sentence
from sync_core.spec.provider import EntitySpec, ProviderSpec
from sync_core.store import dead_letters
from sync_core.store.comeback import Trials
from sync_core.sync.batch import not_due, sync_venues
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode

BACKFILL_TAG = "dagster/backfill"
SCHEDULE_TAG = "dagster/schedule_name"


def sync_partitions(
    context: dg.AssetExecutionContext, engine: Engine, *, spec: ProviderSpec, entity: str, mode: Mode
) -> Iterator[dg.AssetCheckResult]:
    """Sync the run's venues, log a materialisation for each that went well, yield the checks.

    Raises dagster.Failure naming the venues that did not go well, after everything else is done, or saying in a
    sentence why nothing could be done.
    """
    with told_in_a_sentence():
        yield from _sync(context, engine, spec=spec, entity=entity, mode=mode)


def _sync(
    context: dg.AssetExecutionContext, engine: Engine, *, spec: ProviderSpec, entity: str, mode: Mode
) -> Iterator[dg.AssetCheckResult]:
    key, declared = synced_key(spec.provider, entity), spec.entities[entity]
    venues = _due(context, engine, spec, entity)
    reports = sync_venues(
        engine,
        spec.provider,
        entity,
        venues,
        mode=mode,
        run_id=context.run.run_id,
        workers=engine.settings.workers,
        on_report=lambda report: _persistently(engine, lambda: _tell(context, key, report, entity=declared)),
    )
    _tell_of_unconnected(context, spec, reports)
    yield mapped_frame(key, reports, max_bad_share=declared.max_bad_share)
    with engine.database.connect() as conn:
        total, latest = dead_letters.open_for(conn, spec.provider, entity, venues=venues, limit=FIRST)
    yield no_dead_letters(key, latest, total=total, venues=len(venues))
    _fail_for(reports, entity=declared)


def _due(context: dg.AssetExecutionContext, engine: Engine, spec: ProviderSpec, entity: str) -> list[str]:
    """The run's venues; where a schedule started it, without those that want to be synced more rarely."""
    venues = list(context.partition_keys)
    if SCHEDULE_TAG not in context.run.tags:
        return venues
    later = set(not_due(engine, spec.provider, entity, venues))
    if later:
        context.log.info(
            "%d of %d venues were synced a short while ago: it is not their turn.", len(later), len(venues)
        )
    return [venue for venue in venues if venue not in later]


def _persistently(engine: Engine, tell: Callable[[], None]) -> None:
    """Dagster's storage is in the same database, and what was synced meanwhile should not go untold."""
    trials = Trials(engine.comeback, clock=engine.clock)
    while True:
        try:
            return tell()
        except SQLAlchemyError as lost:
            if not trials.another(lost):
                raise


def _tell(context: dg.AssetExecutionContext, key: dg.AssetKey, report: EntityReport, *, entity: EntitySpec) -> None:
    """One venue is done: it is materialised at once, so that a run that is killed keeps what it achieved."""
    if report.status == "succeeded":
        context.log_event(
            dg.AssetMaterialization(asset_key=key, partition=report.venue, metadata=of_venue(report, entity))
        )
    elif report.status == "not_connected":
        # Such a venue is neither good nor bad: its partition stays missing, which is the truth, and costs no event
        # (thousands of venues times every entity, every quarter of an hour). Only a backfill needs one: Dagster
        # declares a backfill failed whose runs leave partitions without a materialisation.
        if BACKFILL_TAG in context.run.tags:
            context.log_event(
                dg.AssetMaterialization(asset_key=key, partition=report.venue, metadata={"status": "not connected"})
            )
    else:
        context.log.error("%s: %s", report.venue, report.error)


def _tell_of_unconnected(
    context: dg.AssetExecutionContext, spec: ProviderSpec, reports: Sequence[EntityReport]
) -> None:
    absent = [report.venue for report in reports if report.status == "not_connected"]
    if absent:
        context.log.info(
            "%d of %d venues are not connected to %s: %s.", len(absent), len(reports), spec.title, named(absent)
        )


def _fail_for(reports: Sequence[EntityReport], *, entity: EntitySpec) -> None:
    failed = [report for report in reports if report.status in ("failed", "busy")]
    if failed:
        # Dagster does not try again: the engine already has, and the other venues would be synced twice.
        raise dg.Failure(
            f"{len(failed)} of {len(reports)} venues failed: {named([report.venue for report in failed])}.",
            metadata={"failed venues": error_table(failed), **of_run(reports, entity)},
            allow_retries=False,
        )
