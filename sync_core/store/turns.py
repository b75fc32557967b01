"""Turns: when an entity of a connection was last synced, and whether that went well."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.turn_tables import turns


def begin(conn: sa.Connection, connection_id: int, entity: str) -> None:
    """A sync begins: until it has gone well, the entity is due again at once."""
    fresh = {"began_at": sa.func.clock_timestamp(), "unfinished": True}
    conn.execute(
        pg.insert(turns)
        .values(connection_id=connection_id, entity=entity, **fresh)
        .on_conflict_do_update(index_elements=["connection_id", "entity"], set_=fresh)
    )


def end_well(conn: sa.Connection, connection_id: int, entity: str, *, chosen: str) -> None:
    """The sync that began last has gone well, under what the venue had `chosen` then."""
    conn.execute(
        sa.update(turns)
        .where(turns.c.connection_id == connection_id, turns.c.entity == entity)
        .values(good_at=turns.c.began_at, unfinished=False, chosen=chosen)
    )
