"""The queue: syncs that somebody asked for, by urgency, fair between venues, none forgotten.

An item is `queued` until a worker claims it, `running` until that worker says how it ended, then `succeeded`, `dead`
(it failed five times, or cannot succeed) or `cancelled`. A worker that dies leaves a running item behind, which
`recover_stale` puts back.

Every function works in the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.errors import ConfigurationError
from sync_core.store.inbox_tables import work
from sync_core.store.sync_tables import connections

Priority = Literal["critical", "high", "normal", "low"]
Status = Literal["queued", "running", "succeeded", "dead", "cancelled"]
Mode = Literal["incremental", "full", "since"]
Needs = Sequence[tuple[str, str, str]]

PRIORITIES: tuple[Priority, ...] = ("critical", "high", "normal", "low")
CHANNEL = "venue_sync_work"
MOST_ATTEMPTS = 5
FIRST_RETRY = timedelta(seconds=30)
AGEING = timedelta(minutes=5)
"""Waiting this long counts as much as one step of priority."""
STALE_AFTER = timedelta(minutes=30)
OUTAGE_AT_MOST = timedelta(days=3)
"""So long after it was asked for a sync is not given up because its provider is away."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One sync that is asked for: of which entity of which connection, how urgently, by whom.

    `requested_by` names a person, key or schedule for people to read.
    `request_id` is that of the HTTP request which asked: the sync goes by it in logs and at the provider. `traceparent`
    is its span, to which the sync's belongs.
    `since` goes with mode "since". An `idempotency_key` makes asking again for the same entity of the same connection
    answer with the item that is there.
    """

    connection_id: int
    entity: str
    mode: Mode
    priority: Priority
    requested_by: str
    since: datetime | None = None
    idempotency_key: str | None = None
    request_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the queue as people and workers see it."""

    id: int
    connection_id: int
    venue: str
    provider: str
    entity: str
    mode: Mode
    since: datetime | None
    priority: Priority
    requested_by: str
    idempotency_key: str | None
    request_id: str | None
    traceparent: str | None
    status: Status
    attempts: int
    not_before: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    stop_asked: bool
    progress: Mapping[str, Any]
    result: Mapping[str, Any]
    error: str | None
    requested_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Depth:
    """How many items of one priority stand in one status; `oldest` is when the first of them was asked for."""

    priority: Priority
    status: Status
    items: int
    oldest: datetime


# What somebody asked to stop does not begin again.
_AGAIN: Mapping[str, Any] = {
    "status": sa.case((work.c.stop_asked, "cancelled"), else_="queued"),
    "finished_at": sa.case((work.c.stop_asked, sa.func.now()), else_=None),
}


def enqueue(conn: sa.Connection, asked: Asked) -> tuple[Item, bool]:
    """Ask for a sync: the item, and whether it is new. Workers are notified when the transaction commits.

    Raises ConfigurationError when `since` does not go with the mode.
    """
    if (asked.mode == "since") != (asked.since is not None):
        raise ConfigurationError(f"Mode {asked.mode!r} and 'since' do not go together: give 'since' with mode 'since'.")
    insert = pg.insert(work).values({name: getattr(asked, name) for name in Asked.__dataclass_fields__})
    made = conn.execute(
        insert.on_conflict_do_nothing(index_elements=["connection_id", "entity", "idempotency_key"]).returning(
            work.c.id
        )
    ).scalar_one_or_none()
    if made is not None:
        conn.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
        return _items(conn, work.c.id == made)[0], True
    same = [getattr(work.c, name) == getattr(asked, name) for name in ("connection_id", "entity", "idempotency_key")]
    return _items(conn, *same)[0], False


def waits(conn: sa.Connection, asked: Asked) -> bool:
    """Whether a sync of the same entity waits as urgently already, which will do what is asked for.

    It is held until the transaction ends, so that no worker begins it before that.
    """
    urgent = PRIORITIES[: PRIORITIES.index(asked.priority) + 1]
    same = (work.c.connection_id == asked.connection_id, work.c.entity == asked.entity, work.c.priority.in_(urgent))
    begins = (work.c.status == "queued", work.c.not_before <= sa.func.now(), sa.not_(work.c.stop_asked))
    query = sa.select(work.c.id).where(*same, *begins).limit(1).with_for_update(skip_locked=True)
    return conn.execute(query).first() is not None


