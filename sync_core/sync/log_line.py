"""A sync's line in the sync log, and what goes with it: its turn, letters that may pass now, the alert about many letters.

Stays true: a sync has one line, however often it begins again because the database was lost on its way; and what goes
with its end is in one transaction with it, the caller's.
"""

from contextlib import suppress
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from sync_core.spec.provider import EntitySpec
from sync_core.store import connections, letter_alert, letter_desk, sync_log, turns
from sync_core.sync.order import Order
from sync_core.sync.terms import chosen


def begin(conn: sa.Connection, order: Order) -> None:
    """Give it its line and its turn, unless it has them, and commit."""
    if order.log_id is not None:
        return
    log_id = sync_log.start(conn, order.connection.id, order.entity, run_id=order.run_id, mode=order.mode.kind)
    turns.begin(conn, order.connection.id, order.entity)
    conn.commit()
    order.log_id = log_id


def end(conn: sa.Connection, order: Order, error: str | None, *, declared: EntitySpec) -> None:
    """Note how it ended; `error` is a sentence when it did not go through. The caller commits."""
    connection, entity = order.connection, order.entity
    if error is None:
        connections.mark_synced(conn, connection.id)
        mark = chosen(connection.settings, entity, version=connection.mappings.get(entity))
        turns.end_well(conn, connection.id, entity, chosen=mark)
        if order.log_id is not None and sync_log.failed_before(conn, connection.id, entity, order.log_id):
            letter_desk.revive(conn, connection.id)
    if order.log_id is not None:
        _finish(conn, order, order.log_id, error)
    letter_alert.mind(conn, connection.id, entity, label=connection.label, most=declared.alert_at_letters)


def note_failure(database: sa.Engine, order: Order, error: str) -> None:
    """The database failed for good, and may yet be able to note it: a full disk often has room for a line."""
    if order.log_id is not None:
        with suppress(SQLAlchemyError), database.begin() as conn:
            _finish(conn, order, order.log_id, error)


def _finish(conn: sa.Connection, order: Order, log_id: int, error: str | None) -> None:
    sync_log.finish(
        conn,
        log_id,
        status="succeeded" if error is None else "failed",
        counts={name: value for name, value in asdict(order.tally.counts).items() if value},
        api_calls=order.calls.snapshot().total.calls,
        error=error,
        category=None if error is None else order.tally.category,
    )
