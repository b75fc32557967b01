"""What a person does with dead letters: look one up, have it tried again, or discard it."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.dead_letters import OpenLetter
from sync_core.store.sync_tables import connections, dead_letters, pending

_COLUMNS = tuple(
    connections.c["venue_id" if name == "venue" else name] if name in ("venue", "provider") else dead_letters.c[name]
    for name in OpenLetter.__dataclass_fields__
)


def found(conn: sa.Connection, letter_id: int) -> OpenLetter | None:
    """An open letter by its id, None when there is none."""
    letters = _letters(conn, dead_letters.c.id == letter_id, limit=1)
    return letters[0] if letters else None


def listed(
    conn: sa.Connection,
    *,
    venues: Collection[str] | None,
    provider: str | None = None,
    entity: str | None = None,
    ids: Collection[int] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[OpenLetter]:
    """Open letters of these venues, or (None) of all, by falling id; `before` is the id to go on from.

    `ids` asks for these letters only.
    """
    chosen: list[sa.ColumnElement[bool]] = []
    if venues is not None:
        chosen.append(connections.c.venue_id.in_(list(venues)))
    if provider is not None:
        chosen.append(connections.c.provider == provider)
    if entity is not None:
        chosen.append(dead_letters.c.entity == entity)
    if ids is not None:
        chosen.append(dead_letters.c.id.in_(list(ids)))
    if before is not None:
        chosen.append(dead_letters.c.id < before)
    return _letters(conn, *chosen, limit=limit)


def make_due(conn: sa.Connection, connection_id: int, entity: str, *, local_ids: Sequence[str]) -> None:
    """Have these of the venue's rows looked at by the next sync, however long they were to wait."""
    rows = [
        {"connection_id": connection_id, "entity": entity, "local_id": local_id, "reason": "Tried again by hand."}
        for local_id in local_ids
    ]
    if rows:
        due = {"due_at": sa.func.now()}
        keys = ["connection_id", "entity", "local_id"]
        conn.execute(pg.insert(pending).on_conflict_do_update(index_elements=keys, set_=due), rows)


def discard(conn: sa.Connection, letter_id: int) -> bool:
    """A person wants no more of it: the row is not tried again until it changes. False when it is not open."""
    letter = conn.execute(
        sa.update(dead_letters)
        .where(dead_letters.c.id == letter_id, dead_letters.c.status == "open")
        .values(status="discarded", last_at=sa.func.now())
        .returning(*(dead_letters.c[name] for name in ("connection_id", "entity", "record_id", "direction")))
    ).first()
    if letter is not None and letter.direction == "push":
        waits = (pending.c.connection_id == letter.connection_id, pending.c.entity == letter.entity)
        conn.execute(sa.delete(pending).where(*waits, pending.c.local_id == letter.record_id))
    return letter is not None


def _letters(conn: sa.Connection, *chosen: sa.ColumnElement[bool], limit: int) -> list[OpenLetter]:
    query = (
        sa.select(*_COLUMNS)
        .select_from(dead_letters.join(connections))
        .where(dead_letters.c.status == "open", *chosen)
        .order_by(dead_letters.c.id.desc())
        .limit(limit)
    )
    return [OpenLetter(*row) for row in conn.execute(query)]
