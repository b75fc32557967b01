"""An alert is told once per trouble, whatever it is about, until it is over."""

import logging

import pytest
import sqlalchemy as sa

from sync_core.store import alerts
from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import venues


def _connection(conn: sa.Connection, venue: str) -> int:
    conn.execute(sa.insert(venues).values(id=venue, name=venue, currency="EUR"))
    values = {"venue_id": venue, "provider": "square", "environment": "sandbox", "status": "connected"}
    return conn.execute(sa.insert(connections).values(values).returning(connections.c.id)).scalar_one()


def test_a_trouble_that_goes_on_is_told_once_and_told_again_when_it_comes_back(
    shared_database: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with shared_database.begin() as conn, caplog.at_level(logging.INFO):
        mine = _connection(conn, "told-once")
        told = [
            alerts.tell(conn, connection_id=mine, kind="slow", message=f"{n} s.", severity="warning") for n in "123"
        ]
        assert told == [True, False, False]
        (alert,) = [one for one in alerts.opened(conn) if one.connection_id == mine]
        assert (alert.venue, alert.severity, alert.message, alert.times) == ("told-once", "warning", "3 s.", 3)

        assert alerts.close(conn, connection_id=mine, kinds=("slow",)) == 1
        assert alerts.close(conn, connection_id=mine, kinds=("slow",)) == 0
        assert alerts.tell(conn, connection_id=mine, kind="slow", message="4 s.")
    opened = [line for line in caplog.messages if "alert.opened kind=slow" in line]
    assert opened == [
        "alert.opened kind=slow severity=warning: 1 s.",
        "alert.opened kind=slow severity=error: 4 s.",
    ]


def test_what_is_about_no_connection_is_told_apart_by_its_subject(shared_database: sa.Engine) -> None:
    with shared_database.begin() as conn:
        for subject in ("stripe", "square", "stripe"):
            alerts.tell(conn, connection_id=None, kind="quota", subject=subject, message="Much is used.")
        found = {one.subject: one.times for one in alerts.opened(conn, kinds=("quota",))}
        assert found == {"stripe": 2, "square": 1}

        alerts.close(conn, connection_id=None, kinds=("quota",), subject="stripe")
        assert [one.subject for one in alerts.opened(conn, kinds=("quota",))] == ["square"]
        assert alerts.counted(conn)["quota", "error"] == 1
