"""The sync log: one row per sync of a connection's entity, started before and finished after."""

from collections.abc import Mapping

import sqlalchemy as sa

from sync_core.store.sync_tables import sync_log


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


def finish(
    conn: sa.Connection, log_id: int, *, status: str, counts: Mapping[str, int], api_calls: int, error: str | None
) -> None:
    """Note how it ended."""
    conn.execute(
        sa.update(sync_log)
        .where(sync_log.c.id == log_id)
        .values(
            status=status,
            finished_at=sa.func.clock_timestamp(),
            counts=dict(counts),
            api_calls=api_calls,
            error=error,
        )
    )
