"""What a person does with dead letters: look at some, have them tried again, or discard them.

Stays true: which letters are meant is said in one way, by `Choice`, whoever asks; discarded ones stay for the record.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.dead_letters import Direction, OpenLetter
from sync_core.store.sync_tables import connections, dead_letters, pending
from sync_core.trouble import PASSING, Category

_COLUMNS = tuple(
    connections.c["venue_id" if name == "venue" else name] if name in ("venue", "provider") else dead_letters.c[name]
    for name in OpenLetter.__dataclass_fields__
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which open letters are meant: those to which all that is said applies.

    `venues` and `connection_ids` None mean all of them; `older_than` a moment after which they did not fail for the first time.
    """

    venues: Collection[str] | None = None
    connection_ids: Collection[int] | None = None
    provider: str | None = None
    entity: str | None = None
    direction: Direction | None = None
    category: Category | None = None
    code: str | None = None
    older_than: datetime | None = None
    ids: Collection[int] | None = None


@dataclass(frozen=True, slots=True)
class Pile:
    """How many letters of one connection, entity and category are open, and since when the first of them."""

    venue: str
    provider: str
    entity: str
    category: Category
    open: int
    oldest: datetime


def found(conn: sa.Connection, letter_id: int) -> OpenLetter | None:
    """An open letter by its id, None when there is none."""
    letters = listed(conn, Choice(ids=[letter_id]), limit=1)
    return letters[0] if letters else None


def listed(
    conn: sa.Connection, choice: Choice, *, before: int | None = None, limit: int | None = 100
) -> list[OpenLetter]:
    """Open letters by falling id, at most `limit` (None: all); `before` is the id to go on from."""
    query = (
        sa.select(*_COLUMNS)
        .select_from(dead_letters.join(connections))
        .where(*_chosen(choice))
        .order_by(dead_letters.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(dead_letters.c.id < before)
    return [OpenLetter(*row) for row in conn.execute(query)]


def piles(conn: sa.Connection, choice: Choice) -> list[Pile]:
    """How many letters are open, by connection, entity and category."""
    by = (connections.c.venue_id, connections.c.provider, dead_letters.c.entity, dead_letters.c.category)
    query = (
        sa.select(*by, sa.func.count(), sa.func.min(dead_letters.c.first_at))
        .select_from(dead_letters.join(connections))
        .where(*_chosen(choice))
        .group_by(*by)
        .order_by(*by)
    )
    return [Pile(*row) for row in conn.execute(query)]


def make_due(
    conn: sa.Connection, connection_id: int, entity: str, *, record_ids: Sequence[str], direction: Direction = "push"
) -> None:
    """Have these records looked at by the next sync, however long they were to wait."""
    if not record_ids:
        return
    if direction == "pull":
        mine = _of(dead_letters, connection_id, entity)
        these = dead_letters.c.record_id == sa.any_(sa.bindparam("ids", list(record_ids), sa.ARRAY(sa.Text)))
        conn.execute(
            sa.update(dead_letters)
            .where(*mine, dead_letters.c.direction == "pull", dead_letters.c.status == "open", these)
            .values(due_at=sa.func.now())
        )
        return
    rows = [
        {"connection_id": connection_id, "entity": entity, "local_id": local_id, "reason": "Tried again by hand."}
        for local_id in record_ids
    ]
    due = {"due_at": sa.func.now()}
    keys = ["connection_id", "entity", "local_id"]
    conn.execute(pg.insert(pending).on_conflict_do_update(index_elements=keys, set_=due), rows)


def revive(conn: sa.Connection, connection_id: int) -> int:
    """The connection is well again: its letters that may pass by that are due now, on either side; how many."""
    passing = (
        dead_letters.c.connection_id == connection_id,
        dead_letters.c.status == "open",
        dead_letters.c.category.in_(sorted(PASSING)),
    )
    waiting = sa.select(dead_letters.c.entity, dead_letters.c.record_id).where(
        *passing, dead_letters.c.direction == "push"
    )
    conn.execute(
        sa.update(pending)
        .where(
            pending.c.connection_id == connection_id,
            sa.tuple_(pending.c.entity, pending.c.local_id).in_(waiting),
        )
        .values(due_at=sa.func.now())
    )
    return conn.execute(sa.update(dead_letters).where(*passing).values(due_at=sa.func.now())).rowcount


def discard(conn: sa.Connection, letter_ids: Sequence[int]) -> int:
    """A person wants no more of these: their rows are not tried again until they change; how many were open."""
    mine = dead_letters.c.id == sa.any_(sa.bindparam("ids", list(letter_ids), sa.ARRAY(sa.BigInteger)))
    gone = (
        sa.update(dead_letters)
        .where(mine, dead_letters.c.status == "open")
        .values(status="discarded", last_at=sa.func.now())
        .returning(*(dead_letters.c[name] for name in ("connection_id", "entity", "record_id", "direction")))
    )
    letters = conn.execute(gone).all()
    pushed = [(one.connection_id, one.entity, one.record_id) for one in letters if one.direction == "push"]
    if pushed:
        waits = sa.tuple_(pending.c.connection_id, pending.c.entity, pending.c.local_id)
        conn.execute(sa.delete(pending).where(waits.in_(pushed)))
    return len(letters)


def _of(table: sa.Table, connection_id: int, entity: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.connection_id == connection_id, table.c.entity == entity


def _chosen(choice: Choice) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [dead_letters.c.status == "open"]
    if choice.venues is not None:
        conditions.append(connections.c.venue_id.in_(list(choice.venues)))
    if choice.connection_ids is not None:
        these = sa.bindparam("connection_ids", list(choice.connection_ids), sa.ARRAY(sa.BigInteger))
        conditions.append(dead_letters.c.connection_id == sa.any_(these))
    if choice.provider is not None:
        conditions.append(connections.c.provider == choice.provider)
    for name in ("entity", "direction", "category", "code"):
        wanted = getattr(choice, name)
        if wanted is not None:
            conditions.append(dead_letters.c[name] == wanted)
    if choice.older_than is not None:
        conditions.append(dead_letters.c.first_at < choice.older_than)
    if choice.ids is not None:
        conditions.append(dead_letters.c.id.in_(list(choice.ids)))
    return conditions
