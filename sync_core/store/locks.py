"""One sync at a time per connection and entity: a PostgreSQL session lock, which dies with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

_KEY = "hashtextextended('venue-sync:' || CAST(:connection_id AS text) || ':' || CAST(:entity AS text), 0)"


@contextmanager
def holding(conn: sa.Connection, connection_id: int, entity: str) -> Iterator[bool]:
    """Hold the lock on `conn` for the block; yields False at once when somebody else has it.

    Everything the sync settles goes through `conn`: a worker that lost its database connection lost the lock
    and cannot settle anything any more.
    """
    arguments = {"connection_id": connection_id, "entity": entity}
    taken = bool(conn.execute(sa.text(f"SELECT pg_try_advisory_lock({_KEY})"), arguments).scalar_one())
    conn.commit()
    try:
        yield taken
    finally:
        if taken and not conn.invalidated:
            conn.rollback()
            conn.execute(sa.text(f"SELECT pg_advisory_unlock({_KEY})"), arguments)
            conn.commit()
