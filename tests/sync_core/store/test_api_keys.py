"""API keys: what is stored of them opens nothing, and rotation overlaps."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from sync_core.store import api_keys

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def add(database: sa.Engine, key_id: str, *, expires_at: datetime | None = None) -> api_keys.ApiKey:
    with database.begin() as conn:
        return api_keys.add(
            conn,
            key_id=key_id,
            hashed=b"hash",
            venue=None,
            name="Reports",
            scopes=["syncs:read"],
            created_by="user:ana",
            created_at=NOON,
            expires_at=expires_at,
        )


def read(database: sa.Engine, key_id: str) -> api_keys.ApiKey:
    with database.connect() as conn:
        found = api_keys.found(conn, key_id)
    assert found is not None
    return found[0]


def test_a_replaced_key_is_good_until_the_overlap_ends_or_it_would_have_expired(database: sa.Engine) -> None:
    add(database, "old")
    add(database, "short", expires_at=NOON + timedelta(hours=1))
    with database.begin() as conn:
        for key_id in ("old", "short"):
            api_keys.replace(conn, key_id, by="new", until=NOON + timedelta(hours=24))

    old, short = read(database, "old"), read(database, "short")
    assert (old.replaced_by, old.expires_at) == ("new", NOON + timedelta(hours=24))
    assert short.expires_at == NOON + timedelta(hours=1)
    assert old.is_good(NOON + timedelta(hours=23))
    assert not old.is_good(NOON + timedelta(hours=24))


def test_a_revoked_key_is_no_good_and_keeps_the_time_at_which_it_was_revoked(database: sa.Engine) -> None:
    add(database, "lost")
    with database.begin() as conn:
        api_keys.revoke(conn, "lost", now=NOON)
        api_keys.revoke(conn, "lost", now=NOON + timedelta(days=1))

    assert read(database, "lost").revoked_at == NOON
    assert not read(database, "lost").is_good(NOON)


def test_use_is_noted_once_a_minute(database: sa.Engine) -> None:
    add(database, "busy")
    seen: list[datetime | None] = []
    for seconds in (0, 59, 60):
        with database.begin() as conn:
            api_keys.note_use(conn, read(database, "busy"), now=NOON + timedelta(seconds=seconds))
        seen.append(read(database, "busy").last_used_at)

    assert seen == [NOON, NOON, NOON + timedelta(seconds=60)]
