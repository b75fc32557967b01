"""API keys: made, found, rotated with an overlap, revoked. Only a hash of the secret part is ever stored.

The secret has 256 random bits, so a plain SHA-256 cannot be searched and needs no salt.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from sync_core.store.api_tables import api_keys

USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as people see it: everything but the key. `venue` None: a key of the platform."""

    id: str
    venue: str | None
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: str | None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_COLUMNS = tuple(api_keys.c["venue_id" if name == "venue" else name] for name in ApiKey.__dataclass_fields__)


def add(
    conn: sa.Connection,
    *,
    key_id: str,
    hashed: bytes,
    venue: str | None,
    name: str,
    scopes: Sequence[str],
    created_by: str,
    created_at: datetime,
    expires_at: datetime | None,
) -> ApiKey:
    """Keep a new key."""
    insert = sa.insert(api_keys).values(
        id=key_id,
        hash=hashed,
        venue_id=venue,
        name=name,
        scopes=list(scopes),
        created_by=created_by,
        created_at=created_at,
        expires_at=expires_at,
    )
    return _key(conn.execute(insert.returning(*_COLUMNS)).one())


def found(conn: sa.Connection, key_id: str) -> tuple[ApiKey, bytes] | None:
    """A key and the hash of its secret, None when there is none of this id."""
    row = conn.execute(sa.select(*_COLUMNS, api_keys.c.hash).where(api_keys.c.id == key_id)).first()
    return None if row is None else (_key(row[:-1]), bytes(row.hash))


def listed(conn: sa.Connection, *, venues: Collection[str] | None) -> list[ApiKey]:
    """The keys of these venues, or (None) every key; the newest first."""
    query = sa.select(*_COLUMNS).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
    if venues is not None:
        query = query.where(api_keys.c.venue_id.in_(list(venues)))
    return [_key(row) for row in conn.execute(query)]


def note_use(conn: sa.Connection, key: ApiKey, *, now: datetime) -> None:
    """Remember that it was used; once a minute is enough."""
    if key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY:
        conn.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now))


def revoke(conn: sa.Connection, key_id: str, *, now: datetime) -> None:
    """It opens nothing any more, from now on. A key that is revoked keeps the time at which it was."""
    unrevoked = sa.update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    conn.execute(unrevoked.values(revoked_at=now))


def replace(conn: sa.Connection, key_id: str, *, by: str, until: datetime) -> None:
    """Another key takes its place; this one still opens until `until`, or until it would have expired anyway."""
    sooner = sa.func.least(sa.func.coalesce(api_keys.c.expires_at, until), until)
    conn.execute(sa.update(api_keys).where(api_keys.c.id == key_id).values(replaced_by=by, expires_at=sooner))


def _key(row: Sequence[object]) -> ApiKey:
    key_id, venue, name, scopes, *rest = row
    return ApiKey(key_id, venue, name, tuple(scopes), *rest)  # pyright: ignore[reportArgumentType] - as in _COLUMNS
