"""Which runs live: the process of a run holds a PostgreSQL session lock of the run's name, which dies with the process.

A run whose connection is lost (PostgreSQL was restarted) takes its lock again within seconds, so who has none for minutes
is dead, whatever anybody's tables say of it.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

LOOK_EVERY: Final = 10.0
_KEY: Final = "hashtextextended('venue-sync:run:' || {name}, 0)"


@contextmanager
def held(database: sa.Engine, name: str, *, look_every: float = LOOK_EVERY) -> Iterator[None]:
    """Show for the length of the block that `name` lives, by a connection and a thread of its own."""
    over, begun = threading.Event(), threading.Event()

    def hold() -> None:
        while not over.is_set():
            try:
                with database.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
                    conn.execute(
                        sa.text(f"SELECT pg_advisory_lock_shared({_KEY.format(name=':name')})"), {"name": name}
                    )
                    begun.set()
                    while not over.wait(look_every):
                        conn.execute(sa.text("SELECT 1"))
                    # Else the lock would outlive the block, in the pool.
                    conn.invalidate()
            except SQLAlchemyError:
                begun.set()
                over.wait(look_every)

    keeper = threading.Thread(target=hold, name=f"lifeline {name}", daemon=True)
    keeper.start()
    begun.wait(look_every)
    try:
        yield
    finally:
        over.set()
        keeper.join(look_every)


def among(conn: sa.Connection, names: Sequence[str]) -> set[str]:
    """Those of `names` that live."""
    query = sa.text(
        f"SELECT n FROM unnest(CAST(:names AS text[])) AS n WHERE {_KEY.format(name='n')} IN ("  # noqa: S608 - a constant
        "SELECT (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) FROM pg_locks "
        "WHERE locktype = 'advisory' AND objsubid = 1 AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    return set(conn.execute(query, {"names": list(names)}).scalars())