def claim(
    conn: sa.Connection,
    *,
    worker: str,
    limit: int = 1,
    needs: Needs = (),
    most_of_one: int | None = None,
    only: Sequence[int] | None = None,
    besides: Sequence[int] = (),
) -> list[Item]:
    """Take up to `limit` items to work on, most urgent first.

    Urgency is the priority, raised by a step for every five minutes of waiting up to "critical", so that nothing
    starves. Among equally urgent ones each venue has its turn: a venue's second item (running ones count) comes after
    every other venue's first. Never two of one connection and entity at a time, and none before an earlier asked one
    of an entity of the same connection that it needs: `needs` are (provider, entity, needed entity). No more than
    `most_of_one` of a connection run at a time, in all processes, so that one whose provider hangs leaves workers free.
    Of the connections `only` these, where they are given, and none of those `besides`.
    """
    # Claims come one after the other: two at once could each take an item of the same connection and entity.
    conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('venue-sync:claim', 0))"))
    asked = {"worker": worker, "most": limit, "needs": _encoded(needs), "most_of_one": most_of_one}
    asked |= {"only": None if only is None else list(only), "besides": list(besides)}
    ids = list(conn.execute(_CLAIM, asked).scalars())
    order = {item_id: place for place, item_id in enumerate(ids)}
    return sorted(_items(conn, work.c.id.in_(ids)), key=lambda item: order[item.id]) if ids else []


def progress(conn: sa.Connection, item_id: int, *, worker: str, said: Mapping[str, Any]) -> bool:
    """Note where a running item is, which is also a sign of life; whether its worker should stop."""
    update = sa.update(work).where(*_held(item_id, worker)).values(progress=dict(said), seen_at=sa.func.now())
    stop = conn.execute(update.returning(work.c.stop_asked)).scalar_one_or_none()
    return True if stop is None else stop  # None: somebody else has it by now


def alive(conn: sa.Connection, *, worker: str) -> None:
    """A sign of life for everything that `worker` has in hand."""
    conn.execute(
        sa.update(work).where(work.c.status == "running", work.c.claimed_by == worker).values(seen_at=sa.func.now())
    )


def finish(conn: sa.Connection, item_id: int, *, worker: str, result: Mapping[str, Any]) -> bool:
    """It went well. False when `worker` does not hold the item any more: then nothing is changed."""
    values = {"status": "succeeded", "result": dict(result), "error": None, "finished_at": sa.func.now()}
    return conn.execute(sa.update(work).where(*_held(item_id, worker)).values(**values)).rowcount == 1


def fail(
    conn: sa.Connection,
    item_id: int,
    *,
    worker: str,
    reason: str,
    result: Mapping[str, Any] | None = None,
    outage: bool = False,
) -> Status | None:
    """It went wrong: queued again after 30 s, doubling with each attempt, and dead after the fifth.

    In an `outage` of the provider, which is not its fault, it is tried for `OUTAGE_AT_MOST`, each eight minutes.
    Returns the status it has now, None when `worker` does not hold it any more.
    """
    excused = sa.and_(sa.literal(outage), work.c.requested_at > sa.func.now() - OUTAGE_AT_MOST)
    spent = sa.and_(work.c.attempts >= MOST_ATTEMPTS, sa.not_(excused))
    pause = FIRST_RETRY.total_seconds() * sa.func.power(2, work.c.attempts - 1) * sa.text("interval '1 second'")
    values = {
        "status": sa.case((work.c.stop_asked, "cancelled"), (spent, "dead"), else_="queued"),
        "not_before": sa.func.now() + pause,
        "attempts": sa.case((excused, sa.func.least(work.c.attempts, MOST_ATTEMPTS - 1)), else_=work.c.attempts),
        "finished_at": sa.case((sa.or_(spent, work.c.stop_asked), sa.func.now()), else_=None),
        "error": reason,
        "result": dict(result or {}),
    }
    update = sa.update(work).where(*_held(item_id, worker)).values(**values).returning(work.c.status)
    return conn.execute(update).scalar_one_or_none()


def release(conn: sa.Connection, *, worker: str, besides: Sequence[int] = ()) -> int:
    """`worker` does not finish what it has in hand, `besides` these: queued again, the attempts do not count; how many."""
    values = {**_AGAIN, "attempts": work.c.attempts - 1, "not_before": sa.func.now()}
    mine = (work.c.status == "running", work.c.claimed_by == worker, work.c.id.not_in(list(besides)))
    return conn.execute(sa.update(work).where(*mine).values(**values)).rowcount


def give_up(conn: sa.Connection, item_id: int, *, worker: str, reason: str) -> bool:
    """It cannot succeed, so trying again is of no use: dead at once."""
    values = {"status": "dead", "error": reason, "finished_at": sa.func.now()}
    return conn.execute(sa.update(work).where(*_held(item_id, worker)).values(**values)).rowcount == 1


