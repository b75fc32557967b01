"""`venue-sync health`: which connections are well, what is the matter with the others, and what a person should know."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from sync_core.clock import SystemClock
from sync_core.health import Health, Judgement, judge, percent
from sync_core.store import alerts, connection_health, figures
from sync_core.store.connection_health import Checked
from sync_core.store.figures import Figures
from sync_core.store.status import venue_names
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import ready_database, settings_now
from sync_defs.commands.output import Json, ago, print_json, print_table, say
from sync_defs.commands.status import Venue

ILL: tuple[Health, ...] = ("unhealthy", "degraded")
Ill = Annotated[bool, typer.Option("--ill", help="Only connections that are not well.")]


def health(*, venue: Venue = None, ill: Ill = False, json: Json = False) -> None:
    """Show how every connection is by its last 24 hours, and the open alerts. Writes nothing."""
    now = SystemClock().now()
    with ready_database(settings_now()) as database, database.connect() as conn:
        if venue is not None:
            require_known("venue", venue, venue_names(conn))
        known = figures.recent(conn, since=now - timedelta(hours=24))
        lines = [
            (one, known.get(one.id, Figures()), _judged(one, known.get(one.id, Figures())))
            for one in connection_health.all_of(conn)
            if venue in (None, one.venue)
        ]
        open_now = [one for one in alerts.opened(conn) if venue in (None, one.venue)]
    if ill:
        lines = [line for line in lines if line[2].health in ILL]
    if json:
        print_json({"connections": [_plain(*line) for line in lines], "alerts": open_now})
        return
    columns = ("venue", "provider", "connection", "health", "syncs", "went well", "answer", "calls", "why")
    if lines:
        print_table([_cells(*line) for line in lines], columns=columns)
    else:
        say("No connection is ill." if ill else "No venue is connected yet: see 'venue-sync connect --help'.")
    for alert in open_now:
        say(f"{alert.severity.upper()} for {ago(alert.first_at, now=now)}: {alert.message}")


def _judged(one: Checked, known: Figures) -> Judgement:
    return judge(one.status, known, error=one.last_error, enabled=one.enabled)


def _cells(one: Checked, known: Figures, found: Judgement) -> tuple[str | int | None, ...]:
    return (
        one.venue,
        one.provider,
        one.status,
        found.health,
        known.syncs,
        None if known.success_rate is None else percent(known.success_rate),
        None if known.call_seconds is None else f"{known.call_seconds:.2f} s",
        known.api_calls,
        found.reason,
    )


def _plain(one: Checked, known: Figures, found: Judgement) -> dict[str, Any]:
    counted = {name: value for name, value in asdict(known).items() if not name.startswith("last_")}
    return {
        "venue": one.venue,
        "provider": one.provider,
        "status": one.status,
        "health": found.health,
        "reason": found.reason,
        "success_rate": known.success_rate,
        **counted,
    }
