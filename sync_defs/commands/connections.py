"""`venue-sync connect`, `connections`, `disconnect`: a venue's accounts, and the credentials that open them.

A secret comes from a prompt without echo, from an environment variable that is named, or as JSON on standard input.
It is never an argument: arguments are visible to every user of the machine and stay in the shell's history.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import orjson
import sqlalchemy as sa
import typer

from sync_core import oauth
from sync_core.errors import ConfigurationError
from sync_core.spec.provider import ProviderSpec
from sync_core.store import connections
from sync_core.store.connections import Environment
from sync_core.store.status import venue_names
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import declared, ready_database, ready_engine, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say

VenueName = Annotated[str, typer.Argument(help="The venue's id, see 'venue-sync venues list'.")]
ProviderName = Annotated[str, typer.Argument(help="stripe, square, ...")]


def connect(
    venue: VenueName,
    provider: ProviderName,
    *,
    sandbox: Annotated[
        bool, typer.Option("--sandbox/--production", help="Which kind of account the key opens.")
    ] = True,
    secret_env: Annotated[
        list[str] | None,
        typer.Option(
            "--secret-env", metavar="NAME=ENVVAR", help="Read the part NAME from the environment variable ENVVAR."
        ),
    ] = None,
) -> None:
    """Connect a venue's account: test its key, then store it encrypted.

    The key's parts are asked for without echo, read with --secret-env, or given as a JSON object on standard input.
    """
    spec = declared()[require_known("provider", provider, declared())]
    environment: Environment = "sandbox" if sandbox else "production"
    with ready_engine(settings_now()) as engine:
        with engine.database.connect() as conn:
            require_known("venue", venue, venue_names(conn))
        secret = read_secret(spec, secret_env or ())
        account = engine.connect(venue, provider, secret, environment=environment)
    say(
        f"{venue} is connected to {spec.title} ({environment}): account {account.id}, {account.name or 'without a name'}."
    )


def show_connections(*, json: Json = False) -> None:
    """List every venue's connections."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        found = connections.all_of(conn)
    if json:
        print_json(found)
    elif not found:
        say("No venue is connected yet: see 'venue-sync connect --help'.")
    else:
        columns = ("venue", "provider", "environment", "status", "account", "name", "last sync", "settings", "error")
        rows = [
            (
                *(c.venue, c.provider, c.environment, c.status, c.account_id, c.account_name, c.last_sync_at),
                c.settings.in_words or None,
                c.last_error,
            )
            for c in found
        ]
        print_table(rows, columns=columns)


def disconnect(
    venue: VenueName,
    provider: ProviderName,
    forget: Annotated[  # noqa: FBT002 - typer's way
        bool, typer.Option("--forget", help="Forget what was synced, too, so that another account can be connected.")
    ] = False,
) -> None:
    """Disconnect a venue's account and destroy its stored credential. What was synced stays on both sides."""
    with ready_engine(settings_now()) as engine:
        with engine.database.connect() as conn:
            connection = existing(conn, venue, provider)
        goodbye = oauth.forget if forget else oauth.disconnect
        farewell = goodbye(engine, connection)
    revoked = " and revoked at the provider" if farewell.revoked else ""
    say(f"{venue} is disconnected from {provider}; its credential is destroyed{revoked}.")
    if farewell.remark is not None:
        say(f"It was not revoked at the provider: {farewell.remark}")


def existing(conn: sa.Connection, venue: str, provider: str) -> connections.Connection:
    """The connection of `venue` at `provider`. Raises ConfigurationError when it was never made."""
    require_known("venue", venue, {*venue_names(conn), *(c.venue for c in connections.all_of(conn))})
    require_known("provider", provider, declared())
    found = connections.find(conn, venue, provider)
    if found is None:
        raise ConfigurationError(f"{venue} was never connected to {provider}: see 'venue-sync connections'.")
    return found


def read_secret(spec: ProviderSpec, from_environment: Sequence[str]) -> dict[str, str]:
    """The credential's parts as the declaration names them. Raises ConfigurationError when one is missing."""
    if from_environment:
        given = dict(_from_environment(pair) for pair in from_environment)
    elif sys.stdin.isatty():
        say(spec.auth.help)
        given = {name: typer.prompt(name, hide_input=True, err=True) for name in spec.auth.fields}
        asked = {
            name: typer.prompt(f"{name} (optional)", default="", show_default=False, hide_input=True, err=True)
            for name in spec.auth.optional
        }
        given |= {name: value for name, value in asked.items() if value}
    else:
        given = _from_json(sys.stdin.buffer.read())
    return _complete(spec, given)


def _from_environment(pair: str) -> tuple[str, str]:
    name, equals, variable = pair.partition("=")
    if not equals or not variable:
        # What stands there may be a secret that was meant for the variable, so it is not repeated.
        raise ConfigurationError(
            "--secret-env wants NAME=ENVVAR: the credential's part, then the variable that has it."
        )
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(f"--secret-env {name}: the environment variable it names is not set.")
    return name, value


def _from_json(text: bytes) -> dict[str, str]:
    if not text.strip():
        raise ConfigurationError("No credential: give --secret-env NAME=ENVVAR, or a JSON object on standard input.")
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ConfigurationError(
            "The credential on standard input is not JSON: give an object such as {NAME: VALUE}."
        ) from None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ConfigurationError("The credential on standard input must be a JSON object of texts.")
    return {str(name): str(value) for name, value in given.items()}


def _complete(spec: ProviderSpec, given: Mapping[str, str]) -> dict[str, str]:
    wanted, optional = spec.auth.fields, spec.auth.optional
    if not set(wanted) <= set(given) <= {*wanted, *optional} or not all(given.values()):
        also = f"; it may also have: {', '.join(optional)}" if optional else ""
        raise ConfigurationError(
            f"A credential of {spec.title} has exactly these parts, none empty: {', '.join(wanted)}{also}."
        )
    return dict(given)
