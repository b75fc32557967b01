"""Alerts: what a person should know of, once per trouble however often it happens, until it is over."""

import logging
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.oauth_tables import OF_CONNECTION, alerts
from sync_core.store.sync_tables import connections
from sync_core.trouble import Severity

_log = logging.getLogger(__name__)
_LOUD = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR, "critical": logging.CRITICAL}


@dataclass(frozen=True, slots=True)
class Alert:
    """One trouble of one connection, or of none in particular; `subject` tells apart what it is about."""

    id: int
    connection_id: int | None
    venue: str | None
    provider: str | None
    kind: str
    subject: str
    severity: Severity
    message: str
    times: int
    first_at: datetime
    last_at: datetime


def tell(
    conn: sa.Connection,
    *,
    connection_id: int | None,
    kind: str,
    message: str,
    severity: Severity = "error",
    subject: str = "",
) -> bool:
    """Open an alert, or count it in the open one of the same connection, kind and subject; whether it is a new one.

    Only a new one is logged, so that whoever watches the log hears of each trouble once.

    `message` is one sentence without secrets; `kind` is short and stays the same, such as "oauth_refused".
    """
    insert = pg.insert(alerts).values(
        connection_id=connection_id, kind=kind, subject=subject, severity=severity, message=message
    )
    statement = insert.on_conflict_do_update(
        index_elements=[OF_CONNECTION, alerts.c.kind, alerts.c.subject],
        index_where=alerts.c.closed_at.is_(None),
        set_={"message": message, "severity": severity, "times": alerts.c.times + 1, "last_at": sa.func.now()},
    )
    new = conn.execute(statement.returning(alerts.c.times)).scalar_one() == 1
    if new:
        _log.log(_LOUD[severity], "alert.opened kind=%s severity=%s: %s", kind, severity, message)
    return new


def close(conn: sa.Connection, *, connection_id: int | None, kinds: tuple[str, ...], subject: str | None = None) -> int:
    """The trouble is over, of one subject or of all; how many alerts that closes."""
    of_them = [sa.literal(connection_id or 0) == OF_CONNECTION, alerts.c.kind.in_(kinds), alerts.c.closed_at.is_(None)]
    if subject is not None:
        of_them.append(alerts.c.subject == subject)
    closed = conn.execute(sa.update(alerts).where(*of_them).values(closed_at=sa.func.now())).rowcount
    if closed:
        _log.info("alert.closed kinds=%s subject=%s", ",".join(kinds), subject or "-")
    return closed


def opened(conn: sa.Connection, *, kinds: tuple[str, ...] = ()) -> list[Alert]:
    """The alerts that are open, of these kinds or of all, oldest first."""
    a = alerts.c
    query = (
        sa.select(
            a.id,
            a.connection_id,
            connections.c.venue_id,
            connections.c.provider,
            a.kind,
            a.subject,
            a.severity,
            a.message,
            a.times,
            a.first_at,
            a.last_at,
        )
        .select_from(alerts.outerjoin(connections))
        .where(a.closed_at.is_(None))
        .order_by(a.first_at, a.id)
    )
    if kinds:
        query = query.where(a.kind.in_(kinds))
    return [Alert(*row) for row in conn.execute(query)]


def counted(conn: sa.Connection) -> dict[tuple[str, Severity], int]:
    """How many alerts are open, by kind and severity."""
    by = (alerts.c.kind, alerts.c.severity)
    query = sa.select(*by, sa.func.count()).where(alerts.c.closed_at.is_(None)).group_by(*by).order_by(*by)
    return {(kind, severity): number for kind, severity, number in conn.execute(query)}


def forget_closed(conn: sa.Connection, *, before: datetime) -> int:
    """Delete alerts that were closed before that moment; how many."""
    return conn.execute(sa.delete(alerts).where(alerts.c.closed_at < before)).rowcount
