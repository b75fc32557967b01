"""`venue-sync webhooks`: what came, an address of a connection's own, and a drain without Dagster."""

import os
import sys
from typing import Annotated

import typer

from sync_core.errors import ConfigurationError
from sync_core.store import inbox
from sync_core.sync.engine import random_key
from sync_core.webhooks.addresses import open_address, set_secret
from sync_core.webhooks.apply import drain
from sync_defs.commands.connections import ProviderName, VenueName, existing
from sync_defs.commands.drain import Quiet, counted, told_to_leave
from sync_defs.commands.opening import ready_database, ready_engine, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, help="Events that providers tell us of.")


@app.command("show")
def show(*, limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 20, json: Json = False) -> None:
    """Show how many events stand how, and the latest of them."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        depth, latest = inbox.depth(conn), inbox.inspect(conn, limit=limit)
    if json:
        print_json({"depth": depth, "latest": latest})
        return
    if not latest:
        say("No webhook has come yet: see docs/how-to/receive-webhooks.md.")
        return
    print_table(
        [(d.provider, d.status, d.events, d.oldest) for d in depth], columns=("provider", "status", "events", "oldest")
    )
    columns = ("id", "provider", "type", "object", "status", "attempts", "received", "reason")
    rows = [(str(x.id), x.provider, x.type, x.object_id, x.status, x.attempts, x.received_at, x.reason) for x in latest]
    print_table(rows, columns=columns)


@app.command("open")
def open_command(venue: VenueName, provider: ProviderName) -> None:
    """Make an address for the webhooks of one connection and print it: it is shown this once, and ends the one before."""
    settings = settings_now()
    with ready_engine(settings) as engine, engine.database.begin() as conn:
        connection = existing(conn, venue, provider)
        url = open_address(conn, engine.vault, connection, base=settings.api_url)
    typer.echo(url)
    say(f"Give it to {provider}, then store what its webhooks are signed with: 'venue-sync webhooks secret'.")


@app.command("secret")
def secret_command(
    venue: VenueName,
    provider: ProviderName,
    *,
    secret_env: Annotated[
        str | None, typer.Option("--secret-env", metavar="ENVVAR", help="Read it from this environment variable.")
    ] = None,
) -> None:
    """Store what the webhooks of one connection are signed with; the one before stays good beside it.

    It is asked for without echo, read with --secret-env, or given on standard input.
    """
    secret = _secret(secret_env)
    with ready_engine(settings_now()) as engine, engine.database.begin() as conn:
        set_secret(conn, engine.vault, existing(conn, venue, provider), secret=secret)
    say(f"Webhooks of {venue}/{provider} are believed when they are signed with it.")


@app.command("retry")
def retry_command(events: Annotated[list[int], typer.Argument(help="Ids, see 'venue-sync webhooks show'.")]) -> None:
    """Apply events again, whatever became of them."""
    with ready_database(settings_now()) as database, database.begin() as conn:
        done = inbox.retry(conn, events)
    if done < len(set(events)):
        raise ConfigurationError(
            f"{done} of {len(set(events))} events are there and wait again: see 'venue-sync webhooks show'."
        )
    say(f"{done} wait again.")


@app.command("drain")
def drain_command(*, quiet: Quiet = 0) -> None:
    """Apply what waits and what comes, until it is quiet. SIGTERM and Ctrl-C end it with everything settled."""
    with told_to_leave() as leave, ready_engine(settings_now()) as engine:
        done = drain(engine, run_id=random_key(), quiet_seconds=quiet, stopping=leave.is_set)
    say("Another process is draining already." if done is None else counted(done))


def _secret(variable: str | None) -> str:
    if variable is not None:
        secret = os.environ.get(variable, "")
    elif sys.stdin.isatty():
        secret = typer.prompt("secret", hide_input=True, err=True)
    else:
        secret = sys.stdin.buffer.read().decode()
    if not secret.strip():
        raise ConfigurationError("No secret: give --secret-env ENVVAR, or the secret on standard input.")
    return secret.strip()
