"""`venue-sync db`: the schema, up, down, and where it stands."""

from typing import Annotated

import typer
from alembic.util import CommandError

from sync_core.errors import ConfigurationError
from sync_core.store.migrate import current, downgrade, newest, upgrade
from sync_defs.commands.opening import bare_database, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Migrate the database schema.")


@app.command("upgrade")
def upgrade_command(
    revision: Annotated[str, typer.Option(help="The revision to migrate up to.")] = "head",
) -> None:
    """Migrate the schema up, making it where there is none."""
    with bare_database(settings_now()) as database:
        before = current(database)
        try:
            upgrade(database, revision=revision)
        except CommandError as error:
            raise ConfigurationError(f"The schema cannot be migrated to {revision!r}: {error}.") from None
        say(f"The schema is at {current(database)} (it was at {before or 'nothing'}).")


@app.command("downgrade")
def downgrade_command(
    revision: Annotated[str, typer.Option(help="The revision to go back to; 'base' drops every table.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; what the newer tables hold is lost.")] = False,  # noqa: FBT002 - typer's way
) -> None:
    """Migrate the schema down. What the newer tables hold is lost."""
    if not yes:
        typer.confirm(f"Go back to {revision}? What the newer tables hold is lost.", abort=True, err=True)
    with bare_database(settings_now()) as database:
        try:
            downgrade(database, revision=revision)
        except CommandError as error:
            raise ConfigurationError(f"The schema cannot be migrated to {revision!r}: {error}.") from None
        say(f"The schema is at {current(database) or 'nothing'}.")


@app.command("status")
def status_command(*, json: Json = False) -> None:
    """Show which revision the database is at and which one this version needs."""
    with bare_database(settings_now()) as database:
        found, wanted = current(database), newest()
    if json:
        print_json({"current": found, "newest": wanted, "up_to_date": found == wanted})
    else:
        print_table([(found or "nothing", wanted, found == wanted)], columns=("current", "newest", "up to date"))
