"""Cursors and watermarks: how far each direction of a connection's entity has been read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.sync_tables import cursors

Direction = Literal["push", "pull"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a direction stands, and under which mapping it came there: a version of the venue's own, None: the declared."""

    position: dict[str, Any]
    mapping: int | None


def place(conn: sa.Connection, connection_id: int, entity: str, *, direction: Direction) -> Place | None:
    """Where the direction stands, None before its first time."""
    row = conn.execute(
        sa.select(cursors.c.position, cursors.c.mapping).where(
            cursors.c.connection_id == connection_id, cursors.c.entity == entity, cursors.c.direction == direction
        )
    ).first()
    return None if row is None else Place(*row)


def position(
    conn: sa.Connection, connection_id: int, entity: str, *, direction: Direction, mapping: int | None
) -> dict[str, Any] | None:
    """Where the direction stands; None before its first time under this mapping."""
    stands = place(conn, connection_id, entity, direction=direction)
    return stands.position if stands is not None and stands.mapping == mapping else None


def move(
    conn: sa.Connection,
    connection_id: int,
    entity: str,
    *,
    direction: Direction,
    to: Mapping[str, Any],
    mapping: int | None,
) -> None:
    """Move the cursor, in the same transaction as what was read up to there."""
    fresh = {"position": dict(to), "moved_at": sa.func.now(), "mapping": mapping}
    conn.execute(
        pg.insert(cursors)
        .values(connection_id=connection_id, entity=entity, direction=direction, **fresh)
        .on_conflict_do_update(index_elements=["connection_id", "entity", "direction"], set_=fresh)
    )
