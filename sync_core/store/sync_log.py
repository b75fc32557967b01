"""The sync log: one row per sync of a connection's entity, started before and finished after."""

from collections.abc import Mapping, Sequence
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


def latest_good(conn: sa.Connection, connection_ids: Sequence[int], *, entity: str) -> dict[int, datetime]:
    """When the last sync of `entity` that went well began, by connection; those that never had one are not in it."""
    if not connection_ids:
        return {}
    query = (
        sa.select(sync_log.c.connection_id, sa.func.max(sync_log.c.started_at))
        .where(
            sync_log.c.connection_id == sa.any_(sa.bindparam("ids", list(connection_ids), sa.ARRAY(sa.BigInteger))),
            sync_log.c.entity == entity,
            sync_log.c.status == "succeeded",
        )
        .group_by(sync_log.c.connection_id)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


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
