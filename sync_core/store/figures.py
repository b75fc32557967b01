"""Figures about connections, out of the sync log: how healthy one is, what was done when, and what it cost in calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from sync_core.http.calls import CallCount
from sync_core.store import call_counts
from sync_core.store.inbox_tables import work
from sync_core.store.sync_tables import connections, sync_log
from sync_core.trouble import Category

LONGEST_SYNC: Final = timedelta(days=1)
"""A sync that took longer does not count among those that ended lately."""
_SECONDS = sa.func.extract("epoch", sync_log.c.finished_at - sync_log.c.started_at)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a connection's finished syncs add up to. Means are in seconds, None where there is nothing to take one of.

    `call_seconds` is how long the provider took to answer, in whole hours of the last three days.
    """

    syncs: int = 0
    succeeded: int = 0
    failed: int = 0
    mean_seconds: float | None = None
    call_seconds: float | None = None
    api_calls: int = 0
    records_done: int = 0
    records_failed: int = 0
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None

    @property
    def success_rate(self) -> float | None:
        """The share of syncs that went well, in percent; rounded down, so that nothing reaches a bound by rounding."""
        return 10_000 * self.succeeded // self.syncs / 100 if self.syncs else None


def of_connections(conn: sa.Connection, ids: Collection[int], *, since: datetime) -> dict[int, Figures]:
    """The figures of these connections since then, by connection; when they last went well or ill is of all time."""
    known = recent(conn, since=since, ids=ids)
    log = sync_log.c
    query = (
        sa.select(
            log.connection_id,
            sa.func.max(log.finished_at).filter(log.status == "succeeded"),
            sa.func.max(log.finished_at).filter(log.status == "failed"),
        )
        .where(log.connection_id.in_(list(ids)), log.finished_at.is_not(None))
        .group_by(log.connection_id)
    )
    for connection_id, success_at, failure_at in conn.execute(query):
        figures = known.get(connection_id, Figures())
        known[connection_id] = replace(figures, last_success_at=success_at, last_failure_at=failure_at)
    return known


def recent(conn: sa.Connection, *, since: datetime, ids: Collection[int] | None = None) -> dict[int, Figures]:
    """The figures of these connections since then, or of all that had news: one reading of the last rows of the log."""
    log = sync_log.c
    seconds, calls = sa.func.sum(_SECONDS), sa.func.coalesce(sa.func.sum(log.api_calls), 0)
    query = (
        sa.select(
            log.connection_id,
            sa.func.count(),
            sa.func.count().filter(log.status == "succeeded"),
            sa.func.count().filter(log.status == "failed"),
            seconds / sa.func.count(),
            calls,
            sa.func.coalesce(_records(_DONE), 0),
            sa.func.coalesce(_records(_FAILED), 0),
        )
        .where(log.started_at >= since - LONGEST_SYNC, log.finished_at >= since)
        .group_by(log.connection_id)
    )
    if ids is not None:
        query = query.where(log.connection_id.in_(list(ids)))
    answered = call_counts.of_hours(conn, ids, since=since)
    found = {row[0]: _figures(row[1:], answered.get(row[0])) for row in conn.execute(query)}
    return {number: Figures(call_seconds=_mean(count)) for number, count in answered.items()} | found


_DONE = ("created", "updated", "deleted", "pulled_created", "pulled_updated", "pulled_deleted")
_FAILED = ("failed", "pulled_failed")


def _records(names: Sequence[str]) -> Any:
    numbers = [sa.func.coalesce(sync_log.c.counts[name].as_integer(), 0) for name in names]
    return sa.func.sum(sum(numbers[1:], start=numbers[0]))


def _figures(row: Sequence[Any], answered: CallCount | None) -> Figures:
    syncs, succeeded, failed, mean, calls, done, bad = row
    return Figures(
        syncs=syncs,
        succeeded=succeeded,
        failed=failed,
        mean_seconds=None if mean is None else float(mean),
        call_seconds=None if answered is None else _mean(answered),
        api_calls=int(calls),
        records_done=int(done),
        records_failed=int(bad),
    )


def _mean(count: CallCount) -> float | None:
    return count.seconds / count.calls if count.calls else None


@dataclass(frozen=True, slots=True)
class Past:
    """One sync of the past, or one that is running."""

    id: int
    entity: str
    run_id: str
    mode: str
    status: str
    counts: Mapping[str, int]
    api_calls: int
    error: str | None
    category: Category | None
    started_at: datetime
    finished_at: datetime | None


def history(conn: sa.Connection, connection_id: int, *, limit: int, offset: int) -> list[Past]:
    """A connection's syncs, the latest first."""
    query = (
        sa.select(*(sync_log.c[name] for name in Past.__dataclass_fields__))
        .where(sync_log.c.connection_id == connection_id)
        .order_by(sync_log.c.started_at.desc(), sync_log.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Past(**row) for row in conn.execute(query).mappings()]


def waiting_work(conn: sa.Connection, ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How many items of the queue stand in which status, by connection."""
    query = (
        sa.select(work.c.connection_id, work.c.status, sa.func.count())
        .where(work.c.connection_id.in_(list(ids)))
        .group_by(work.c.connection_id, work.c.status)
    )
    found: dict[int, dict[str, int]] = {}
    for connection_id, status, items in conn.execute(query):
        found.setdefault(connection_id, {})[status] = items
    return found


@dataclass(frozen=True, slots=True)
class Usage:
    """How often one venue was synced with one provider in a span of time."""

    venue: str
    provider: str
    syncs: int


def usage(conn: sa.Connection, *, start: datetime, end: datetime) -> list[Usage]:
    """Every venue's use of every provider by syncs that started in [start, end)."""
    query = (
        sa.select(connections.c.venue_id, connections.c.provider, sa.func.count())
        .select_from(sync_log.join(connections))
        .where(sync_log.c.started_at >= start, sync_log.c.started_at < end)
        .group_by(connections.c.venue_id, connections.c.provider)
        .order_by(connections.c.venue_id, connections.c.provider)
    )
    return [Usage(venue, provider, syncs) for venue, provider, syncs in conn.execute(query)]


def connected_at(conn: sa.Connection, ids: Collection[int]) -> dict[int, datetime | None]:
    """When these connections were last connected, by connection."""
    query = sa.select(connections.c.id, connections.c.connected_at).where(connections.c.id.in_(list(ids)))
    return {row.id: row.connected_at for row in conn.execute(query)}


def moving(conn: sa.Connection, venue: str, *, since: datetime) -> list[tuple[str, Past]]:
    """A venue's syncs that run or have ended since then, each with its provider, in the order they began.

    One that says after a day that it runs was killed, and is left out.
    """
    alive = sa.and_(sync_log.c.status == "running", sync_log.c.started_at >= since - timedelta(days=1))
    ended = sa.or_(alive, sync_log.c.finished_at >= since)
    query = (
        sa.select(connections.c.provider, *(sync_log.c[name] for name in Past.__dataclass_fields__))
        .select_from(sync_log.join(connections))
        .where(connections.c.venue_id == venue, ended)
        .order_by(sync_log.c.started_at, sync_log.c.id)
        .limit(1000)
    )
    return [(row[0], Past(*row[1:])) for row in conn.execute(query)]
