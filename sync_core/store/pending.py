"""Rows to look at again although they did not change: they wait for another record, or were refused."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.sync_tables import pending

FIRST_RETRY = timedelta(minutes=5)
LAST_RETRY = timedelta(hours=24)


def due(conn: sa.Connection, connection_id: int, entity: str) -> list[str]:
    """Local ids whose time has come, in id order."""
    query = (
        sa.select(pending.c.local_id)
        .where(pending.c.connection_id == connection_id, pending.c.entity == entity, pending.c.due_at <= sa.func.now())
        .order_by(pending.c.local_id)
    )
    return list(conn.execute(query).scalars())


def wait(conn: sa.Connection, connection_id: int, entity: str, *, reasons: Mapping[str, str]) -> None:
    """These rows are complete but for another record; they are due at every sync until it is there."""
    _keep(conn, connection_id, entity, reasons, first=sa.func.now(), again=sa.func.now())


def retry_later(conn: sa.Connection, connection_id: int, entity: str, *, reasons: Mapping[str, str]) -> None:
    """These rows were refused: try them again with the next sync, then more and more rarely (`later`)."""
    _keep(conn, connection_id, entity, reasons, first=sa.func.now(), again=later(pending.c.attempts))


def rest(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> None:
    """These refused rows are not tried again with the next sync, but after the first interval."""
    conn.execute(
        sa.update(pending).where(*_these(connection_id, entity, ids)).values(due_at=sa.func.now() + FIRST_RETRY)
    )


def later(attempts: sa.ColumnElement[int]) -> sa.ColumnElement[Any]:
    """When what has failed `attempts` times before is tried again: after 5 minutes, doubling up to a day."""
    doubled = FIRST_RETRY.total_seconds() * sa.func.power(2, sa.func.least(attempts, 10) - 1)
    seconds = sa.func.least(LAST_RETRY.total_seconds(), doubled)
    return sa.func.now() + seconds * sa.text("interval '1 second'")


def clear(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> None:
    """These rows need no second look."""
    conn.execute(sa.delete(pending).where(*_these(connection_id, entity, ids)))


def _these(connection_id: int, entity: str, ids: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    chosen = pending.c.local_id == sa.any_(sa.bindparam("ids", list(ids), sa.ARRAY(sa.Text)))
    return pending.c.connection_id == connection_id, pending.c.entity == entity, chosen


def _keep(
    conn: sa.Connection,
    connection_id: int,
    entity: str,
    reasons: Mapping[str, str],
    *,
    first: sa.ColumnElement[Any],
    again: sa.ColumnElement[Any],
) -> None:
    rows = [
        {"connection_id": connection_id, "entity": entity, "local_id": local_id, "reason": reason}
        for local_id, reason in reasons.items()
    ]
    if not rows:
        return
    insert = pg.insert(pending)
    conn.execute(
        insert.values(due_at=first).on_conflict_do_update(
            index_elements=["connection_id", "entity", "local_id"],
            set_={"reason": insert.excluded.reason, "attempts": pending.c.attempts + 1, "due_at": again},
        ),
        rows,
    )
