"""`venue-sync sync`: sync venues in this process, with live progress, or plan what a sync would do."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sync_core import traces
from sync_core.store import connections
from sync_core.store.database import dagster_url
from sync_core.sync.batch import sync_venues
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode, Plan
from sync_defs.commands import exits
from sync_defs.commands.live import StepBar
from sync_defs.commands.materialise import tell_dagster
from sync_defs.commands.opening import declared, ready_engine, settings_now
from sync_defs.commands.output import Json, err, print_json, print_table, say
from sync_defs.commands.selection import Selection, mode_of, select_entities, select_venues

Names = list[str] | None
NAMED = 10


def sync(
    *,
    venue: Annotated[Names, typer.Option("--venue", help="A venue; may be given several times.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every connected venue.")] = False,
    provider: Annotated[
        Names, typer.Option("--provider", help="Only this provider; may be given several times.")
    ] = None,
    entity: Annotated[
        Names, typer.Option("--entity", help="Only this entity, or kind of entity (customers, transactions, ...).")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Look at every record on both sides again.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="Push rows changed since this date (UTC if bare).")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show what would change, field by field, and write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Sync venues with their accounts, both directions, entity by entity."""
    mode = mode_of(full=full, since=since)
    entities = select_entities(declared(), providers=provider or (), entities=entity or ())
    with ready_engine(settings_now()) as engine:
        with engine.database.connect() as conn:
            venues = select_venues(conn, venues=venue or (), everyone=everyone, providers=tuple(entities))
        chosen = Selection(venues=venues, entities=entities)
        failed = _plan(engine, chosen, mode, as_json=json) if plan else _sync(engine, chosen, mode, as_json=json)
    if failed:
        raise typer.Exit(exits.SOME_FAILED)


def _sync(engine: Engine, chosen: Selection, mode: Mode, *, as_json: bool) -> bool:
    run_id = f"cli-{uuid.uuid4().hex}"
    reports: list[EntityReport] = []
    with traces.span("run sync", {traces.CORRELATION: run_id}):
        for provider, entity in chosen.steps:
            reports.extend(_step(engine, provider, entity, chosen.venues, mode=mode, run_id=run_id))
    home = Path(os.environ.get("DAGSTER_HOME") or engine.settings.dagster_home)
    ours = dagster_url(engine.database.url.render_as_string(hide_password=False))
    tell_dagster(home, os.environ.get("DAGSTER_DATABASE_URL") or ours, reports)
    if as_json:
        print_json(reports)
    else:
        _show(reports)
    return any(report.status in ("failed", "busy") or report.counts.bad for report in reports)


def _step(
    engine: Engine, provider: str, entity: str, venues: Sequence[str], *, mode: Mode, run_id: str
) -> list[EntityReport]:
    """One entity of one provider at all venues, with a bar that says how far it is, how fast, and how long yet."""
    with StepBar(f"{provider} {entity}", venues=len(venues), console=err()) as bar:
        return sync_venues(
            engine,
            provider,
            entity,
            venues,
            mode=mode,
            run_id=run_id,
            workers=engine.settings.workers,
            on_report=bar.ended,
            on_progress=bar.heard,
        )


def _show(reports: Sequence[EntityReport]) -> None:
    done = [report for report in reports if report.status != "not_connected"]
    columns = (
        "venue",
        "provider",
        "entity",
        "status",
        "read",
        "created",
        "updated",
        "deleted",
        "pulled",
        "failed",
        "calls",
        "s",
    )
    print_table([_cells(report) for report in done], columns=columns)
    absent = sorted({f"{report.venue}/{report.provider}" for report in reports if report.status == "not_connected"})
    if absent:
        say(f"Not connected: {', '.join(absent[:NAMED])}{' ...' if len(absent) > NAMED else ''}.")
    for report in done:
        if report.error:
            say(f"{report.venue}/{report.provider} {report.entity}: {report.error}")
    bad = sum(report.counts.bad for report in done)
    if bad:
        say(f"{bad} records could not be synced: see 'venue-sync letters list'.")


def _cells(report: EntityReport) -> tuple[str | int | float, ...]:
    counts = report.counts
    pulled = counts.pulled_created + counts.pulled_updated + counts.pulled_deleted
    written = (counts.created, counts.updated, counts.deleted, pulled, counts.bad)
    read = counts.read + counts.pulled_read
    names = (report.venue, report.provider, report.entity, report.status)
    return (*names, read, *written, report.api_calls, report.seconds)


def _plan(engine: Engine, chosen: Selection, mode: Mode, *, as_json: bool) -> bool:
    plans: list[Plan] = []
    for provider, entity in chosen.steps:
        with engine.database.connect() as conn:
            connected = connections.among(conn, provider, venue_ids=list(chosen.venues))
        plans.extend(engine.plan(connected[name], entity, mode=mode) for name in chosen.venues if name in connected)
    if as_json:
        print_json(plans)
    else:
        for plan in plans:
            _show_plan(plan)
        say(f"Nothing was written: this is what syncing {len(chosen.venues)} venues would do.")
    return any(plan.failures for plan in plans)


def _show_plan(plan: Plan) -> None:
    rows = [
        (change.direction, change.operation, change.record_id, path, _value(before), _value(after))
        for change in plan.changes
        for path, (before, after) in change.fields.items() or [("", (None, None))]
    ]
    counts = plan.counts
    title = (
        f"{plan.venue}/{plan.provider} {plan.entity}: push {counts.created} new, {counts.updated} changed, "
        f"{counts.deleted} deleted; pull {counts.pulled_created} new, {counts.pulled_updated} changed, "
        f"{counts.pulled_deleted} deleted"
    )
    if rows:
        columns = ("direction", "operation", "record", "field", "before", "after")
        print_table(rows, columns=columns, title=title)
        if counts.written + counts.pulled_created + counts.pulled_updated + counts.pulled_deleted > len(plan.changes):
            say(f"Only the first {len(plan.changes)} changes are shown.")
    else:
        say(title)
    for failure in plan.failures:
        say(f"{plan.venue}/{plan.provider} {plan.entity}: {failure.record_id} would fail: {failure.reason}")


def _value(value: object) -> str | None:
    return None if value is None else str(value)
