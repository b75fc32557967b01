"""Cursors and watermarks: how far each direction of a connection's entity has been read."""

from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.sync_tables import cursors

Direction = Literal["push", "pull"]


def position(
    conn: sa.Connection, connection_id: int, entity: str, *, direction: Direction, terms: str = ""
) -> dict[str, Any] | None:
    """Where the direction stands under these terms, None before its first time."""
    return conn.execute(
        sa.select(cursors.c.position).where(
            cursors.c.connection_id == connection_id,
            cursors.c.entity == entity,
            cursors.c.direction == direction,
            cursors.c.terms == terms,
        )
    ).scalar_one_or_none()


def move(
    conn: sa.Connection,
    connection_id: int,
    entity: str,
    *,
    direction: Direction,
    to: Mapping[str, Any],
    terms: str = "",
) -> None:
    """Move the cursor, in the same transaction as what was read up to there."""
    fresh = {"position": dict(to), "terms": terms, "moved_at": sa.func.now()}
    conn.execute(
        pg.insert(cursors)
        .values(connection_id=connection_id, entity=entity, direction=direction, **fresh)
        .on_conflict_do_update(index_elements=["connection_id", "entity", "direction"], set_=fresh)
    )
