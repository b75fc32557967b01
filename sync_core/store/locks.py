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


_TOKENS = "hashtextextended('venue-sync:token:' || CAST(:connection_id AS text), 0)"


@contextmanager
def alone(conn: sa.Connection, connection_id: int) -> Iterator[None]:
    """Be the only one who works on a connection's tokens, in any process; waits for whoever is at it, however long.

    `conn` must be the caller's own: the lock lives as long as its session. The database's lock and statement timeouts
    are put off while we wait, since the one who is ahead may be waiting for a provider.
    """
    arguments = {"connection_id": connection_id}
    with conn.begin():
        for timeout in ("lock_timeout", "statement_timeout"):
            conn.execute(sa.text(f"SET LOCAL {timeout} = 0"))
        conn.execute(sa.text(f"SELECT pg_advisory_lock({_TOKENS})"), arguments)
    try:
        yield
    finally:
        if not conn.invalidated:
            conn.rollback()
            conn.execute(sa.text(f"SELECT pg_advisory_unlock({_TOKENS})"), arguments)
            conn.commit()
