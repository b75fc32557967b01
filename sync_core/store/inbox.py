"""The inbox: verified events, each kept once, until it is known what became of it.

`received` and `failed` events wait; `applied`, `skipped` and `dead` ones are done. An event whose account no connected
venue has is parked: it waits without being due until such a connection appears.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from sync_core.store.connections import COLUMNS, IS_ON, Connection, connection_of
from sync_core.store.inbox_tables import ACCOUNT_OF_EVENTS, webhook_events
from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import TIMESTAMP
from sync_core.webhooks.event import Event

Status = Literal["received", "applied", "skipped", "failed", "dead"]

Source = tuple[str, str, str]
"""Provider, address and account of an event: whose events may crowd out whose."""

CHANNEL = "venue_sync_inbox"
APP = "app"
RETRIES = 5
FIRST_RETRY = timedelta(seconds=2)
"""Then four times as long after each attempt: 2 s, 8 s, 32 s, 128 s, 512 s."""
OUTAGE_AT_MOST = timedelta(days=3)
"""So long after it came an event is not given up because its provider is away."""
_WAITING = webhook_events.c.status.in_(["received", "failed"])
_NEVER = sa.text("'infinity'::timestamptz")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event and where it came in: at the application's address, or at that of one connection."""

    provider: str
    event: Event
    connection_id: int | None = None
    traceparent: str | None = None  # of the request that brought it

    @property
    def address(self) -> str:
        """The address as the inbox knows it."""
        return APP if self.connection_id is None else f"connection/{self.connection_id}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is to be applied, and its owners: connected venues with the event's account."""

    id: int
    provider: str
    type: str
    source: Source
    object_id: str | None
    occurred_at: datetime | None
    received_at: datetime
    attempts: int
    traceparent: str | None
    owners: tuple[Connection, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """An event as people see it; the payload stays in the table."""

    id: int
    provider: str
    event_id: str
    type: str
    account_id: str | None
    object_type: str | None
    object_id: str | None
    status: Status
    attempts: int
    reason: str | None
    occurred_at: datetime | None
    received_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Depth:
    """How many events of one provider stand in one status; `oldest` is when the first of them came."""

    provider: str
    status: Status
    events: int
    oldest: datetime


def store(conn: sa.Connection, arrivals: Sequence[Arrival]) -> int:
    """Keep these events; how many were new. Whoever drains the inbox is notified when the transaction commits.

    An event that is there already is dropped, with one exception: where its id is derived, it may be another change in
    the same second, so it is opened again. To read an object once too often does no harm.
    """
    if not arrivals:
        return 0
    rows = orjson.dumps([_row(arrival) for arrival in arrivals]).decode()
    new = conn.execute(_INSERT, {"rows": rows}).scalar_one()
    if any(arrival.event.derived_id for arrival in arrivals) and new < len(arrivals):
        conn.execute(_REOPEN, {"rows": rows})
        conn.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
    return new


def due(
    conn: sa.Connection, *, limit: int, besides: Collection[int] = (), spared: Collection[Source] = ()
) -> list[Waiting]:
    """Events to be applied now, longest waiting first, each with its owners.

    Without those whose ids are in `besides`, and without all that came from one of the sources in `spared`.
    """
    query = (
        sa.select(webhook_events)
        .where(_WAITING, webhook_events.c.next_at <= sa.func.now())
        .order_by(webhook_events.c.next_at, webhook_events.c.id)
        .limit(limit)
    )
    if besides:
        query = query.where(
            webhook_events.c.id != sa.all_(sa.bindparam("besides", list(besides), sa.ARRAY(sa.BigInteger)))
        )
    if spared:
        whose = (webhook_events.c.provider, webhook_events.c.address, sa.func.coalesce(webhook_events.c.account_id, ""))
        query = query.where(sa.tuple_(*whose).not_in(list(spared)))
    found = conn.execute(query).all()
    owners = _owners(conn, [row.id for row in found])
    return [
        Waiting(
            id=row.id,
            provider=row.provider,
            type=row.type,
            source=(row.provider, row.address, row.account_id or ""),
            object_id=row.object_id,
            occurred_at=row.occurred_at,
            received_at=row.received_at,
            attempts=row.attempts,
            traceparent=row.traceparent,
            owners=tuple(owners.get(row.id, ())),
        )
        for row in found
    ]


def applied(conn: sa.Connection, events: Sequence[Waiting]) -> None:
    """These events are in the venue's tables."""
    _finish(conn, events, status="applied", reason=None)


def skipped(conn: sa.Connection, events: Sequence[Waiting], *, reason: str) -> None:
    """Nothing that is kept in step is concerned by these events."""
    _finish(conn, events, status="skipped", reason=reason)


def failed(conn: sa.Connection, events: Sequence[Waiting], *, reason: str, outage: bool = False) -> list[int]:
    """These could not be applied: to be tried again, at most five times; the ids of those that are dead now.

    In an `outage` of the provider, which is no event's fault, they are tried for `OUTAGE_AT_MOST`, each nine minutes;
    but one is not excused when others of its account, which came with it, went through.
    """
    e, other = webhook_events.c, webhook_events.alias("other")
    others = sa.exists().where(
        other.c.provider == e.provider,
        other.c.account_id == e.account_id,
        other.c.status == "applied",
        other.c.finished_at > e.received_at,
    )
    excused = sa.and_(sa.literal(outage), e.received_at > sa.func.now() - OUTAGE_AT_MOST, sa.not_(others))
    spent = sa.and_(e.attempts >= RETRIES, sa.not_(excused))
    power = sa.func.power(4, sa.func.least(e.attempts, RETRIES - 1))
    pause = FIRST_RETRY.total_seconds() * power * sa.text("interval '1 second'")
    update = _seen(events).values(
        status=sa.case((spent, "dead"), else_="failed"),
        attempts=sa.case((excused, sa.func.least(e.attempts + 1, RETRIES - 1)), else_=e.attempts + 1),
        next_at=sa.func.now() + pause,
        reason=reason,
        finished_at=sa.case((spent, sa.func.now()), else_=None),
    )
    done = conn.execute(update.returning(webhook_events.c.id, webhook_events.c.status))
    return sorted(row.id for row in done if row.status == "dead")


def postpone(conn: sa.Connection, events: Sequence[Waiting], *, delay: timedelta) -> None:
    """These could not be begun (a sync of the same was running): tried again after `delay`, without counting."""
    conn.execute(_seen(events).values(next_at=sa.func.now() + delay))


def park(conn: sa.Connection, events: Sequence[Waiting], *, reason: str) -> None:
    """Nobody who is connected owns these; they wait until `wake` finds somebody."""
    conn.execute(_seen(events).values(next_at=_NEVER, reason=reason))


def wake(conn: sa.Connection) -> int:
    """Make parked events due whose owner is connected by now; how many."""
    parked = sa.select(webhook_events.c.id).where(_WAITING, webhook_events.c.next_at == _NEVER)
    owned = parked.where(_owned().exists()).scalar_subquery()
    return conn.execute(
        sa.update(webhook_events).where(webhook_events.c.id.in_(owned)).values(next_at=sa.func.now(), reason=None)
    ).rowcount


def backlog(conn: sa.Connection) -> int:
    """How many events could be applied now."""
    query = sa.select(sa.func.count()).where(_WAITING, webhook_events.c.next_at <= sa.func.now())
    return conn.execute(query).scalar_one()


def next_due(conn: sa.Connection) -> datetime | None:
    """When the next event that waits is due, None when none ever will be by itself."""
    query = sa.select(sa.func.min(webhook_events.c.next_at)).where(_WAITING, webhook_events.c.next_at < _NEVER)
    return conn.execute(query).scalar_one()


def retry(conn: sa.Connection, ids: Sequence[int]) -> int:
    """Apply these anew, with all their attempts, whatever became of them; how many there were."""
    values = {"status": "received", "attempts": 0, "next_at": sa.func.now(), "reason": None, "finished_at": None}
    mine = webhook_events.c.id == sa.any_(sa.bindparam("ids", list(ids), sa.ARRAY(sa.BigInteger)))
    done = conn.execute(sa.update(webhook_events).where(mine).values(**values)).rowcount
    if done:
        conn.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))
    return done


