"""Dead letters: records that need a person, each with its reason; resolved when the record goes through after all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.pending import later
from sync_core.store.sync_tables import connections, dead_letters
from sync_core.trouble import Category, trouble_of_code

Direction = Literal["push", "pull"]
WEBHOOK_DEAD = "webhook_dead"
"""The code of letters for what a webhook told of and could not be read."""
WHOLE = "*"
"""Stands for a record where a letter is about no object in particular: an event that named none."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A record that could not be synced: `record_id` is the local id on push, the remote id on pull.

    `category` says who must act next; None where the code, one of our own, says it.
    """

    record_id: str
    code: str
    reason: str
    category: Category | None = None


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """A dead letter as people see it."""

    id: int
    venue: str
    provider: str
    entity: str
    direction: Direction
    record_id: str
    code: str
    category: Category
    reason: str
    attempts: int
    first_at: datetime
    last_at: datetime


def post(
    conn: sa.Connection, connection_id: int, entity: str, *, direction: Direction, letters: Sequence[Letter]
) -> None:
    """Open a dead letter per record, or count another attempt on the one that is there.

    What was refused on pull is due at the next sync, then after five minutes and longer (`due_on_pull`).
    A record that had gone through, or whose letter was discarded, fails for the first time again.
    """
    if not letters:
        return
    insert = pg.insert(dead_letters)
    # What this very transaction resolved was only looked at again: it has failed all the time.
    still = sa.or_(
        dead_letters.c.status == "open",
        sa.and_(dead_letters.c.status == "resolved", dead_letters.c.last_at == sa.func.now()),
    )
    conn.execute(
        insert.on_conflict_do_update(
            index_elements=["connection_id", "entity", "direction", "record_id"],
            set_={
                "code": insert.excluded.code,
                "category": insert.excluded.category,
                "reason": insert.excluded.reason,
                "status": "open",
                "attempts": sa.case((still, dead_letters.c.attempts + 1), else_=1),
                "first_at": sa.case((still, dead_letters.c.first_at), else_=sa.func.now()),
                "last_at": sa.func.now(),
                "due_at": sa.case((still, later(dead_letters.c.attempts)), else_=sa.func.now()),
            },
        ),
        [
            {
                "connection_id": connection_id,
                "entity": entity,
                "direction": direction,
                "record_id": letter.record_id,
                "code": letter.code,
                "category": letter.category or trouble_of_code(None, letter.code).category,
                "reason": letter.reason,
            }
            for letter in letters
        ],
    )


def resolve(conn: sa.Connection, connection_id: int, entity: str, *, direction: Direction, ids: Sequence[str]) -> None:
    """These records went through: their open letters are resolved."""
    conn.execute(
        sa.update(dead_letters)
        .where(
            dead_letters.c.connection_id == connection_id,
            dead_letters.c.entity == entity,
            dead_letters.c.direction == direction,
            dead_letters.c.status == "open",
            dead_letters.c.record_id == sa.any_(sa.bindparam("ids", list(ids), sa.ARRAY(sa.Text))),
        )
        .values(status="resolved", last_at=sa.func.now())
    )


def of_code(conn: sa.Connection, connection_id: int, entity: str, *, code: str) -> dict[str, datetime]:
    """The records with an open letter of this code on push, by local id, and since when."""
    query = sa.select(dead_letters.c.record_id, dead_letters.c.first_at).where(
        dead_letters.c.connection_id == connection_id,
        dead_letters.c.entity == entity,
        dead_letters.c.direction == "push",
        dead_letters.c.status == "open",
        dead_letters.c.code == code,
    )
    return {row.record_id: row.first_at for row in conn.execute(query)}


def due_on_pull(conn: sa.Connection, connection_id: int, entity: str, *, limit: int) -> list[str]:
    """Remote ids of refused objects that it is time to ask for again, the longest waiting first."""
    query = (
        sa.select(dead_letters.c.record_id)
        .where(
            dead_letters.c.connection_id == connection_id,
            dead_letters.c.entity == entity,
            dead_letters.c.direction == "pull",
            dead_letters.c.status == "open",
            dead_letters.c.due_at <= sa.func.now(),
        )
        .order_by(dead_letters.c.due_at, dead_letters.c.id)
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def postpone(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> None:
    """Nobody could be asked about these objects: another attempt is counted, and the next one waits longer."""
    conn.execute(
        sa.update(dead_letters)
        .where(
            dead_letters.c.connection_id == connection_id,
            dead_letters.c.entity == entity,
            dead_letters.c.direction == "pull",
            dead_letters.c.status == "open",
            dead_letters.c.record_id == sa.any_(sa.bindparam("ids", list(ids), sa.ARRAY(sa.Text))),
        )
        .values(attempts=dead_letters.c.attempts + 1, due_at=later(dead_letters.c.attempts))
    )


def open_for(
    conn: sa.Connection, provider: str, entity: str, *, venues: Sequence[str], limit: int = 100
) -> tuple[int, list[OpenLetter]]:
    """How many letters are open for an entity in these venues, and the latest `limit` of them."""
    mine = (
        connections.c.provider == provider,
        dead_letters.c.entity == entity,
        dead_letters.c.status == "open",
        connections.c.venue_id.in_(list(venues)),
    )
    total = conn.execute(
        sa.select(sa.func.count()).select_from(dead_letters.join(connections)).where(*mine)
    ).scalar_one()
    query = _open().where(*mine).order_by(dead_letters.c.last_at.desc(), dead_letters.c.id).limit(limit)
    return total, [OpenLetter(*row) for row in conn.execute(query)]


def all_open(conn: sa.Connection, *, venue: str | None = None, limit: int = 100) -> list[OpenLetter]:
    """The latest open letters, of one venue or of all."""
    query = _open().where(dead_letters.c.status == "open").order_by(dead_letters.c.last_at.desc(), dead_letters.c.id)
    if venue is not None:
        query = query.where(connections.c.venue_id == venue)
    return [OpenLetter(*row) for row in conn.execute(query.limit(limit))]


@dataclass(frozen=True, slots=True)
class Reason:
    """How many letters are open for one code; `example` is the reason of one of them."""

    provider: str
    entity: str
    code: str
    open: int
    example: str


def open_by_code(conn: sa.Connection) -> list[Reason]:
    """Why records wait, over all venues, by provider, entity and code."""
    named = (connections.c.provider, dead_letters.c.entity, dead_letters.c.code)
    query = (
        sa.select(*named, sa.func.count().label("open"), sa.func.min(dead_letters.c.reason).label("example"))
        .select_from(dead_letters.join(connections))
        .where(dead_letters.c.status == "open")
        .group_by(*named)
        .order_by(*named)
    )
    return [Reason(**row) for row in conn.execute(query).mappings()]


def _open() -> sa.Select[tuple[object, ...]]:
    return sa.select(
        dead_letters.c.id,
        connections.c.venue_id,
        connections.c.provider,
        dead_letters.c.entity,
        dead_letters.c.direction,
        dead_letters.c.record_id,
        dead_letters.c.code,
        dead_letters.c.category,
        dead_letters.c.reason,
        dead_letters.c.attempts,
        dead_letters.c.first_at,
        dead_letters.c.last_at,
    ).select_from(dead_letters.join(connections))
