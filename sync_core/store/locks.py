"""One sync at a time per connection and entity: a PostgreSQL session lock, which dies with the process that holds it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import DBAPIError, OperationalError

from sync_core.errors import ConfigurationError

_KEY = "hashtextextended('venue-sync:' || CAST(:connection_id AS text) || ':' || CAST(:entity AS text), 0)"
# Held beside the other one by whoever needs it for a moment only, so that a sync knows that waiting is worth it.
_BRIEF_KEY = _KEY.replace("venue-sync:", "venue-sync:brief:")
PATIENCE = "10s"


@contextmanager
def holding(conn: sa.Connection, connection_id: int, entity: str) -> Iterator[bool]:
    """Hold the lock on `conn` for the block; yields False when somebody else has it.

    At once, if that is another sync; one who holds it briefly is waited for.
    Everything the sync settles goes through `conn`: a worker that lost its database connection lost the lock
    and cannot settle anything any more.
    """
    arguments = {"connection_id": connection_id, "entity": entity}
    taken = _taken(conn, _KEY, arguments) or _waited(conn, arguments)
    conn.commit()
    with _released(conn, [_KEY] if taken else [], arguments):
        yield taken


@contextmanager
def holding_briefly(conn: sa.Connection, connection_id: int, entity: str) -> Iterator[bool]:
    """As `holding`, for a moment's work; yields False at once while a sync has the lock, and waits for its like."""
    arguments = {"connection_id": connection_id, "entity": entity}
    held = [_BRIEF_KEY] if _patiently(conn, _BRIEF_KEY, arguments) else []
    if held and _taken(conn, _KEY, arguments):
        held.append(_KEY)
    conn.commit()
    with _released(conn, list(reversed(held)), arguments):
        yield len(held) > 1


@contextmanager
def only_one(conn: sa.Connection, name: str) -> Iterator[bool]:
    """Be the only process that does what `name` says; yields False at once when there is one already."""
    key, arguments = "hashtextextended('venue-sync:only:' || CAST(:name AS text), 0)", {"name": name}
    held = [key] if _taken(conn, key, arguments) else []
    conn.commit()
    with _released(conn, held, arguments):
        yield bool(held)


def _taken(conn: sa.Connection, key: str, arguments: Mapping[str, Any]) -> bool:
    return bool(conn.execute(sa.text(f"SELECT pg_try_advisory_lock({key})"), arguments).scalar_one())


def _waited(conn: sa.Connection, arguments: Mapping[str, Any]) -> bool:
    """Somebody has the lock: take it after them if they hold it briefly, else only if they are gone by now."""
    if _taken(conn, _BRIEF_KEY, arguments):
        conn.execute(sa.text(f"SELECT pg_advisory_unlock({_BRIEF_KEY})"), arguments)
        return _taken(conn, _KEY, arguments)
    return _patiently(conn, _KEY, arguments)


def _patiently(conn: sa.Connection, key: str, arguments: Mapping[str, Any]) -> bool:
    """Take the lock as soon as whoever has it for a moment is done; whether they were soon enough."""
    conn.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
    try:
        conn.execute(sa.text(f"SELECT pg_advisory_lock({key})"), arguments)
    except OperationalError as error:
        conn.rollback()
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return False
    return True


@contextmanager
def _released(conn: sa.Connection, keys: Sequence[str], arguments: Mapping[str, Any]) -> Iterator[None]:
    """Give these locks back after the block, in this order; a lost connection has given them back already."""
    try:
        yield
    finally:
        _give_back(conn, keys, arguments)


def _give_back(conn: sa.Connection, keys: Sequence[str], arguments: Mapping[str, Any]) -> None:
    try:
        if keys and not conn.invalidated:
            conn.rollback()
            for key in keys:
                conn.execute(sa.text(f"SELECT pg_advisory_unlock({key})"), arguments)
            conn.commit()
    except DBAPIError as lost:
        if not lost.connection_invalidated:
            raise


def still_held(conn: sa.Connection) -> None:
    """Return if the session that took a lock on `conn` lives. Raises DBAPIError when it is gone, and the lock with it.

    For whoever holds a lock on a connection that is not used otherwise, and would not notice.
    """
    conn.execute(sa.select(1))
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
    with _released(conn, [_TOKENS], arguments):
        yield


@contextmanager
def rotating(conn: sa.Connection) -> Iterator[None]:
    """Be the only one who rotates the vault. Raises ConfigurationError at once when somebody else does."""
    key = "hashtext('venue-sync vault rotation')"
    with conn.begin():
        taken = bool(conn.execute(sa.text(f"SELECT pg_try_advisory_lock({key})")).scalar_one())
    if not taken:
        raise ConfigurationError("Another rotation of the vault is running: wait for it, it does the same.")
    with _released(conn, [key], {}):
        yield
