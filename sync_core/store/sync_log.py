"""The sync log: one row per sync of a connection's entity, started before and finished after."""

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from sync_core.store.sync_tables import sync_log
from sync_core.trouble import Category


def start(conn: sa.Connection, connection_id: int, entity: str, *, run_id: str, mode: str) -> int:
    """Note that a sync begins; its id."""
    return conn.execute(
        sa.insert(sync_log)
        .values(
            connection_id=connection_id,
            entity=entity,
            run_id=run_id,
            mode=mode,
            status="running",
            started_at=sa.func.clock_timestamp(),
        )
        .returning(sync_log.c.id)
    ).scalar_one()


def failed_before(conn: sa.Connection, connection_id: int, entity: str, log_id: int) -> bool:
    """Whether the sync before this one, of the same connection and entity, had failed."""
    before = (
        sa.select(sync_log.c.status)
        .where(sync_log.c.connection_id == connection_id, sync_log.c.entity == entity, sync_log.c.id < log_id)
        .order_by(sync_log.c.started_at.desc())
        .limit(1)
    )
    return conn.execute(before).scalar_one_or_none() == "failed"


def finish(
    conn: sa.Connection,
    log_id: int,
    *,
    status: str,
    counts: Mapping[str, int],
    api_calls: int,
    error: str | None,
    category: Category | None,
) -> None:
    """Note how it ended; `category` is that of the error."""
    conn.execute(
        sa.update(sync_log)
        .where(sync_log.c.id == log_id)
        .values(
            status=status,
            finished_at=sa.func.clock_timestamp(),
            counts=dict(counts),
            api_calls=api_calls,
            error=error,
            category=category,
        )
    )


def forget_old(conn: sa.Connection, *, before: datetime, most: int) -> int:
    """Delete up to `most` syncs that began before that moment; how many.

    The last good one of each connection's entity stays, and the last one of all: they tell how it stands.
    """
    later = sync_log.alias("later")
    outlived = sa.exists().where(
        later.c.connection_id == sync_log.c.connection_id,
        later.c.entity == sync_log.c.entity,
        later.c.started_at > sync_log.c.started_at,
        sa.or_(later.c.status == "succeeded", sync_log.c.status != "succeeded"),
    )
    old = sa.select(sync_log.c.id).where(sync_log.c.started_at < before, outlived).limit(most).scalar_subquery()
    return conn.execute(sa.delete(sync_log).where(sync_log.c.id.in_(old))).rowcount
