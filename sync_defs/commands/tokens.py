"""`venue-sync tokens`: until when each connection's access token is good, without showing one, and refreshing now."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from sync_core.oauth import refresh
from sync_core.oauth.rounds import Visit, refresh_due
from sync_core.store import tokens
from sync_defs.commands import exits
from sync_defs.commands.connections import existing
from sync_defs.commands.opening import ready_database, ready_engine, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Access tokens of connections by OAuth.")


@app.command("list")
def list_command(*, json: Json = False) -> None:
    """List every connection by OAuth with the end of its tokens, the next to end first."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        found = tokens.all_of(conn)
    if json:
        print_json([{"connection": connection, "tokens": standing} for connection, standing in found])
        return
    columns = ("connection", "status", "version", "good until", "refresh token until", "failures", "last error")
    rows = [
        (
            connection.label,
            connection.status,
            standing.version,
            standing.expires_at or "revoked",
            standing.refresh_expires_at or ("revoked" if standing.refreshable else None),
            standing.failures,
            standing.last_error,
        )
        for connection, standing in found
    ]
    print_table(rows, columns=columns)


@app.command("refresh")
def refresh_command(
    venue: Annotated[str | None, typer.Argument(help="One venue; without it, everything that is due.")] = None,
    provider: Annotated[str | None, typer.Argument(help="square, quickbooks, ...")] = None,
) -> int:
    """Refresh one connection's tokens now, or all that are due."""
    with ready_engine(settings_now()) as engine:
        if venue is None or provider is None:
            visits = refresh_due(engine, on_visit=_tell)
            say(f"{len(visits)} were due.")
            return exits.SOME_FAILED if any(visit.error for visit in visits) else exits.FINE
        with engine.database.connect() as conn:
            connection = existing(conn, venue, provider)
        refreshed = refresh(engine, connection)
    until = (
        "until it is revoked" if refreshed.expires_at is None else f"until {refreshed.expires_at:%Y-%m-%d %H:%M} UTC"
    )
    now = datetime.now(UTC)
    say(f"{venue}/{provider} has a fresh access token as of {now:%H:%M:%S} UTC, good {until}.")
    return exits.FINE


def _tell(visit: Visit) -> None:
    say(f"{visit.label}: {visit.error or 'refreshed'}")