def settle_dead(conn: sa.Connection, connection: Connection, object_ids: Sequence[str | None]) -> int:
    """What dead events of this connection told of these objects was read after all (None: events without one); how many."""
    if not object_ids:
        return 0
    names = [one for one in object_ids if one is not None]
    told = webhook_events.c.object_id == sa.any_(sa.bindparam("names", names, sa.ARRAY(sa.Text)))
    about = sa.or_(told, webhook_events.c.object_id.is_(None)) if None in object_ids else told
    mine = _belongs().where(connections.c.id == connection.id).exists()
    dead = (webhook_events.c.status == "dead", webhook_events.c.provider == connection.provider)
    values = {"status": "applied", "reason": None, "finished_at": sa.func.now()}
    return conn.execute(sa.update(webhook_events).where(*dead, about, mine).values(**values)).rowcount


def forget_done(conn: sa.Connection, *, before: datetime) -> int:
    """Delete events that were applied or skipped before that moment; how many. What waits or is dead stays.

    No provider repeats an event after so long that its id would have to be known still.
    """
    done = webhook_events.c.status.in_(["applied", "skipped"])
    return conn.execute(sa.delete(webhook_events).where(done, webhook_events.c.finished_at < before)).rowcount


def find(conn: sa.Connection, event_id: int) -> tuple[Line, Mapping[str, Any]] | None:
    """One event with its payload, None when there is none with this id."""
    found = conn.execute(sa.select(*_LINE, webhook_events.c.payload).where(webhook_events.c.id == event_id)).first()
    return None if found is None else (Line(*found[:-1]), found.payload)