def postpone(conn: sa.Connection, item_id: int, *, worker: str, delay: timedelta) -> bool:
    """It could not begin (another sync of the same was running): queued again, the attempt does not count."""
    values = {**_AGAIN, "attempts": work.c.attempts - 1, "not_before": sa.func.now() + delay}
    return conn.execute(sa.update(work).where(*_held(item_id, worker)).values(**values)).rowcount == 1


def requeue(conn: sa.Connection, ids: Sequence[int]) -> int:
    """Try dead or cancelled items anew, with all their attempts; how many there were."""
    values = {
        "status": "queued",
        "attempts": 0,
        "not_before": sa.func.now(),
        "stop_asked": False,
        "error": None,
        "finished_at": None,
    }
    done = conn.execute(
        sa.update(work).where(work.c.id.in_(list(ids)), work.c.status.in_(["dead", "cancelled"])).values(**values)
    ).rowcount
    if done:
        conn.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
    return done


def clear(conn: sa.Connection, *, connection_ids: Sequence[int] | None = None, entity: str | None = None) -> int:
    """Cancel what is queued, of these connections or of all; how many items. What runs goes on."""
    chosen = _chosen(connection_ids, entity)
    values = {"status": "cancelled", "finished_at": sa.func.now()}
    return conn.execute(sa.update(work).where(work.c.status == "queued", *chosen).values(**values)).rowcount


def stop(conn: sa.Connection, *, connection_ids: Sequence[int], entity: str | None = None) -> int:
    """Ask the workers of these connections' running items to stop; how many were asked.

    A sync stops between two pages or chunks: what it has settled stays.
    """
    chosen = _chosen(connection_ids, entity)
    return conn.execute(sa.update(work).where(work.c.status == "running", *chosen).values(stop_asked=True)).rowcount


def forget_finished(conn: sa.Connection, *, before: datetime) -> int:
    """Delete items that succeeded, died or were cancelled before that moment; how many. The sync log keeps what they did."""
    ended = work.c.status.in_(["succeeded", "dead", "cancelled"])
    return conn.execute(sa.delete(work).where(ended, work.c.finished_at < before)).rowcount


def find(conn: sa.Connection, item_id: int) -> Item | None:
    """One item, None when there is none of this id."""
    found = _items(conn, work.c.id == item_id)
    return found[0] if found else None


def inspect(
    conn: sa.Connection,
    *,
    venue: str | None = None,
    provider: str | None = None,
    status: Status | None = None,
    connection_ids: Sequence[int] | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Item]:
    """Items as people see them, the newest first."""
    chosen = _chosen(connection_ids, None)
    if venue is not None:
        chosen.append(connections.c.venue_id == venue)
    if provider is not None:
        chosen.append(connections.c.provider == provider)
    if status is not None:
        chosen.append(work.c.status == status)
    return _items(conn, *chosen, limit=limit, offset=offset)


def depth(conn: sa.Connection) -> list[Depth]:
    """How many items stand in which status, by priority."""
    query = (
        sa.select(work.c.priority, work.c.status, sa.func.count(), sa.func.min(work.c.requested_at))
        .group_by(work.c.priority, work.c.status)
        .order_by(work.c.priority, work.c.status)
    )
    return [Depth(*row) for row in conn.execute(query)]


def due(conn: sa.Connection) -> int:
    """How many items wait that a worker could begin now."""
    query = sa.select(sa.func.count()).where(work.c.status == "queued", work.c.not_before <= sa.func.now())
    return conn.execute(query).scalar_one()


def recover_stale(conn: sa.Connection, *, after: timedelta = STALE_AFTER) -> list[int]:
    """Put back items whose worker has shown no sign of life for `after`; dead if that was the fifth attempt. Their ids."""
    spent = work.c.attempts >= MOST_ATTEMPTS
    values = {
        "status": sa.case((work.c.stop_asked, "cancelled"), (spent, "dead"), else_="queued"),
        "error": sa.func.concat("Its worker ", work.c.claimed_by, " went silent."),
        "not_before": sa.func.now(),
        "finished_at": sa.case((sa.or_(spent, work.c.stop_asked), sa.func.now()), else_=None),
    }
    silent = sa.func.coalesce(work.c.seen_at, work.c.claimed_at) < sa.func.now() - after
    update = sa.update(work).where(work.c.status == "running", silent).values(**values).returning(work.c.id)
    return sorted(conn.execute(update).scalars())


