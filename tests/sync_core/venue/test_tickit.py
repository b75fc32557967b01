"""TICKIT's venues and events: the busiest are chosen, and nothing is made up that the source does not carry."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sync_core.venue.tickit import read_ticket_market
from sync_core.venue.tickit_files import VenueRow, read_venues


def column(records: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(record[name] for name in names) for record in records]


def test_the_busiest_venues_are_chosen_and_ties_go_to_the_lower_id(folder: Path) -> None:
    one_of_two = read_ticket_market(folder / "tickit", venues=3)

    assert column(one_of_two.venues, "id", "kind", "timezone", "seats") == [
        ("lyric-theatre-1", "theatre", "America/New_York", 0),
        ("oneill-cafe-2", "concert", "America/Los_Angeles", 300),
        ("twin-halls-3", "sports", "UTC", 120),
    ]


def test_starts_are_the_venues_wall_clock_in_summer_and_winter(folder: Path) -> None:
    market = read_ticket_market(folder / "tickit", venues=1)

    assert column(market.events, "id", "starts_at") == [
        ("10", datetime(2008, 1, 2, 1, tzinfo=UTC)),
        ("11", datetime(2008, 7, 3, 0, tzinfo=UTC)),
        ("12", datetime(2008, 1, 6, 1, tzinfo=UTC)),
    ]


def test_each_event_has_a_ticket_at_its_categorys_price(folder: Path) -> None:
    market = read_ticket_market(folder / "tickit", venues=3)

    assert column(market.products, "id", "event_id", "kind", "price_minor") == [
        ("ticket-10", "10", "ticket", 7500),
        ("ticket-11", "11", "ticket", 7500),
        ("ticket-12", "12", "ticket", 6000),
        ("ticket-13", "13", "ticket", 6000),
        ("ticket-14", "14", "ticket", 6000),
        ("ticket-15", "15", "ticket", 5000),
    ]


def test_only_venues_with_seats_have_stock(folder: Path) -> None:
    market = read_ticket_market(folder / "tickit", venues=3)

    assert column(market.stock, "id", "quantity") == [("ticket-13", 300), ("ticket-14", 300), ("ticket-15", 120)]
    assert "1 of 3 venues have no number of seats: their tickets have no stock." in market.notes


def test_what_is_not_selected_is_left_out_and_not_rejected(folder: Path) -> None:
    venues, events, *_ = read_ticket_market(folder / "tickit", venues=1).sources

    assert (venues.left_out, events.left_out) == ({"not selected": 3}, {"its venue is not selected": 4})
    assert events.rejected == {
        "names a venue that does not exist": 1,
        "names a category that does not exist": 1,
        "start is not a date and time such as 2008-01-31 19:30:00": 1,
        "has not the 6 fields id|venue|category|date|name|start": 1,
        "an earlier row has the same id": 1,
        "name is missing": 1,
    }


def test_more_venues_than_there_are_means_all_of_them(folder: Path) -> None:
    assert len(read_ticket_market(folder / "tickit", venues=99).venues) == 4


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1|Caf\xe9|Paris|FR|0", "the line is not UTF-8 text"),
        (b"1|N\0L|Paris|FR|0", "the line is not UTF-8 text"),
        ("\N{ARABIC-INDIC DIGIT ONE}|Arabic digit|x|NY|0".encode(), "id is not a whole number of at least 0"),
        (b"-1|Minus|x|NY|0", "id is not a whole number of at least 0"),
        (b"99999999999|Large|x|NY|0", "id is not a whole number of at least 0"),
        (b"", "has not the 5 fields id|name|city|state|seats"),
    ],
)
def test_a_malformed_line_says_why(tmp_path: Path, line: bytes, reason: str) -> None:
    (tmp_path / "venue_pipe.txt").write_bytes(b"7|Good|x|NY|5\n" + line + b"\r\n")

    parsed = read_venues(tmp_path)

    assert parsed.rows == {7: VenueRow(7, "Good", "x", "NY", 5)}
    assert [(one.row, one.reason) for one in parsed.rejections] == [(2, reason)]
