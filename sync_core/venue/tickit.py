"""TICKIT's venues and events as the platform's own: a ticket product per event, stock where the seats are known.

The source has no prices and no time zones; the rules that stand in for them are written here and nowhere else.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sync_core.venue.places import place
from sync_core.venue.report import Rejection, SourceReport
from sync_core.venue.tickit_files import (
    CATEGORIES,
    DATES,
    EVENTS,
    VENUES,
    CategoryRow,
    DateRow,
    EventRow,
    Parsed,
    VenueRow,
    read_categories,
    read_dates,
    read_events,
    read_venues,
)

CURRENCY = "GBP"
KINDS = {"Concerts": "concert", "Shows": "theatre", "Sports": "sports"}
# The source has no prices: a ticket costs what its category costs, in pence.
PRICES = {"Musicals": 7500, "Plays": 5500, "Opera": 9000, "Pop": 6000}
OTHER_PRICE = 5000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TicketMarket:
    """The selected venues with their rows for the tables of schema `venue`, and what became of the source's rows."""

    known: tuple[str, ...]  # ids of all venues of the source, selected or not
    venues: list[Row]
    events: list[Row]
    products: list[Row]
    stock: list[Row]
    sources: tuple[SourceReport, ...]
    rejections: list[Rejection]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Files:
    venues: Parsed[VenueRow]
    events: Parsed[EventRow]
    categories: Parsed[CategoryRow]
    dates: Parsed[DateRow]


def read_ticket_market(folder: Path, *, venues: int) -> TicketMarket:
    """The `venues` busiest venues (most events, then lowest id) of the TICKIT files in `folder`.

    Raises ConfigurationError naming the file that is missing or unreadable.
    """
    files = _Files(read_venues(folder), read_events(folder), read_categories(folder), read_dates(folder))
    refused = _refused_events(files)
    good = [event for event in files.events.rows.values() if event.id not in refused]
    busy = Counter(event.venue for event in good)
    chosen = sorted(files.venues.rows.values(), key=lambda venue: (-busy[venue.id], venue.id))[:venues]
    wanted = {venue.id: venue for venue in chosen}
    played = [event for event in good if event.venue in wanted]
    rejections = [
        *files.venues.rejections,
        *files.events.rejections,
        *refused.values(),
        *files.categories.rejections,
        *files.dates.rejections,
    ]
    return TicketMarket(
        known=tuple(venue_id(venue) for venue in files.venues.rows.values()),
        venues=[_venue(venue, _kind(venue, played, files)) for venue in chosen],
        events=[_event(event, wanted[event.venue], files) for event in played],
        products=[_ticket(event, wanted[event.venue], files) for event in played],
        stock=[_seats(event, wanted[event.venue]) for event in played if wanted[event.venue].seats > 0],
        sources=_sources(files, len(chosen), len(played), len(good), rejections),
        rejections=rejections,
        notes=_notes(chosen, played, files),
    )


def venue_id(venue: VenueRow) -> str:
    """The slug that names a TICKIT venue: its name in ASCII, then its number."""
    ascii_name = unicodedata.normalize("NFKD", venue.name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_name.replace("'", "")).strip("-")[:50].strip("-")
    return f"{words or 'venue'}-{venue.id}"


def _refused_events(files: _Files) -> dict[int, Rejection]:
    refused: dict[int, Rejection] = {}
    for event in files.events.rows.values():
        if event.venue not in files.venues.rows:
            reason = "names a venue that does not exist"
        elif event.category not in files.categories.rows:
            reason = "names a category that does not exist"
        else:
            continue
        refused[event.id] = Rejection(EVENTS, event.row, reason, event.content)
    return refused


def _kind(venue: VenueRow, played: list[EventRow], files: _Files) -> str:
    groups = Counter(files.categories.rows[event.category].group for event in played if event.venue == venue.id)
    if not groups:
        return "default"
    most = min(groups, key=lambda group: (-groups[group], group))
    return KINDS.get(most, "default")


