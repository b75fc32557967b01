"""`venue-sync status`: how everything stands, and who must act where it failed."""

from datetime import datetime
from typing import Annotated

import typer

from sync_core.clock import SystemClock
from sync_core.store import alerts, breakers
from sync_core.store.status import EntityLine, entity_lines, venue_names
from sync_core.trouble import ACTORS
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import ready_database, settings_now
from sync_defs.commands.output import Json, ago, print_json, print_table, say

Venue = Annotated[str | None, typer.Option("--venue", help="Only this venue.")]


def status(*, venue: Venue = None, json: Json = False) -> None:
    """Show every connection's entities: last sync, what waits, dead letters, and how far each side was read."""
    with ready_database(settings_now()) as database, database.connect() as conn:
        if venue is not None:
            require_known("venue", venue, venue_names(conn))
        lines = entity_lines(conn, venue=venue)
        paused = [one for one in breakers.standing(conn) if one.state != "closed"]
        open_now = [one for one in alerts.opened(conn) if venue in (None, one.venue)]
    if json:
        print_json(lines)
        return
    if not lines:
        say("No venue is connected yet: see 'venue-sync connect --help'.")
        return
    now = SystemClock().now()
    columns = (
        "venue",
        "provider",
        "connection",
        "settings",
        "entity",
        "last sync",
        "ago",
        "pending",
        "dead",
        "pushed",
        "pulled",
        "error",
        "who acts",
    )
    print_table([_cells(line, now) for line in lines], columns=columns)
    for one in paused:
        say(f"{one.name} is not called at the moment, after {one.failures} failed calls ({one.reason}): {one.state}.")
    if open_now:
        say(f"{len(open_now)} alerts are open, the first one: {open_now[0].message} See 'venue-sync health'.")


def _cells(line: EntityLine, now: datetime) -> tuple[str | int | None, ...]:
    return (
        line.venue,
        line.provider,
        line.connection,
        line.settings.in_words or None,
        line.entity,
        line.last_status,
        ago(line.last_at, now=now),
        line.pending,
        line.dead_letters,
        ago(line.pushed_up_to, now=now),
        ago(line.pulled_up_to, now=now),
        line.last_error,
        line.last_category and f"{line.last_category}: {ACTORS[line.last_category].partition(':')[0]}",
    )
