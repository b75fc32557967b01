"""Questions that people ask: which venues there are, how each connection's entities stand, what runs right now.

Read-only, and made for screens: one query per screen, however many venues there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync_core.spec.connection import ConnectionSettings
from sync_core.store.sync_tables import connections, cursors, dead_letters, pending, sync_log
from sync_core.store.venue_tables import customers, import_rejections, orders, products, venues
from sync_core.trouble import Category


@dataclass(frozen=True, slots=True)
class VenueLine:
    """A venue and how many records it has, deleted ones not counted."""

    id: str
    name: str
    city: str | None
    country: str | None
    currency: str
    active: bool
    customers: int
    products: int
    orders: int
    providers: tuple[str, ...]  # connected ones


@dataclass(frozen=True, slots=True)
class EntityLine:
    """How one entity of one connection stands. Times are None where it has not happened yet."""

    venue: str
    provider: str
    connection: str
    settings: ConnectionSettings
    entity: str
    last_status: str | None
    last_at: datetime | None
    last_error: str | None
    last_category: Category | None
    pending: int
    dead_letters: int
    pushed_up_to: datetime | None
    pulled_up_to: datetime | None


@dataclass(frozen=True, slots=True)
class RunLine:
    """What the syncs of some runs did to one entity of one provider; `counts` as in the report, summed over venues."""

    provider: str
    entity: str
    running: int
    succeeded: int
    failed: int
    counts: Mapping[str, int]
    api_calls: int
    seconds: float  # from the first start to the last finish of each run, added up


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of an imported file that did not become a record."""

    source: str
    row: int
    reason: str
    content: Mapping[str, Any]


def venue_names(conn: sa.Connection) -> list[str]:
    """The ids of the active venues, sorted."""
    return list(conn.scalars(sa.select(venues.c.id).where(venues.c.active).order_by(venues.c.id)))


def venue_currencies(conn: sa.Connection) -> dict[str, str]:
    """The currencies of the active venues by their ids, sorted."""
    found = conn.execute(sa.select(venues.c.id, venues.c.currency).where(venues.c.active).order_by(venues.c.id))
    return {row.id: row.currency for row in found}


def venue_exists(conn: sa.Connection, venue: str) -> bool:
    """Whether there is a venue of this id, active or not."""
    return conn.execute(sa.select(venues.c.id).where(venues.c.id == venue)).first() is not None


def venue_lines(conn: sa.Connection) -> list[VenueLine]:
    """Every venue, by id."""
    connected = (
        sa.select(
            connections.c.venue_id,
            sa.func.array_agg(sa.text("sync.connections.provider ORDER BY sync.connections.provider")).label(
                "providers"
            ),
        )
        .where(connections.c.status == "connected")
        .group_by(connections.c.venue_id)
        .subquery()
    )
    counted = [_per_venue(table) for table in (customers, products, orders)]
    query = sa.select(
        venues.c.id,
        venues.c.name,
        venues.c.city,
        venues.c.country,
        venues.c.currency,
        venues.c.active,
        *(sa.func.coalesce(counts.c.n, 0) for counts in counted),
        connected.c.providers,
    ).order_by(venues.c.id)
    source: sa.FromClause = venues.outerjoin(connected, connected.c.venue_id == venues.c.id)
    for counts in counted:
        source = source.outerjoin(counts, counts.c.venue_id == venues.c.id)
    return [
        VenueLine(*row[:-1], providers=tuple(row[-1] or ()))  # pyright: ignore[reportCallIssue] - as selected above
        for row in conn.execute(query.select_from(source))
    ]


def _per_venue(table: sa.Table) -> sa.Subquery:
    return (
        sa.select(table.c.venue_id, sa.func.count().label("n"))
        .where(table.c.deleted_at.is_(None))
        .group_by(table.c.venue_id)
        .subquery()
    )


