"""What the last check found of each connection, and how that went up and down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.health import Health, Judgement
from sync_core.store.connections import IS_ON
from sync_core.store.health_tables import connection_health, health_changes
from sync_core.store.sync_tables import connections

KEPT_CHANGES: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Checked:
    """A connection as a check finds it, and as the check before found it; None: there was none."""

    id: int
    venue: str
    provider: str
    environment: str
    status: str
    enabled: bool
    last_error: str | None
    health: Health | None
    reason: str | None

    @property
    def label(self) -> str:
        """How people and logs name it."""
        return f"{self.venue}/{self.provider}"


@dataclass(frozen=True, slots=True)
class Change:
    """A connection's health was one thing and became another; None: it was checked for the first time."""

    was: Health | None
    became: Health
    reason: str
    at: datetime


def all_of(conn: sa.Connection) -> list[Checked]:
    """Every connection with what the last check found, in venue order."""
    c = connections.c
    query = (
        sa.select(
            c.id,
            c.venue_id,
            c.provider,
            c.environment,
            c.status,
            IS_ON,
            c.last_error,
            connection_health.c.health,
            connection_health.c.reason,
        )
        .select_from(connections.outerjoin(connection_health))
        .order_by(c.venue_id, c.provider)
    )
    return [Checked(*row) for row in conn.execute(query)]


def note(conn: sa.Connection, found: Sequence[tuple[Checked, Judgement]]) -> None:
    """Keep what a check found of these connections; where it is another health than before, the change too."""
    if not found:
        return
    insert = pg.insert(connection_health)
    same = connection_health.c.health == insert.excluded.health
    conn.execute(
        insert.on_conflict_do_update(
            index_elements=["connection_id"],
            set_={
                "health": insert.excluded.health,
                "reason": insert.excluded.reason,
                "since": sa.case((same, connection_health.c.since), else_=sa.func.now()),
            },
        ),
        [{"connection_id": one.id, "health": now.health, "reason": now.reason} for one, now in found],
    )
    changes = [
        {"connection_id": one.id, "was": one.health, "became": now.health, "reason": now.reason}
        for one, now in found
        if one.health != now.health
    ]
    if changes:
        conn.execute(sa.insert(health_changes), changes)


def changes_of(conn: sa.Connection, connection_id: int, *, limit: int = 20) -> list[Change]:
    """How a connection's health went up and down, the latest first."""
    h = health_changes.c
    query = (
        sa.select(h.was, h.became, h.reason, h.at)
        .where(h.connection_id == connection_id)
        .order_by(h.at.desc(), h.id.desc())
        .limit(limit)
    )
    return [Change(*row) for row in conn.execute(query)]


def counted(conn: sa.Connection) -> dict[tuple[str, str, str], int]:
    """How many connections there are by provider, status and what the last check found ("unknown" where none was made)."""
    health = sa.func.coalesce(connection_health.c.health, "unknown")
    by = (connections.c.provider, connections.c.status, health)
    query = (
        sa.select(*by, sa.func.count())
        .select_from(connections.outerjoin(connection_health))
        .group_by(*by)
        .order_by(*by)
    )
    return {(provider, status, now): number for provider, status, now, number in conn.execute(query)}


def forget_old(conn: sa.Connection, *, now: datetime) -> int:
    """Delete the changes that are kept no longer; how many."""
    return conn.execute(sa.delete(health_changes).where(health_changes.c.at < now - KEPT_CHANGES)).rowcount
