"""What people are told of decisions and of records that wait: counted by kind, over all venues."""

import sqlalchemy as sa

from sync_core.store import conflicts, connections, dead_letters
from sync_core.store.conflicts import Conflict, Decided
from sync_core.store.dead_letters import Letter, Reason


def connection(conn: sa.Connection, venue: str) -> int:
    """A connection of a new venue."""
    conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES (:id, :id, 'EUR')"), {"id": venue})
    return connections.save(conn, venue, "square", environment="sandbox", account_id=venue, account_name=venue)


def test_decisions_are_counted_by_field_and_winner(database: sa.Engine) -> None:
    def phone(local_id: str) -> Conflict:
        return Conflict(local_id, "phone", "1", "2", policy="newest_wins", winner="venue")

    with database.begin() as conn:
        here, there = connection(conn, "a"), connection(conn, "b")
        conflicts.record(conn, here, "customers", found=[phone("c-1"), phone("c-2")])
        conflicts.record(conn, there, "customers", found=[phone("c-1")])
        city = Conflict("c-1", "city", "x", "y", policy="newest_wins", winner="provider")
        conflicts.record(conn, there, "customers", found=[city])
        assert conflicts.decided(conn) == [
            Decided("square", "customers", "city", "newest_wins", "provider", 1),
            Decided("square", "customers", "phone", "newest_wins", "venue", 3),
        ]


def test_open_letters_are_counted_by_code_and_resolved_ones_are_not(database: sa.Engine) -> None:
    with database.begin() as conn:
        here, there = connection(conn, "a"), connection(conn, "b")
        letters = [Letter("p-1", "CURRENCY", "Too foreign."), Letter("p-2", "CURRENCY", "Too foreign.")]
        for owner in (here, there):
            dead_letters.post(conn, owner, "items", direction="push", letters=letters)
        dead_letters.post(conn, here, "items", direction="push", letters=[Letter("p-3", "6240", "Name in use.")])
        dead_letters.resolve(conn, there, "items", direction="push", ids=["p-1"])
        assert dead_letters.open_by_code(conn) == [
            Reason("square", "items", "6240", 1, "Name in use."),
            Reason("square", "items", "CURRENCY", 3, "Too foreign."),
        ]