def inspect(
    conn: sa.Connection,
    *,
    connection: Connection | None = None,
    provider: str | None = None,
    statuses: Sequence[Status] = (),
    limit: int = 100,
    offset: int = 0,
) -> list[Line]:
    """Events as people see them, the newest first; with `connection`, those of its account alone."""
    query = sa.select(*_LINE).order_by(webhook_events.c.id.desc()).limit(limit).offset(offset)
    if connection is not None:
        query = query.where(_belongs().where(connections.c.id == connection.id).exists())
    if provider is not None:
        query = query.where(webhook_events.c.provider == provider)
    if statuses:
        query = query.where(webhook_events.c.status.in_(list(statuses)))
    return [Line(*row) for row in conn.execute(query)]


def is_of(conn: sa.Connection, event_id: int, *, venue: str) -> bool:
    """Whether an event is of an account of this venue."""
    mine = _belongs().where(connections.c.venue_id == venue).exists()
    return (
        conn.execute(
            sa.select(sa.literal(1)).select_from(webhook_events).where(webhook_events.c.id == event_id, mine)
        ).first()
        is not None
    )


def depth(conn: sa.Connection) -> list[Depth]:
    """How many events stand in which status, by provider."""
    by = (webhook_events.c.provider, webhook_events.c.status)
    query = sa.select(*by, sa.func.count(), sa.func.min(webhook_events.c.received_at)).group_by(*by).order_by(*by)
    return [Depth(*row) for row in conn.execute(query)]


_LINE = tuple(webhook_events.c[name] for name in Line.__dataclass_fields__)
_COLUMNS = (
    "provider text, address text, event_id text, type text, account_id text, object_type text, object_id text, "
    "occurred_at timestamptz, payload jsonb, connection_id bigint, traceparent text, derived boolean"
)
_KEPT = (
    "provider, address, event_id, type, account_id, object_type, object_id, occurred_at, payload, connection_id, "
    "traceparent"
)
# One statement, because a round trip counts where many small groups are stored.
_INSERT = sa.text(
    f"WITH new AS (INSERT INTO sync.webhook_events ({_KEPT}) SELECT {_KEPT} "  # noqa: S608 - constants
    f"FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given({_COLUMNS}) "
    "ON CONFLICT (provider, address, event_id) DO NOTHING RETURNING id) "
    f"SELECT n, CASE WHEN n > 0 THEN pg_notify('{CHANNEL}', '') END FROM (SELECT count(*) AS n FROM new) AS counted"
)
_REOPEN = sa.text(
    "UPDATE sync.webhook_events AS e SET status = 'received', attempts = 0, next_at = now(), reason = NULL, "  # noqa: S608 - constants
    "received_at = clock_timestamp(), finished_at = NULL, traceparent = given.traceparent "
    f"FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given({_COLUMNS}) "
    "WHERE given.derived AND e.provider = given.provider AND e.address = given.address AND e.event_id = given.event_id"
)


def _row(arrival: Arrival) -> dict[str, Any]:
    event = arrival.event
    return {
        "provider": arrival.provider,
        "address": arrival.address,
        "event_id": event.id,
        "type": event.type,
        "account_id": event.account_id,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "occurred_at": event.occurred_at,
        "payload": event.payload,
        "connection_id": arrival.connection_id,
        "traceparent": arrival.traceparent,
        "derived": event.derived_id,
    }


def _belongs(*columns: Any) -> sa.Select[Any]:
    """The connections that an event is of: the one whose address it came to, else all with the event's account."""
    e = webhook_events.c
    by_account = sa.and_(e.connection_id.is_(None), e.account_id == ACCOUNT_OF_EVENTS)
    return sa.select(*(columns or (sa.literal(1),))).where(
        connections.c.provider == e.provider, sa.or_(connections.c.id == e.connection_id, by_account)
    )


def _owned(*columns: Any) -> sa.Select[Any]:
    """Those of them that are connected and not switched off: the ones it can be applied to."""
    return _belongs(*columns).where(connections.c.status == "connected", IS_ON)


def _owners(conn: sa.Connection, ids: Sequence[int]) -> dict[int, list[Connection]]:
    if not ids:
        return {}
    query = _owned(webhook_events.c.id.label("event"), *COLUMNS).where(webhook_events.c.id.in_(list(ids)))
    found: dict[int, list[Connection]] = {}
    for row in conn.execute(query.order_by(webhook_events.c.id, connections.c.id)):
        found.setdefault(row[0], []).append(connection_of(row[1:]))
    return found


def _seen(events: Sequence[Waiting]) -> sa.Update:
    """These events, unless the same was told again after they were taken up: then there is more to apply.

    Nor if somebody else settled them meanwhile: a process that lost its database connection lost the lock, too.
    """
    ids = sa.bindparam("ids", [event.id for event in events], sa.ARRAY(sa.BigInteger))
    times = sa.bindparam("times", [event.received_at for event in events], sa.ARRAY(TIMESTAMP))
    taken = sa.func.unnest(ids, times).table_valued("id", "at").render_derived(name="taken")
    return sa.update(webhook_events).where(
        webhook_events.c.id == taken.c.id, webhook_events.c.received_at == taken.c.at, _WAITING
    )


def _finish(conn: sa.Connection, events: Sequence[Waiting], *, status: Status, reason: str | None) -> None:
    values = {"status": status, "reason": reason, "finished_at": sa.func.now()}
    conn.execute(_seen(events).values(**values, attempts=webhook_events.c.attempts + 1))
