"""Alerts: what a person should know of, once per trouble however often it happens, until it is over."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.oauth_tables import alerts


@dataclass(frozen=True, slots=True)
class Alert:
    """One trouble of one connection, or of none in particular."""

    id: int
    connection_id: int | None
    kind: str
    message: str
    times: int
    first_at: datetime
    last_at: datetime


def tell(conn: sa.Connection, *, connection_id: int, kind: str, message: str) -> None:
    """Open an alert, or count it in the open one of the same connection and kind.

    `message` is one sentence without secrets; `kind` is short and stays the same, such as "oauth_refused".
    """
    statement = pg.insert(alerts).values(connection_id=connection_id, kind=kind, message=message)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=[alerts.c.connection_id, alerts.c.kind],
            index_where=alerts.c.closed_at.is_(None),
            set_={"message": message, "times": alerts.c.times + 1, "last_at": sa.func.now()},
        )
    )


def close(conn: sa.Connection, *, connection_id: int, kinds: tuple[str, ...]) -> None:
    """The trouble is over."""
    conn.execute(
        sa.update(alerts)
        .where(alerts.c.connection_id == connection_id, alerts.c.kind.in_(kinds), alerts.c.closed_at.is_(None))
        .values(closed_at=sa.func.now())
    )


def opened(conn: sa.Connection) -> list[Alert]:
    """The alerts that are open, oldest first."""
    columns = (
        alerts.c.id,
        alerts.c.connection_id,
        alerts.c.kind,
        alerts.c.message,
        alerts.c.times,
        alerts.c.first_at,
        alerts.c.last_at,
    )
    query = sa.select(*columns).where(alerts.c.closed_at.is_(None)).order_by(alerts.c.first_at, alerts.c.id)
    return [Alert(*row) for row in conn.execute(query)]