# The level is 0 for critical; a clock that was put back makes nobody less urgent. `turn` counts the venue's running items and its more urgent queued ones.
_CLAIM = sa.text(f"""
WITH needs AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:needs AS jsonb)) AS n(provider text, entity text, needed text)
), running AS (
    SELECT c.venue_id, count(*) AS n FROM sync.work AS w JOIN sync.connections AS c ON c.id = w.connection_id
    WHERE w.status = 'running' GROUP BY c.venue_id
), busy AS (
    SELECT connection_id, count(*) AS n FROM sync.work WHERE status = 'running' GROUP BY connection_id
), waiting AS (
    SELECT w.id, w.requested_at, c.venue_id, w.connection_id, w.entity,
        greatest(0, array_position(ARRAY['critical', 'high', 'normal', 'low'], w.priority) - 1
            - greatest(0, floor(extract(epoch FROM now() - w.requested_at) / {AGEING.total_seconds()}))) AS level
    FROM sync.work AS w JOIN sync.connections AS c ON c.id = w.connection_id
    WHERE w.status = 'queued' AND w.not_before <= now()
    AND (CAST(:only AS bigint[]) IS NULL OR w.connection_id = ANY(CAST(:only AS bigint[])))
    AND w.connection_id <> ALL(CAST(:besides AS bigint[])) AND NOT EXISTS (
        SELECT 1 FROM sync.work AS r
        WHERE r.status = 'running' AND r.connection_id = w.connection_id AND r.entity = w.entity)
    AND NOT EXISTS (
        SELECT 1 FROM sync.work AS o JOIN needs AS n ON n.needed = o.entity
        WHERE o.connection_id = w.connection_id AND o.id < w.id AND o.status IN ('queued', 'running')
        AND n.provider = c.provider AND n.entity = w.entity)
), alone AS (
    SELECT DISTINCT ON (connection_id, entity) * FROM waiting
    ORDER BY connection_id, entity, level, requested_at, id
), ranked AS (
    SELECT alone.*, coalesce(running.n, 0) + row_number() OVER (
        PARTITION BY alone.venue_id ORDER BY level, requested_at, id) AS turn,
        coalesce(busy.n, 0) + row_number() OVER (
            PARTITION BY alone.connection_id ORDER BY level, requested_at, id) AS of_connection
    FROM alone LEFT JOIN running USING (venue_id) LEFT JOIN busy USING (connection_id)
), chosen AS MATERIALIZED (
    SELECT w.id, ranked.level, ranked.turn FROM ranked JOIN sync.work AS w ON w.id = ranked.id
    WHERE w.status = 'queued' AND (CAST(:most_of_one AS bigint) IS NULL OR ranked.of_connection <= :most_of_one)
    ORDER BY ranked.level, ranked.turn, ranked.requested_at, ranked.id
    LIMIT :most FOR UPDATE OF w SKIP LOCKED
), taken AS (
    UPDATE sync.work AS w SET status = 'running', attempts = w.attempts + 1, claimed_by = :worker,
        claimed_at = now(), seen_at = now(), progress = '{{}}'
    FROM chosen WHERE w.id = chosen.id
    RETURNING w.id, chosen.level, chosen.turn, w.requested_at
)
SELECT id FROM taken ORDER BY level, turn, requested_at, id
""")  # noqa: S608 - the one number in it is a constant


def _encoded(needs: Needs) -> str:
    rows = [{"provider": provider, "entity": entity, "needed": needed} for provider, entity, needed in needs]
    return orjson.dumps(rows).decode()


def _held(item_id: int, worker: str) -> tuple[sa.ColumnElement[bool], ...]:
    return work.c.id == item_id, work.c.status == "running", work.c.claimed_by == worker


def _chosen(connection_ids: Sequence[int] | None, entity: str | None) -> list[sa.ColumnElement[bool]]:
    chosen: list[sa.ColumnElement[bool]] = []
    if connection_ids is not None:
        chosen.append(work.c.connection_id.in_(list(connection_ids)))
    if entity is not None:
        chosen.append(work.c.entity == entity)
    return chosen


_NAMES = tuple(name for name in Item.__dataclass_fields__ if name not in ("venue", "provider"))


def _items(conn: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int = 1000, offset: int = 0) -> list[Item]:
    query = (
        sa.select(*(work.c[name] for name in _NAMES), connections.c.venue_id.label("venue"), connections.c.provider)
        .select_from(work.join(connections))
        .where(*conditions)
        .order_by(work.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Item(**row) for row in conn.execute(query).mappings()]
