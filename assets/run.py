"""What one step of a run does: sync its venues, tell Dagster of each, check, and fail if any of them failed.

Dagster never sees more of an error than the engine's sentence: exception text and metadata are stored for good.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import dagster as dg
from dagster._core.events import AssetMaterializationPlannedData  # Dagster exports no name for it
from sqlalchemy.exc import SQLAlchemyError

from assets.checks import mapped_frame, no_dead_letters
from assets.keys import synced_key
from assets.metadata import FIRST, error_table, named, of_run, of_venue
from assets.resuming import NOT_CONNECTED, done_before, tell_of
from assets.telling import told_in_a_sentence
from sync_core.spec.provider import EntitySpec, ProviderSpec
from sync_core.store import dead_letters
from sync_core.store.comeback import Trials
from sync_core.sync.batch import sync_venues
from sync_core.sync.due import Round, Stretch
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode

BACKFILL_TAG = "dagster/backfill"
DUE_FIRST = "venue_sync/due_first"
DUE_LAST = "venue_sync/due_last"


def due_tags(first: str, last: str) -> dict[str, str]:
    """The run tags that make a run sync whoever is due from `first` to `last`, both included, in the order of names.

    Such a run has no partitions of its own: it is told who is due when it begins, not when it was asked for.
    """
    return {DUE_FIRST: first, DUE_LAST: last}


def sync_partitions(
    context: dg.AssetExecutionContext, engine: Engine, whose_turn: Round, *, spec: ProviderSpec, entity: str, mode: Mode
) -> Iterator[dg.AssetCheckResult]:
    """Sync the run's venues, log a materialisation for each that went well, yield the checks.

    Raises dagster.Failure naming the venues that did not go well, after everything else is done, or saying in a
    sentence why nothing could be done.
    """
    with told_in_a_sentence():
        yield from _sync(context, engine, whose_turn, spec=spec, entity=entity, mode=mode)


def _sync(
    context: dg.AssetExecutionContext, engine: Engine, whose_turn: Round, *, spec: ProviderSpec, entity: str, mode: Mode
) -> Iterator[dg.AssetCheckResult]:
    key, declared = synced_key(spec.provider, entity), spec.entities[entity]
    stretch = _stretch(context.run.tags)
    if stretch is None:
        done = done_before(context, key)
        _persistently(engine, lambda: tell_of(context, key, done))
        venues = [venue for venue in context.partition_keys if venue not in done]
    else:
        venues = whose_turn.venues(engine.database, spec, entity, settings=engine.settings, stretch=stretch)
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
    failed = [report for report in reports if report.status == "failed"]
    if stretch is None:
        failed += [report for report in reports if report.status == "busy"]
    else:
        # Whoever is busy is being synced at this moment; whoever failed has no partition that Dagster would miss.
        _persistently(engine, lambda: _mark(context, key, failed))
    _fail_for(failed, reports, entity=declared)


def _stretch(tags: Mapping[str, str]) -> Stretch | None:
    """Of which venues those that are due are meant; None where the run's partitions are meant, due or not."""
    return Stretch(tags[DUE_FIRST], tags[DUE_LAST]) if DUE_FIRST in tags and DUE_LAST in tags else None


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
            context.log_event(dg.AssetMaterialization(asset_key=key, partition=report.venue, metadata=NOT_CONNECTED))
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


def _mark(context: dg.AssetExecutionContext, key: dg.AssetKey, failed: Sequence[EntityReport]) -> None:
    """Tell Dagster that these partitions were meant to be materialised: with the run's failure they show as failed."""
    for report in failed:
        planned = AssetMaterializationPlannedData(key, partition=report.venue)
        event = dg.DagsterEvent.build_asset_materialization_planned_event(
            context.run.job_name, key.to_python_identifier(), planned
        )
        context.instance.report_dagster_event(event, context.run.run_id)


def _fail_for(failed: Sequence[EntityReport], reports: Sequence[EntityReport], *, entity: EntitySpec) -> None:
    if failed:
        # Dagster does not try again: the engine already has, and the other venues would be synced twice.
        raise dg.Failure(
            f"{len(failed)} of {len(reports)} venues failed: {named([report.venue for report in failed])}.",
            metadata={"failed venues": error_table(failed), **of_run(reports, entity)},
            allow_retries=False,
        )
