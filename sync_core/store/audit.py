"""The audit log: who changed what, for which venue, under which request, and how it was answered. Never a secret."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync_core.store.api_tables import audit_log


@dataclass(frozen=True, slots=True)
class Line:
    """One change, or one use of a credential, as people see it."""

    id: int
    at: datetime
    actor: str
    role: str
    venue: str | None
    action: str
    subject: str
    request_id: str
    status: int | None


def begin(
    conn: sa.Connection,
    *,
    at: datetime,
    actor: str,
    role: str,
    venue: str | None,
    action: str,
    subject: str,
    request_id: str,
) -> int:
    """Note that somebody is about to change something; the line's id."""
    return conn.execute(
        sa.insert(audit_log)
        .values(at=at, actor=actor, role=role, venue_id=venue, action=action, subject=subject, request_id=request_id)
        .returning(audit_log.c.id)
    ).scalar_one()


def finish(conn: sa.Connection, line: int, *, status: int, venue: str | None = None) -> None:
    """Note how it was answered, and which venue it turned out to be about where only the answer knows."""
    values: dict[str, object] = {"status": status}
    if venue is not None:
        values["venue_id"] = venue
    conn.execute(sa.update(audit_log).where(audit_log.c.id == line).values(**values))


def lines(
    conn: sa.Connection, *, venues: Collection[str] | None, limit: int = 100, before: int | None = None
) -> list[Line]:
    """The latest lines about these venues, or (None) about everything; `before` is the id of a line to go on from."""
    table = audit_log
    columns = tuple(table.c["venue_id" if name == "venue" else name] for name in Line.__dataclass_fields__)
    query = sa.select(*columns).order_by(table.c.id.desc()).limit(limit)
    if venues is not None:
        query = query.where(table.c.venue_id.in_(list(venues)))
    if before is not None:
        query = query.where(table.c.id < before)
    return [Line(*row) for row in conn.execute(query)]


def forget_old(conn: sa.Connection, *, before: datetime, most: int) -> int:
    """Delete up to `most` lines from before that moment, the oldest first; how many."""
    table = audit_log
    # By id, which has an index and grows with the time; looking stops at the first that is young enough.
    oldest = sa.select(table.c.id, table.c.at).order_by(table.c.id).limit(most).subquery()
    old = sa.select(oldest.c.id).where(oldest.c.at < before)
    return conn.execute(sa.delete(table).where(table.c.id.in_(old.scalar_subquery()))).rowcount