def entity_lines(conn: sa.Connection, *, venue: str | None = None) -> list[EntityLine]:
    """Every entity of every connection (or of one venue's) that was synced at least once, and connections that never were."""
    latest = (
        sa.select(sync_log)
        .distinct(sync_log.c.connection_id, sync_log.c.entity)
        .order_by(sync_log.c.connection_id, sync_log.c.entity, sync_log.c.started_at.desc())
        .subquery()
    )
    query = (
        sa.select(
            connections.c.venue_id,
            connections.c.provider,
            connections.c.status,
            connections.c.settings,
            sa.func.coalesce(latest.c.entity, "-"),
            latest.c.status,
            sa.func.coalesce(latest.c.finished_at, latest.c.started_at),
            sa.func.coalesce(latest.c.error, connections.c.last_error),
            latest.c.category,
            _count(pending, latest),
            _count(dead_letters, latest, dead_letters.c.status == "open"),
            _moved(latest, "push"),
            _moved(latest, "pull"),
        )
        .select_from(connections.outerjoin(latest, latest.c.connection_id == connections.c.id))
        .order_by(connections.c.venue_id, connections.c.provider, latest.c.entity)
    )
    if venue is not None:
        query = query.where(connections.c.venue_id == venue)
    return [
        EntityLine(*row[:3], ConnectionSettings.model_validate(row[3]), *row[4:])  # pyright: ignore[reportCallIssue] - as selected
        for row in conn.execute(query)
    ]


def _count(table: sa.Table, latest: sa.Subquery, *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    same = (table.c.connection_id == latest.c.connection_id, table.c.entity == latest.c.entity)
    return sa.select(sa.func.count()).select_from(table).where(*same, *conditions).scalar_subquery()


def _moved(latest: sa.Subquery, direction: str) -> sa.ScalarSelect[datetime]:
    same = (cursors.c.connection_id == latest.c.connection_id, cursors.c.entity == latest.c.entity)
    return sa.select(cursors.c.moved_at).where(*same, cursors.c.direction == direction).scalar_subquery()


def run_lines(conn: sa.Connection, run_ids: Sequence[str]) -> list[RunLine]:
    """What these runs have done so far, by provider and entity, in the order they began."""
    query = (
        sa.select(
            connections.c.provider,
            sync_log.c.entity,
            sync_log.c.run_id,
            sync_log.c.status,
            sync_log.c.counts,
            sync_log.c.api_calls,
            sync_log.c.started_at,
            sa.func.coalesce(sync_log.c.finished_at, sa.func.now()).label("ended_at"),
        )
        .select_from(sync_log.join(connections))
        .where(sync_log.c.run_id == sa.any_(sa.bindparam("runs", list(run_ids), sa.ARRAY(sa.Text))))
        .order_by(sync_log.c.started_at, sync_log.c.id)
    )
    groups: dict[tuple[str, str], list[sa.Row[Any]]] = {}
    for row in conn.execute(query):
        groups.setdefault((row.provider, row.entity), []).append(row)
    return [_run_line(provider, entity, rows) for (provider, entity), rows in groups.items()]


def _run_line(provider: str, entity: str, rows: Sequence[sa.Row[Any]]) -> RunLine:
    counts: dict[str, int] = {}
    for row in rows:
        for name, number in row.counts.items():
            counts[name] = counts.get(name, 0) + number
    states = [row.status for row in rows]
    return RunLine(
        provider=provider,
        entity=entity,
        running=states.count("running"),
        succeeded=states.count("succeeded"),
        failed=states.count("failed"),
        counts=counts,
        api_calls=sum(row.api_calls for row in rows),
        seconds=sum(_span([row for row in rows if row.run_id == run]) for run in {row.run_id for row in rows}),
    )


def _span(rows: Sequence[sa.Row[Any]]) -> float:
    return (max(row.ended_at for row in rows) - min(row.started_at for row in rows)).total_seconds()


def rejection_counts(conn: sa.Connection) -> dict[tuple[str, str], int]:
    """How many rows of each source were rejected for which reason, most first."""
    n = sa.func.count()
    query = (
        sa.select(import_rejections.c.source, import_rejections.c.reason, n)
        .group_by(import_rejections.c.source, import_rejections.c.reason)
        .order_by(n.desc(), import_rejections.c.source, import_rejections.c.reason)
    )
    return {(source, reason): count for source, reason, count in conn.execute(query)}


def rejected_rows(conn: sa.Connection, *, source: str | None = None, limit: int = 100) -> list[RejectedRow]:
    """The first rejected rows, of one source or of all."""
    table = import_rejections
    query = sa.select(table.c.source, table.c.row, table.c.reason, table.c.content).order_by(
        table.c.source, table.c.row
    )
    if source is not None:
        query = query.where(table.c.source == source)
    return [RejectedRow(*row) for row in conn.execute(query.limit(limit))]
