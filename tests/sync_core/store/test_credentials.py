"""Sealed credentials in the database: one row per connection and kind."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from sync_core.store.credentials import delete_envelopes, load_envelope, save_envelope
from sync_core.store.sync_tables import connections, credentials
from sync_core.store.venue_tables import venues


@pytest.fixture
def connection_id(database: sa.Engine) -> int:
    with database.begin() as conn:
        conn.execute(sa.insert(venues).values(id="v1", name="One", currency="USD"))
        values = {"venue_id": "v1", "provider": "stripe", "environment": "sandbox"}
        return conn.execute(sa.insert(connections).values(values).returning(connections.c.id)).scalar_one()


def test_an_envelope_comes_back_as_it_went_in(database: sa.Engine, connection_id: int) -> None:
    envelope = bytes(range(256))
    with database.begin() as conn:
        assert load_envelope(conn, connection_id=connection_id, kind="api_key") is None
        save_envelope(conn, connection_id=connection_id, kind="api_key", envelope=envelope, key_id="k1")
        assert load_envelope(conn, connection_id=connection_id, kind="api_key") == envelope
        assert load_envelope(conn, connection_id=connection_id, kind="oauth") is None


def test_a_newer_envelope_replaces_the_older_with_its_key_and_time(database: sa.Engine, connection_id: int) -> None:
    with database.begin() as conn:
        save_envelope(conn, connection_id=connection_id, kind="api_key", envelope=b"old", key_id="k1")
        conn.execute(sa.update(credentials).values(created_at=sa.func.now() - timedelta(days=1)))
        before = conn.execute(sa.select(credentials.c.created_at)).scalar_one()
        save_envelope(conn, connection_id=connection_id, kind="api_key", envelope=b"new", key_id="k2")
        row = conn.execute(sa.select(credentials)).one()
    assert (bytes(row.envelope), row.key_id) == (b"new", "k2")
    assert row.created_at - before == timedelta(days=1)


def test_deleting_says_how_many_there_were(database: sa.Engine, connection_id: int) -> None:
    with database.begin() as conn:
        for kind in ("api_key", "oauth"):
            save_envelope(conn, connection_id=connection_id, kind=kind, envelope=b"x", key_id="k1")
        assert delete_envelopes(conn, connection_id=connection_id) == 2
        assert delete_envelopes(conn, connection_id=connection_id) == 0
