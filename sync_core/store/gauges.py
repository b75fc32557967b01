"""How much waits and stands at this moment, in few numbers: for scrapes that come every some seconds.

Nothing here is by venue, and nothing reads what is done with: the answers are as quick with a million records as with none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from sync_core.store.inbox_tables import webhook_events, work
from sync_core.store.limits_tables import provider_limits
from sync_core.store.sync_tables import connections, dead_letters, pending


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many items of one kind wait, and for how many seconds the first of them has."""

    items: int
    oldest_seconds: float


def queued(conn: sa.Connection) -> dict[tuple[str, str], Waiting]:
    """Syncs that were asked for and are not done, by priority and status."""
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(work.c.requested_at))
    query = (
        sa.select(work.c.priority, work.c.status, sa.func.count(), age)
        .where(work.c.status.in_(["queued", "running"]))
        .group_by(work.c.priority, work.c.status)
    )
    return {(priority, status): Waiting(n, float(seconds)) for priority, status, n, seconds in conn.execute(query)}


def inbox(conn: sa.Connection) -> dict[tuple[str, str], Waiting]:
    """Webhook events that are not applied yet, by provider and status."""
    e = webhook_events.c
    age = sa.func.extract("epoch", sa.func.now() - sa.func.min(e.received_at))
    query = (
        sa.select(e.provider, e.status, sa.func.count(), age)
        .where(sa.text("status IN ('received', 'failed')"))  # word for word as the index has it
        .group_by(e.provider, e.status)
    )
    return {(provider, status): Waiting(n, float(seconds)) for provider, status, n, seconds in conn.execute(query)}


def pending_records(conn: sa.Connection) -> dict[tuple[str, str], int]:
    """Rows that are looked at again although they did not change, by provider and entity."""
    by = (connections.c.provider, pending.c.entity)
    query = sa.select(*by, sa.func.count()).select_from(pending.join(connections)).group_by(*by)
    return {(provider, entity): number for provider, entity, number in conn.execute(query)}


def open_letters(conn: sa.Connection) -> dict[tuple[str, str, str], int]:
    """Records that need a person, by provider, entity and direction."""
    by = (connections.c.provider, dead_letters.c.entity, dead_letters.c.direction)
    query = (
        sa.select(*by, sa.func.count())
        .select_from(dead_letters.join(connections))
        .where(dead_letters.c.status == "open")
        .group_by(*by)
    )
    return {(provider, entity, direction): number for provider, entity, direction, number in conn.execute(query)}


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How the accounts of one provider stand against one kind of limit.

    `slowed` of them go below their full allowance after a 429; `lowest` is the part that the slowest of them has left.
    """

    accounts: int
    slowed: int
    lowest: float


def limits(conn: sa.Connection, *, recovery_seconds: float) -> Mapping[tuple[str, str, str], LimitUse]:
    """The limits that were used within the last minute, by provider, environment and kind of limit."""
    table = provider_limits.c
    moment = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
    left = sa.func.least(1.0, table.low + sa.func.greatest(0.0, moment - table.lowered_at) / recovery_seconds)
    kind = sa.case(
        (table.name.like("all per %"), table.name),
        (table.name.like("% per second"), "endpoint per second"),
        else_="endpoint per minute",
    )
    parts = [sa.func.split_part(table.account, "/", place) for place in (1, 2)]
    query = (
        sa.select(*parts, kind, sa.func.count(), sa.func.count().filter(left < 1.0), sa.func.min(left))
        .where(table.used_at >= moment - 60)
        .group_by(*parts, kind)
    )
    return {
        (provider, environment, name): LimitUse(accounts, slowed, float(lowest))
        for provider, environment, name, accounts, slowed, lowest in conn.execute(query)
    }
