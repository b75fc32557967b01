"""`venue-sync costs`: what the venues' syncs used of the providers in a month, and how much of an allowance is left."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

from sync_core.clock import SystemClock
from sync_core.errors import ConfigurationError
from sync_core.store import call_counts
from sync_core.store.status import venue_names
from sync_defs.commands.nearest import require_known
from sync_defs.commands.opening import declared, ready_database, settings_now
from sync_defs.commands.output import Json, print_json, print_table, say
from sync_defs.commands.status import Venue


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls that a provider allows our application a month, and how many are used."""

    provider: str
    title: str
    name: str
    allowed: int
    used: int


Month = Annotated[str | None, typer.Option("--month", help="Which one, such as 2026-11; this one if none is named.")]


def costs(*, venue: Venue = None, month: Month = None, json: Json = False) -> None:
    """Show the provider calls of a month (UTC) by venue and provider, and what is used of metered allowances."""
    first, last = _days(month)
    with ready_database(settings_now()) as database, database.connect() as conn:
        if venue is not None:
            require_known("venue", venue, venue_names(conn))
        used = call_counts.used(conn, first=first, last=last, venue=venue)
        metered = call_counts.metered(conn, first=first, last=last)
    quotas = _quotas(metered)
    if json:
        print_json({"costs": used, "quotas": quotas})
        return
    columns = ("venue", "provider", "environment", "calls", "metered", "repeated", "throttled", "failed", "MB")
    rows = [
        (x.venue, x.provider, x.environment, c.calls, x.metered, c.retries, c.throttles, c.failures, c.bytes / 1e6)
        for x in used
        for c in (x.calls,)
    ]
    if rows:
        print_table(rows, columns=columns)
    else:
        say(f"No provider was called in {first:%Y-%m}.")
    for one in quotas:
        share = 100 * one.used / one.allowed
        say(f"{one.title}: {one.used:,} of {one.allowed:,} {one.name} are used ({share:.1f} %).")


def _days(month: str | None) -> tuple[date, date]:
    """The first and the last day of a month. Raises ConfigurationError when it is none."""
    text = f"{SystemClock().now():%Y-%m}" if month is None else month
    match = re.fullmatch(r"(20\d{2})-(0[1-9]|1[0-2])", text)
    if match is None:
        raise ConfigurationError(f"{text!r} is no month: write it as 2026-11.")
    year, number = int(match[1]), int(match[2])
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])


def _quotas(used: Mapping[str, int]) -> list[Quota]:
    specs = [spec for _, spec in sorted(declared().items())]
    metered = [(spec, spec.limits.metered) for spec in specs]
    return [
        Quota(spec.provider, spec.title, allowance.name, allowance.per_month, used.get(spec.provider, 0))
        for spec, allowance in metered
        if allowance is not None
    ]
