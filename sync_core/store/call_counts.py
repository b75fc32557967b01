"""What provider calls and everything else that is counted comes to: added by one statement, read for health and cost."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import orjson
import sqlalchemy as sa

from sync_core.http.calls import CallCount
from sync_core.store.health_tables import call_days, call_hours, counters
from sync_core.store.sync_tables import connections

KEPT_HOURS: Final = timedelta(days=3)
KEPT_DAYS: Final = timedelta(days=400)
SLOTS: Final = 16
"""Over so many rows a counter is spread; a database session always adds to the same one."""

Counter = tuple[str, tuple[str, ...]]
"""A metric and its labels' values, in the order in which the metric declares them."""
_NUMBERS = "calls, retries, throttles, failures, bytes, seconds"
_SUMS = ", ".join(f"sum({name})" for name in _NUMBERS.split(", "))


def _plus(table: str, *names: str) -> str:
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in (*_NUMBERS.split(", "), *names))


# One statement, because a round trip counts where a sync has nothing to do. Rows are added in one order by everybody, so
# that nobody waits for somebody who waits for them. Of connections that are gone nothing is kept.
_ADD = sa.text(
    f"""
WITH moment AS (SELECT coalesce(CAST(:present AS timestamptz), clock_timestamp()) AS at),
called AS (
    SELECT c.* FROM jsonb_to_recordset(CAST(:calls AS jsonb)) AS c(
        connection_id bigint, endpoint text, calls bigint, retries bigint, throttles bigint, failures bigint,
        bytes bigint, seconds float8, metered bigint
    ) WHERE EXISTS (SELECT FROM sync.connections s WHERE s.id = c.connection_id)
),
by_hour AS (
    INSERT INTO sync.call_hours AS h (connection_id, hour, endpoint, {_NUMBERS})
    SELECT connection_id, date_trunc('hour', at), endpoint, {_SUMS} FROM called, moment
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (connection_id, hour, endpoint) DO UPDATE SET {_plus("h")}
),
by_day AS (
    INSERT INTO sync.call_days AS d (connection_id, day, {_NUMBERS}, metered)
    SELECT connection_id, CAST(at AS date), {_SUMS}, sum(metered) FROM called, moment
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (connection_id, day) DO UPDATE SET {_plus("d", "metered")}
)
INSERT INTO sync.counters AS t (metric, labels, slot, value)
SELECT metric, labels, pg_backend_pid() % {SLOTS}, value
FROM jsonb_to_recordset(CAST(:counters AS jsonb)) AS n(metric text, labels text[], value float8)
ORDER BY metric, labels
ON CONFLICT (metric, labels, slot) DO UPDATE SET value = t.value + excluded.value
"""  # noqa: S608 - constants
)


@dataclass(frozen=True, slots=True)
class Called:
    """Calls of one connection to one endpoint; `metered` of them count against an allowance by the month."""

    connection_id: int
    endpoint: str
    count: CallCount
    metered: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """What one venue used of one provider in a span of days."""

    venue: str
    provider: str
    environment: str
    calls: CallCount
    metered: int


def add(
    conn: sa.Connection,
    *,
    calls: Sequence[Called] = (),
    counters: Mapping[Counter, float] | None = None,
    present: datetime | None = None,
) -> None:
    """Add these to what there is. `present` is the moment they count for, None for the database's own."""
    lines = [
        {
            "connection_id": one.connection_id,
            "endpoint": one.endpoint,
            "calls": one.count.calls,
            "retries": one.count.retries,
            "throttles": one.count.throttles,
            "failures": one.count.failures,
            "bytes": one.count.bytes,
            "seconds": one.count.seconds,
            "metered": one.metered,
        }
        for one in calls
    ]
    numbers = [
        {"metric": metric, "labels": list(labels), "value": value}
        for (metric, labels), value in (counters or {}).items()
    ]
    conn.execute(
        _ADD, {"calls": orjson.dumps(lines).decode(), "counters": orjson.dumps(numbers).decode(), "present": present}
    )


def of_hours(conn: sa.Connection, ids: Collection[int] | None, *, since: datetime) -> dict[int, CallCount]:
    """The calls of these connections, or of all, since the hour of that moment, by connection; at most three days back."""
    query = (
        sa.select(call_hours.c.connection_id, *_sums(call_hours))
        .where(call_hours.c.hour >= sa.func.date_trunc("hour", sa.literal(since)))
        .group_by(call_hours.c.connection_id)
    )
    if ids is not None:
        mine = sa.bindparam("ids", list(ids), sa.ARRAY(sa.BigInteger))
        query = query.where(call_hours.c.connection_id == sa.any_(mine))
    return {row[0]: _count(row[1:]) for row in conn.execute(query)}


def by_endpoint(conn: sa.Connection, connection_id: int, *, since: datetime) -> dict[str, CallCount]:
    """One connection's calls since the hour of that moment, by endpoint template; the busiest first."""
    query = (
        sa.select(call_hours.c.endpoint, *_sums(call_hours))
        .where(
            call_hours.c.connection_id == connection_id,
            call_hours.c.hour >= sa.func.date_trunc("hour", sa.literal(since)),
        )
        .group_by(call_hours.c.endpoint)
        .order_by(sa.func.sum(call_hours.c.calls).desc(), call_hours.c.endpoint)
    )
    return {row[0]: _count(row[1:]) for row in conn.execute(query)}


def used(conn: sa.Connection, *, first: date, last: date, venue: str | None = None) -> list[Use]:
    """What every venue, or one, used of every provider from the first day to the last, both included (UTC)."""
    whose = (connections.c.venue_id, connections.c.provider, connections.c.environment)
    query = (
        sa.select(*whose, *_sums(call_days), sa.func.sum(call_days.c.metered))
        .select_from(call_days.join(connections))
        .where(call_days.c.day.between(first, last))
        .group_by(*whose)
        .order_by(*whose)
    )
    if venue is not None:
        query = query.where(connections.c.venue_id == venue)
    return [Use(row[0], row[1], row[2], _count(row[3:-1]), int(row[-1])) for row in conn.execute(query)]


def metered(conn: sa.Connection, *, first: date, last: date) -> dict[str, int]:
    """How many metered calls all venues together made from the first day to the last, by provider."""
    query = (
        sa.select(connections.c.provider, sa.func.sum(call_days.c.metered))
        .select_from(call_days.join(connections))
        .where(call_days.c.day.between(first, last), call_days.c.metered > 0)
        .group_by(connections.c.provider)
    )
    return {provider: int(number) for provider, number in conn.execute(query)}


def totals(conn: sa.Connection) -> dict[Counter, float]:
    """Every counter."""
    by = (counters.c.metric, counters.c.labels)
    query = sa.select(*by, sa.func.sum(counters.c.value)).group_by(*by).order_by(*by)
    return {(metric, tuple(labels)): float(value) for metric, labels, value in conn.execute(query)}


def forget_old(conn: sa.Connection, *, now: datetime) -> int:
    """Delete the hours and days that are kept no longer; how many rows."""
    hours = sa.delete(call_hours).where(call_hours.c.hour < now - KEPT_HOURS)
    days = sa.delete(call_days).where(call_days.c.day < (now - KEPT_DAYS).date())
    return conn.execute(hours).rowcount + conn.execute(days).rowcount


def _sums(table: sa.Table) -> list[sa.ColumnElement[float]]:
    return [sa.func.sum(table.c[name]) for name in CallCount.__dataclass_fields__]


def _count(row: Sequence[float]) -> CallCount:
    *whole, seconds = row
    return CallCount(*(int(number) for number in whole), seconds=float(seconds))
