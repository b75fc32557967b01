"""`venue-sync venues`: where the venues' records come from, and which venues there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sync_core.store.status import rejected_rows, rejection_counts, venue_lines
from sync_core.venue.demo import generate_demo
from sync_core.venue.importer import import_folder
from sync_core.venue.report import ImportReport, OnProgress
from sync_defs.commands.opening import ready_database, settings_now
from sync_defs.commands.output import Json, err, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Import, generate and list venues.")

FOLDER_HELP = "A folder that holds tickit/ and online_retail/."
Folder = Annotated[Path, typer.Argument(help=FOLDER_HELP)]
Venues = Annotated[int, typer.Option("--venues", min=1, help="How many of the source's venues, the busiest first.")]


@app.command("import")
def import_command(folder: Folder, *, venues: Venues = 24, json: Json = False) -> None:
    """Import venues, events, customers, products, stock and orders from a folder of source files."""
    with ready_database(settings_now()) as database, _steps() as tell:
        report = import_folder(database, folder, venues=venues, on_progress=tell)
    _show(report, as_json=json)


@app.command("generate")
def generate_command(*, json: Json = False) -> None:
    """Generate a small data set to try things with; the same one every time."""
    with ready_database(settings_now()) as database:
        report = generate_demo(database)
    _show(report, as_json=json)


@app.command("list")
def list_command(*, json: Json = False) -> None:
    """List the venues with the number of their records and where they are connected."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        lines = venue_lines(conn)
    if json:
        print_json(lines)
    elif not lines:
        say("There is no venue yet: see 'venue-sync venues import' or 'venue-sync venues generate'.")
    else:
        columns = (
            "venue",
            "name",
            "city",
            "country",
            "currency",
            "active",
            "customers",
            "products",
            "orders",
            "connected",
        )
        rows = [
            (
                x.id,
                x.name,
                x.city,
                x.country,
                x.currency,
                x.active,
                x.customers,
                x.products,
                x.orders,
                ", ".join(x.providers),
            )
            for x in lines
        ]
        print_table(rows, columns=columns)


@app.command("rejections")
def rejections_command(
    *,
    source: Annotated[str | None, typer.Option(help="Only rows of this file.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The first so many.")] = 50,
    json: Json = False,
) -> None:
    """Show the imported rows that could not become records, each with its reason and what it said."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        rows = rejected_rows(conn, source=source, limit=limit)
        counts = rejection_counts(conn)
    if json:
        print_json(rows)
        return
    print_table(
        [(row.source, str(row.row), row.reason, orjson.dumps(row.content).decode()) for row in rows],
        columns=("source", "row", "reason", "content"),
    )
    say(f"{sum(counts.values()):,} rows were rejected in all; {len(rows):,} are shown.")


@contextmanager
def _steps() -> Iterator[OnProgress]:
    """A spinner that says what is being done and for how long."""
    console = err()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda step: bar.update(task, description=step)


def _show(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report.to_dict())
        return
    rows = [(line.source, line.outcome, line.what, line.count) for line in report.lines()]
    print_table(rows, columns=("source", "outcome", "what", "count"))
    for note in report.notes:
        say(note)
    say(f"{len(report.venues)} venues are in the database after {report.seconds:.1f} s.")
    if report.rejected:
        say(f"{report.rejected:,} rows were rejected: see them with 'venue-sync venues rejections'.")
