"""`venue-sync mapping`: the mapping of one venue's entity: shown, tried, replaced by the venue's own, taken back.

Every change has its line in the audit log, as one over the API has.
"""

import getpass
import io
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from ruamel.yaml import YAML

from sync_core.errors import ConfigurationError
from sync_core.mapping.compile import Mapping
from sync_core.mapping.custom import written
from sync_core.mapping.preview import preview
from sync_core.spec.load import read_yaml
from sync_core.store import audit, venue_mappings
from sync_core.store.connections import Connection
from sync_core.store.venue_mappings import Version
from sync_core.sync import remapping
from sync_core.sync.engine import Engine
from sync_defs.commands.connections import ProviderName, VenueName, existing
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import declared, ready_engine, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Mappings that venues have of their own.")

EntityName = Annotated[str, typer.Argument(help="customers, products, ...")]
File = Annotated[Path, typer.Argument(help="The template, as YAML or JSON.", dir_okay=False)]
VersionNumber = Annotated[int | None, typer.Option("--version", min=1, help="A kept version instead.")]


@app.command("show")
def show(venue: VenueName, provider: ProviderName, entity: EntityName, *, version: VersionNumber = None) -> None:
    """Print the template that counts, or a kept version, as YAML: a file to change and to set."""
    with ready_engine(settings_now()) as engine, engine.database.connect() as conn:
        connection = _existing(conn, venue, provider, entity)
        mapping = engine.mapping_of(conn, connection, entity)
        if version is not None:
            mapping = remapping.former(engine, conn, connection, entity, version)
    typer.echo(_yaml(written(mapping.template)), nl=False)


@app.command("set")
def set_command(
    venue: VenueName,
    provider: ProviderName,
    entity: EntityName,
    file: Annotated[Path | None, typer.Argument(help="The template, as YAML or JSON.", dir_okay=False)] = None,
    *,
    version: VersionNumber = None,
) -> None:
    """Let a template count for this venue, or a kept version again. The next sync looks at every record."""
    if (file is None) == (version is None):
        raise ConfigurationError("Say which mapping: a FILE, or --version N of 'venue-sync mapping history'.")
    with ready_engine(settings_now()) as engine, engine.database.begin() as conn:
        connection = _existing(conn, venue, provider, entity)
        if version is not None:
            mapping = remapping.former(engine, conn, connection, entity, version)
        else:
            mapping = remapping.draft(engine, connection, entity, read_yaml(file or Path()))
        made = remapping.adopt(engine, conn, connection, entity, mapping, made_by=_who())
        _note(engine, conn, connection, "set_mapping", made)
    _tell(connection, entity, made)


@app.command("reset")
def reset(venue: VenueName, provider: ProviderName, entity: EntityName) -> None:
    """Go back to the declared mapping. The next sync looks at every record; versions are kept."""
    with ready_engine(settings_now()) as engine, engine.database.begin() as conn:
        connection = _existing(conn, venue, provider, entity)
        made = remapping.reset(conn, connection, entity, made_by=_who())
        _note(engine, conn, connection, "reset_mapping", made)
    _tell(connection, entity, made)


@app.command("history")
def history(venue: VenueName, provider: ProviderName, entity: EntityName, *, json: Json = False) -> None:
    """List the versions of a venue's mapping, the latest first."""
    with ready_engine(settings_now()) as engine, engine.database.connect() as conn:
        kept = venue_mappings.history(conn, _existing(conn, venue, provider, entity).id, entity)
    if json:
        print_json(kept)
    elif not kept:
        say(f"{venue}/{provider}/{entity} has always had the declared mapping.")
    else:
        what = {True: "the declared one", False: "the venue's own"}
        rows = [(str(v.version), what[v.template is None], v.active, v.made_by, v.made_at) for v in kept]
        print_table(rows, columns=("version", "template", "active", "by", "at"))


@app.command("preview")
def preview_command(
    venue: VenueName,
    provider: ProviderName,
    entity: EntityName,
    file: File,
    *,
    rows: Annotated[int, typer.Option(min=1, max=200, help="So many of the venue's rows.")] = 20,
    sample: Annotated[
        Path | None, typer.Option("--sample", help="Rows of your own (JSON or YAML) instead of the venue's.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what a template would change of the venue's rows, both ways, or make of sample rows; writes nothing."""
    with ready_engine(settings_now()) as engine:
        with engine.database.connect() as conn:
            connection = _existing(conn, venue, provider, entity)
        mapping = remapping.draft(engine, connection, entity, read_yaml(file))
        if sample is not None:
            _show_sample(mapping, read_yaml(sample))
            return
        plan = engine.rehearse(connection, entity, mapping, limit=rows)
    if json:
        print_json(plan)
        return
    lines = [
        (change.direction, change.operation, change.record_id, path, before, after)
        for change in plan.changes
        for path, (before, after) in change.fields.items()
    ]
    print_table(lines, columns=("direction", "operation", "record", "field", "before", "after"))
    for failure in plan.failures:
        say(f"{failure.direction} {failure.record_id}: {failure.reason}")
    say(f"{len(plan.changes)} changes of the first {rows} rows; nothing was written.")


def _show_sample(mapping: Mapping, sample: Any) -> None:
    rows: list[Any] = sample if isinstance(sample, list) else [sample]
    if not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError("A sample is one row or a list of rows, each an object of columns and values.")
    found = preview(mapping, rows)
    print_json([found.mapped.get(number) for number in range(len(rows))])
    for bad in found.bad:
        say(f"row {bad.id}: {bad.reason}")


def _existing(conn: sa.Connection, venue: str, provider: str, entity: str) -> Connection:
    connection = existing(conn, venue, provider)
    require_known("entity", entity, declared()[provider].entities)
    return connection


def _who() -> str:
    try:
        return f"terminal:{getpass.getuser()}"
    except (OSError, KeyError):  # a container may have no such user
        return "terminal"


def _note(engine: Engine, conn: sa.Connection, connection: Connection, action: str, made: Version | None) -> None:
    if made is None:
        return
    line = audit.begin(
        conn,
        at=engine.clock.now(),
        actor=made.made_by,
        role="terminal",
        venue=connection.venue,
        action=action,
        subject=f"{connection.label}/{made.entity} version {made.version}",
        request_id=engine.new_key(),
    )
    audit.finish(conn, line, status=200)


def _tell(connection: Connection, entity: str, made: Version | None) -> None:
    if made is None:
        say(f"{connection.label}/{entity} has this mapping already.")
    else:
        say(f"Version {made.version} counts for {connection.label}/{entity} from its next sync on.")


def _yaml(values: Any) -> str:
    text = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(values, text)
    return text.getvalue()