def _venue(venue: VenueRow, kind: str) -> Row:
    where = place(venue.state) if venue.state else None
    return {
        "id": venue_id(venue),
        "name": venue.name,
        "kind": kind,
        "city": venue.city,
        "region": venue.state,
        "country": where.country if where else None,
        "currency": CURRENCY,
        "timezone": _zone(venue),
        "seats": venue.seats,
    }


def _zone(venue: VenueRow) -> str:
    return (place(venue.state).zone if venue.state else None) or "UTC"


def _starts_at(event: EventRow, venue: VenueRow) -> datetime:
    return event.starts_at.replace(tzinfo=ZoneInfo(_zone(venue))).astimezone(UTC)


def _event(event: EventRow, venue: VenueRow, files: _Files) -> Row:
    return {
        "venue_id": venue_id(venue),
        "id": str(event.id),
        "name": event.name,
        "category": files.categories.rows[event.category].name,
        "starts_at": _starts_at(event, venue),
    }


def _ticket(event: EventRow, venue: VenueRow, files: _Files) -> Row:
    category = files.categories.rows[event.category].name
    return {
        "venue_id": venue_id(venue),
        "id": _ticket_id(event),
        "event_id": str(event.id),
        "kind": "ticket",
        "sku": _ticket_id(event).upper(),
        "name": f"{event.name} ({event.starts_at:%Y-%m-%d %H:%M})",
        "description": f"{category}, {venue.name}",
        "price_minor": PRICES.get(category, OTHER_PRICE),
        "currency": CURRENCY,
    }


def _seats(event: EventRow, venue: VenueRow) -> Row:
    return {"venue_id": venue_id(venue), "id": _ticket_id(event), "quantity": venue.seats}


def _ticket_id(event: EventRow) -> str:
    return f"ticket-{event.id}"


def _sources(
    files: _Files, chosen: int, played: int, good: int, rejections: list[Rejection]
) -> tuple[SourceReport, ...]:
    rejected = {
        name: dict(Counter(rejection.reason for rejection in rejections if rejection.source == name))
        for name in (VENUES, EVENTS, CATEGORIES, DATES)
    }
    return (
        SourceReport(
            VENUES,
            "rows",
            files.venues.read,
            {"venues": chosen},
            _some("not selected", len(files.venues.rows) - chosen),
            rejected[VENUES],
        ),
        SourceReport(
            EVENTS,
            "rows",
            files.events.read,
            {"events": played},
            _some("its venue is not selected", good - played),
            rejected[EVENTS],
        ),
        SourceReport(
            CATEGORIES,
            "rows",
            files.categories.read,
            {},
            _some("has no table of its own: names and prices of events", len(files.categories.rows)),
            rejected[CATEGORIES],
        ),
        SourceReport(
            DATES,
            "rows",
            files.dates.read,
            {},
            _some("has no table of its own: compared with the start of events", len(files.dates.rows)),
            rejected[DATES],
        ),
    )


def _some(reason: str, count: int) -> dict[str, int]:
    return {reason: count} if count else {}


def _notes(chosen: list[VenueRow], played: list[EventRow], files: _Files) -> tuple[str, ...]:
    days = files.dates.rows
    elsewhen = sum(event.date not in days or days[event.date].day != event.starts_at.date() for event in played)
    seatless = sum(venue.seats == 0 for venue in chosen)
    zoneless = sum(_zone(venue) == "UTC" for venue in chosen)
    return (
        f"All imported venues keep their money in {CURRENCY}, since the sales of the joined set are in {CURRENCY}.",
        f"TICKIT has no prices: a ticket costs what its category costs ({len(played)} tickets).",
        f"{seatless} of {len(chosen)} venues have no number of seats: their tickets have no stock.",
        f"{zoneless} of {len(chosen)} venues are in a state with several time zones: their starts are taken as UTC.",
        f"{elsewhen} events start on another day than their date row says: the event's own start is used.",
    )
