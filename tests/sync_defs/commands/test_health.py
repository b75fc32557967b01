"""`venue-sync health` and `venue-sync costs` say what the database says of the last day and of a month."""

from datetime import UTC, datetime

import sqlalchemy as sa

from sync_core.http.calls import CallCount
from sync_core.store import alerts, call_counts
from sync_core.store.call_counts import Called
from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import venues
from tests.sync_defs.conftest import Call


def _connection(conn: sa.Connection, venue: str, provider: str, *, status: str = "connected") -> int:
    conn.execute(sa.insert(venues).values(id=venue, name=venue, currency="EUR"))
    values = {"venue_id": venue, "provider": provider, "environment": "production", "status": status}
    return conn.execute(sa.insert(connections).values(values).returning(connections.c.id)).scalar_one()


def test_who_is_ill_is_shown_with_the_reason_and_the_alerts(on_database: Call, database: sa.Engine) -> None:
    assert "No venue is connected" in on_database("health").err
    with database.begin() as conn:
        ill = _connection(conn, "ill-hall", "stripe", status="error")
        _connection(conn, "new-hall", "stripe")
        alerts.tell(
            conn, connection_id=ill, kind="unhealthy", message="ill-hall/stripe is unhealthy.", severity="error"
        )

    everybody = on_database("health", "--json").json
    assert [(x["venue"], x["health"]) for x in everybody["connections"]] == [
        ("ill-hall", "unhealthy"),
        ("new-hall", "unknown"),
    ]
    assert [x["severity"] for x in everybody["alerts"]] == ["error"]
    shown = on_database("health", "--ill")
    assert "ill-hall" in shown.out
    assert "new-hall" not in shown.out
    assert "ERROR for 0 s: ill-hall/stripe is unhealthy." in shown.err
    assert "1 alerts are open" in on_database("status").err


def test_costs_of_a_month_name_what_is_metered(on_database: Call, database: sa.Engine) -> None:
    with database.begin() as conn:
        books = _connection(conn, "book-hall", "quickbooks")
        called = [Called(books, "GET /v3/company/{id}/query", CallCount(calls=1_500, throttles=3), metered=1_250)]
        call_counts.add(conn, calls=called, present=datetime(2026, 2, 28, 23, tzinfo=UTC))

    february = on_database("costs", "--month", "2026-02", "--json").json
    assert [(x["venue"], x["calls"]["calls"], x["metered"]) for x in february["costs"]] == [("book-hall", 1_500, 1_250)]
    said = on_database("costs", "--month", "2026-02")
    assert "1,500" in said.out
    assert "QuickBooks: 1,250 of 500,000 CorePlus calls are used (0.2 %)." in said.err
    assert "No provider was called in 2026-03." in on_database("costs", "--month", "2026-03").err
    assert on_database("costs", "--month", "March").code == 2
