"""`venue-sync api`, `token` and `api-keys`: the HTTP API, and what opens it."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from secrets import token_bytes
from typing import Annotated, cast

import typer

from sync_core.clock import SystemClock
from sync_core.errors import ConfigurationError
from sync_core.store import api_keys
from sync_core.store.status import venue_names
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import engine_on, ready_database, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say

keys = typer.Typer(no_args_is_help=True, help="Keys of programs that use the HTTP API.")

Venues = Annotated[list[str] | None, typer.Option("--venue", help="For this venue; may be given several times.")]


def api(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 3007,
) -> None:
    """Serve the HTTP API until Ctrl-C or SIGTERM, which lets requests end that are under way."""
    # A web framework costs a second to import, which every other command would pay for.
    from sync_api.app import create_app  # noqa: PLC0415 - see above
    from sync_api.serving import serve  # noqa: PLC0415
    from sync_api.signing import open_verifier  # noqa: PLC0415

    logging.getLogger("sync_api").setLevel(logging.INFO)
    settings = settings_now()
    verifier = open_verifier(settings, SystemClock())
    with ready_database(settings) as database:
        app = create_app(engine_on(settings, database), verifier=verifier)
        say(f"The API listens on http://{host}:{port}; Ctrl-C stops it.")
        serve(app, host=host, port=port)


def token(
    *,
    venue: Venues = None,
    role: Annotated[str, typer.Option(help="admin, venue_admin or user.")] = "venue_admin",
    subject: Annotated[str, typer.Option(help="Whose token it is, for the audit log.")] = "developer",
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="How long it is good.")] = 12,
) -> None:
    """Print a token for the HTTP API, signed with the local development key. Refused in production."""
    from sync_api.signing import sign  # noqa: PLC0415 - as above
    from sync_api.tokens import ROLES as KNOWN  # noqa: PLC0415
    from sync_api.tokens import Role  # noqa: PLC0415

    require_known("role", role, KNOWN)
    venues = known_venues(venue or ())
    if role != "admin" and not venues:
        raise ConfigurationError(f"A {role} has venues: name them with --venue.")
    as_role = cast("Role", role)
    lasting = timedelta(hours=hours)
    now = SystemClock().now()
    typer.echo(sign(settings_now(), subject=subject, role=as_role, venues=venues, now=now, lasting=lasting))


@keys.command("create")
def create_command(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do, such as syncs:read; several times.")],
    venue: Annotated[str | None, typer.Option("--venue", help="Whose; without it the platform's.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good.")] = 365,
) -> None:
    """Make an API key and print it: it is shown this once."""
    from sync_api.access import SCOPES  # noqa: PLC0415 - as above
    from sync_api.caller import new_key  # noqa: PLC0415

    for each in scope:
        require_known("scope", each, SCOPES)
    now = SystemClock().now()
    key_id, key, hashed = new_key(token_bytes)
    with ready_database(settings_now()) as database, database.begin() as conn:
        if venue is not None:
            require_known("venue", venue, venue_names(conn))
        api_keys.add(
            conn,
            key_id=key_id,
            hashed=hashed,
            venue=venue,
            name=name,
            scopes=scope,
            created_by="command line",
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    typer.echo(key)
    say(f"Key {key_id} of {venue or 'the platform'} is good for {days} days; it is not shown again.")


@keys.command("list")
def list_command(*, venue: Venues = None, json: Json = False) -> None:
    """List keys, without what opens anything."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        found = api_keys.listed(conn, venues=venue)
    if json:
        print_json(found)
        return
    columns = ("key", "venue", "name", "scopes", "expires", "revoked", "last used")
    rows = [(k.id, k.venue, k.name, " ".join(k.scopes), k.expires_at, k.revoked_at, k.last_used_at) for k in found]
    print_table(rows, columns=columns)


@keys.command("revoke")
def revoke_command(key: Annotated[str, typer.Argument(help="The key's id, see 'venue-sync api-keys list'.")]) -> None:
    """Revoke a key: it opens nothing from now on."""
    with ready_database(settings_now()) as database, database.begin() as conn:
        if api_keys.found(conn, key) is None:
            raise ConfigurationError(f"There is no key {key!r}: see 'venue-sync api-keys list'.")
        api_keys.revoke(conn, key, now=SystemClock().now())
    say(f"Key {key} is revoked.")


def known_venues(venues: Sequence[str]) -> Sequence[str]:
    """`venues`, all of which exist. Raises ConfigurationError otherwise."""
    if venues:
        with ready_database(settings_now()) as database, database.connect() as conn:
            names = venue_names(conn)
        for venue in venues:
            require_known("venue", venue, names)
    return venues
