"""A push looks at the rows that are the provider's concern; what was pushed before is known for ever."""

from typing import Any

import sqlalchemy as sa

from sync_core.store import rows
from sync_core.store.rows import Changed, Scope
from sync_core.store.venue_tables import customers

SCOPE = Scope(table=customers, venue="a", columns=("email", "given_name"), where={}, only_with=("email",))


def people(database: sa.Engine, **emails: str | None) -> None:
    with database.begin() as conn:
        conn.execute(sa.text("INSERT INTO venue.venues (id, name, currency) VALUES ('a', 'A', 'GBP')"))
        rows_of: list[dict[str, Any]] = [{"venue_id": "a", "id": name, "email": text} for name, text in emails.items()]
        conn.execute(sa.insert(customers), rows_of)


def pushed(database: sa.Engine, scope: Scope) -> list[str]:
    with database.connect() as conn:
        stretch = rows.stretch(conn, scope, Changed(), after=None, limit=10)
        found = [row["id"] for row in stretch.rows] if stretch else []
        assert rows.count(conn, scope, Changed()) == len(found)
        assert sorted(rows.by_ids(conn, scope, ["ann", "bob", "cy", "di"])) == found
    return found


def test_rows_without_the_declared_columns_are_not_looked_at(database: sa.Engine) -> None:
    people(database, ann="ann@x.example", bob=None, cy="", di=" \t")
    assert pushed(database, SCOPE) == ["ann"]


def test_without_such_columns_every_row_is(database: sa.Engine) -> None:
    people(database, ann="ann@x.example", bob=None)
    assert pushed(database, Scope(table=customers, venue="a", columns=("email",), where={})) == ["ann", "bob"]


def test_a_deletion_travels_whatever_the_row_still_holds(database: sa.Engine) -> None:
    people(database, ann="ann@x.example", bob=None)
    with database.begin() as conn:
        conn.execute(sa.text("UPDATE venue.customers SET deleted_at = now() WHERE id = 'bob'"))
    assert pushed(database, SCOPE) == ["ann", "bob"]


def test_a_row_that_lost_the_column_is_still_locked_when_the_provider_changes_it(database: sa.Engine) -> None:
    people(database, ann="ann@x.example", bob=None)
    with database.begin() as conn:
        assert sorted(rows.lock(conn, SCOPE, ["ann", "bob"])) == ["ann", "bob"]
