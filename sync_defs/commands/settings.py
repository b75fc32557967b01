"""`venue-sync connection settings`: whether, how often, in which direction and of which records a connection is synced."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from sync_core.clock import SystemClock
from sync_core.errors import ConfigurationError
from sync_core.spec.connection import ConnectionSettings
from sync_core.spec.template import Model
from sync_core.store import audit, connections
from sync_core.sync.engine import Engine
from sync_core.sync.terms import require_fitting
from sync_defs.commands.connections import ProviderName, VenueName, existing
from sync_defs.commands.opening import ready_engine, settings_now
from sync_defs.commands.output import Json, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="One venue's connection with one provider.")

_TRUTH = {"true": True, "false": False}


@app.callback()
def connection() -> None:
    """One venue's connection with one provider."""


@app.command("settings")
def settings_command(
    venue: VenueName,
    provider: ProviderName,
    *,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Whether anything is synced at all.")] = None,
    interval: Annotated[
        int | None,
        typer.Option(min=0, help="Seconds between scheduled syncs, at least; 0: whenever the schedule comes."),
    ] = None,
    direction: Annotated[
        list[str] | None, typer.Option("--direction", metavar="ENTITY=WAY", help="push, pull, or both as declared.")
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="ENTITY.COLUMN=VALUE,...", help="Only these records; no value: no filter."),
    ] = None,
    json: Json = False,
) -> None:
    """Show a connection's settings, or change those that are named; they hold from its next sync on."""
    with ready_engine(settings_now()) as engine, engine.database.begin() as conn:
        found = existing(conn, venue, provider)
        chosen: dict[str, Any] = found.settings.model_dump()
        if on is not None:
            chosen["enabled"] = on
        if interval is not None:
            chosen["interval_seconds"] = interval or None
        chosen["direction"] = _directed(chosen["direction"], direction or ())
        chosen["filters"] = _filtered(chosen["filters"], filters or (), _models(engine, provider))
        settings = _valid(chosen)
        if settings != found.settings:
            require_fitting(settings, engine.spec(provider), engine.mappings)
            line = audit.begin(
                conn,
                at=SystemClock().now(),
                actor="command line",
                role="operator",
                venue=venue,
                action="change_settings",
                subject=found.label,
                request_id=f"cli-{uuid.uuid4().hex}",
            )
            connections.change_settings(conn, found.id, settings)
            audit.finish(conn, line, status=200)
    if json:
        print_json(settings)
    else:
        told = (("on", settings.enabled), ("interval", settings.interval_seconds or "as the schedule comes"))
        ways = [(f"direction of {entity}", way) for entity, way in settings.direction.items()]
        only = [
            (f"only {entity} with {column}", ", ".join(map(str, wanted)))
            for entity, columns in settings.filters.items()
            for column, wanted in columns.items()
        ]
        print_table([*told, *ways, *only], columns=("setting", "value"), title=found.label)


def _models(engine: Engine, provider: str) -> dict[str, Model]:
    return {entity: engine.mappings[provider, entity].model for entity in engine.spec(provider).entities}


def _directed(before: Mapping[str, str], given: Sequence[str]) -> dict[str, str]:
    after = dict(before)
    for each in given:
        entity, equals, way = each.partition("=")
        if not equals or way not in ("push", "pull", "both"):
            raise ConfigurationError(f"--direction {each}: write ENTITY=push, ENTITY=pull or ENTITY=both.")
        if way == "both":
            after.pop(entity, None)
        else:
            after[entity] = way
    return after


def _filtered(
    before: Mapping[str, Mapping[str, Any]], given: Sequence[str], models: Mapping[str, Model]
) -> dict[str, dict[str, Any]]:
    after = {entity: dict(columns) for entity, columns in before.items()}
    for each in given:
        place, equals, values = each.partition("=")
        entity, dot, column = place.partition(".")
        if not equals or not dot:
            raise ConfigurationError(f"--filter {each}: write ENTITY.COLUMN=VALUE, with commas between several values.")
        if values:
            after.setdefault(entity, {})[column] = [
                _typed(one, models.get(entity), column) for one in values.split(",")
            ]
        else:
            after.get(entity, {}).pop(column, None)
    return {entity: columns for entity, columns in after.items() if columns}


def _typed(text: str, model: Model | None, column: str) -> str | int | bool:
    """The value as the column has it; what cannot be stays text, and is refused with the rest of what does not fit."""
    declared = model.columns.get(column) if model is not None else None
    kind = "text" if declared is None else declared.type
    if kind == "boolean":
        return _TRUTH.get(text, text)
    return int(text) if kind == "integer" and text.lstrip("-").isdecimal() else text


def _valid(chosen: Mapping[str, Any]) -> ConnectionSettings:
    try:
        return ConnectionSettings.model_validate(chosen)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"The setting {place} is not possible: {first['msg']}.") from None
