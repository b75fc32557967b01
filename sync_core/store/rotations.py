"""What a rotation of the vault goes through: envelopes sealed before it began or under another master key, and how far it is."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync_core.store.oauth_tables import vault_rotations
from sync_core.store.sync_tables import connections, credentials


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation that was begun: to which master key, when, and how many envelopes it has sealed anew."""

    id: int
    key_id: str
    started_at: datetime
    finished_at: datetime | None
    resealed: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One envelope as it is kept, and whom it belongs to."""

    connection_id: int
    venue: str
    provider: str
    kind: str
    envelope: bytes
    key_id: str


@dataclass(frozen=True, slots=True)
class Share:
    """How many envelopes a master key wrapped, and when the oldest was sealed."""

    key_id: str
    envelopes: int
    oldest: datetime


_ROTATION = (
    vault_rotations.c.id,
    vault_rotations.c.key_id,
    vault_rotations.c.started_at,
    vault_rotations.c.finished_at,
    vault_rotations.c.resealed,
)


def latest(conn: sa.Connection) -> Rotation | None:
    """The rotation begun last; None when there was none."""
    row = conn.execute(sa.select(*_ROTATION).order_by(vault_rotations.c.id.desc()).limit(1)).first()
    return Rotation(*row) if row else None


def begun(conn: sa.Connection, *, key_id: str) -> Rotation:
    """The unfinished rotation to this master key, or a new one. Whoever calls holds the lock of `rotating`."""
    last = latest(conn)
    if last is not None and last.finished_at is None and last.key_id == key_id:
        return last
    row = conn.execute(sa.insert(vault_rotations).values(key_id=key_id).returning(*_ROTATION)).one()
    return Rotation(*row)


def left(conn: sa.Connection, rotation: Rotation, *, after: tuple[int, str], limit: int) -> list[Kept]:
    """The next envelopes that this rotation has to seal anew, behind one connection and kind."""
    return _kept(conn, _left_over(rotation), after=after, limit=limit)


def replace(conn: sa.Connection, rotation: Rotation, kept: Kept, *, envelope: bytes, key_id: str) -> bool:
    """Put a newly sealed envelope in the place of the one that was read; False when that is there no more."""
    statement = (
        sa.update(credentials)
        .where(
            credentials.c.connection_id == kept.connection_id,
            credentials.c.kind == kept.kind,
            credentials.c.envelope == kept.envelope,
        )
        .values(envelope=envelope, key_id=key_id, created_at=sa.func.clock_timestamp())
    )
    if conn.execute(statement).rowcount != 1:
        return False
    conn.execute(
        sa.update(vault_rotations)
        .where(vault_rotations.c.id == rotation.id)
        .values(resealed=vault_rotations.c.resealed + 1)
    )
    return True


def finish(conn: sa.Connection, rotation: Rotation) -> bool:
    """Note the end; False when something is left after all."""
    nothing_left = ~sa.exists().where(_left_over(rotation))
    statement = (
        sa.update(vault_rotations)
        .where(vault_rotations.c.id == rotation.id, nothing_left)
        .values(finished_at=sa.func.clock_timestamp())
    )
    return conn.execute(statement).rowcount == 1


def everything(conn: sa.Connection, *, after: tuple[int, str], limit: int) -> list[Kept]:
    """The next envelopes behind one connection and kind, whatever sealed them."""
    return _kept(conn, sa.true(), after=after, limit=limit)


def shares(conn: sa.Connection) -> list[Share]:
    """How many envelopes each master key wrapped."""
    query = (
        sa.select(credentials.c.key_id, sa.func.count(), sa.func.min(credentials.c.created_at))
        .group_by(credentials.c.key_id)
        .order_by(credentials.c.key_id)
    )
    return [Share(*row) for row in conn.execute(query)]


def _left_over(rotation: Rotation) -> sa.ColumnElement[bool]:
    return sa.or_(credentials.c.created_at < rotation.started_at, credentials.c.key_id != rotation.key_id)


def _kept(conn: sa.Connection, which: sa.ColumnElement[bool], *, after: tuple[int, str], limit: int) -> list[Kept]:
    place = sa.tuple_(credentials.c.connection_id, credentials.c.kind)
    query = (
        sa.select(
            credentials.c.connection_id,
            connections.c.venue_id,
            connections.c.provider,
            credentials.c.kind,
            credentials.c.envelope,
            credentials.c.key_id,
        )
        .join(connections, connections.c.id == credentials.c.connection_id)
        .where(which, place > sa.tuple_(*map(sa.literal, after)))
        .order_by(credentials.c.connection_id, credentials.c.kind)
        .limit(limit)
    )
    return [Kept(*row) for row in conn.execute(query)]
