"""The ledger: what we know to be at the provider, one row per record of a connection's entity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from sync_core.store.bulk import look_up, upsert
from sync_core.store.sync_tables import ledger

Flat = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record known to be at the provider. `pushed` and `seen` are flat: provider path -> value."""

    local_id: str
    remote_id: str
    remote_state: Flat
    pushed_hash: bytes | None
    pushed: Flat | None
    seen_hash: bytes | None
    seen: Flat | None
    remote_updated_at: datetime | None
    deleted: bool


_COLUMNS = tuple(ledger.c[name] for name in Entry.__dataclass_fields__)
_WRITTEN = ("connection_id", "entity", "in_step_xid", *Entry.__dataclass_fields__)
_VALUES = attrgetter(*Entry.__dataclass_fields__)
_LIGHT = tuple(column if column.name not in ("pushed", "seen") else sa.null().label(column.name) for column in _COLUMNS)


def _select(columns: Sequence[Any], connection_id: int, entity: str) -> sa.Select[Any]:
    return sa.select(*columns).where(ledger.c.connection_id == connection_id, ledger.c.entity == entity)


def _select_apart(columns: Sequence[Any], connection_id: int, entity: str) -> sa.Select[Any]:
    """As `_select`, with conditions that the primary key does not match: for look-ups by remote id, by its index."""
    mine = sa.literal_column("sync.ledger.connection_id + 0") == connection_id
    return sa.select(*columns).where(mine, sa.literal_column("sync.ledger.entity || ''") == entity)


def _texts(values: Sequence[str]) -> sa.BindParameter[Any]:
    return sa.bindparam(None, list(values), sa.ARRAY(sa.Text), unique=True)


def by_local(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> dict[str, Entry]:
    """Entries by local id, without `pushed` and `seen`: enough to tell changed from unchanged."""
    found = look_up(conn, _select(_LIGHT, connection_id, entity), ledger.c.local_id, ids)
    return {row.local_id: Entry(*row) for row in found}


def pushed_of(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> dict[str, Flat]:
    """What we last wrote, by local id."""
    query = _select((ledger.c.local_id, ledger.c.pushed), connection_id, entity)
    return {row.local_id: row.pushed or {} for row in look_up(conn, query, ledger.c.local_id, ids)}


def seen_of(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> dict[str, Flat]:
    """What the provider last showed, by local id."""
    query = _select((ledger.c.local_id, ledger.c.seen), connection_id, entity)
    return {row.local_id: row.seen or {} for row in look_up(conn, query, ledger.c.local_id, ids)}


def by_remote(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> dict[str, Entry]:
    """Whole entries by remote id."""
    found = look_up(conn, _select_apart(_COLUMNS, connection_id, entity), ledger.c.remote_id, ids)
    return {row.remote_id: Entry(*row) for row in found}


def remote_values(
    conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str], pick: str
) -> dict[str, str]:
    """What other records call these: local id -> remote id ('id') or a key of the remote state; live records only."""
    value = ledger.c.remote_id if pick == "id" else ledger.c.remote_state[pick].astext
    query = _select((ledger.c.local_id, value.label("value")), connection_id, entity).where(
        ledger.c.deleted.is_(False), value.is_not(None)
    )
    return {row.local_id: row.value for row in look_up(conn, query, ledger.c.local_id, ids)}


def local_ids(
    conn: sa.Connection, connection_id: int, entity: str, *, values: Sequence[str], pick: str
) -> dict[str, str]:
    """The way back: remote id or state value -> local id."""
    if pick == "id":
        query = _select_apart((ledger.c.remote_id, ledger.c.local_id), connection_id, entity)
        return {row.remote_id: row.local_id for row in look_up(conn, query, ledger.c.remote_id, values)}
    # State values have no index of their own: one scan of the entity's entries beats one per value.
    value = ledger.c.remote_state[pick].astext
    query = _select((value, ledger.c.local_id), connection_id, entity).where(value == sa.any_(_texts(values)))
    return {row[0]: row[1] for row in conn.execute(query)}


def ids_by_state(
    conn: sa.Connection, connection_id: int, entity: str, *, values: Sequence[str], pick: str
) -> dict[str, str]:
    """Remote ids by the value of a key of the remote state, where the ledger knows it."""
    value = ledger.c.remote_state[pick].astext
    query = _select((value, ledger.c.remote_id), connection_id, entity).where(value == sa.any_(_texts(values)))
    return {row[0]: row[1] for row in conn.execute(query)}


def settle(
    conn: sa.Connection,
    connection_id: int,
    entity: str,
    *,
    entries: Sequence[Entry],
    in_step: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write what is now known. An entry whose remote record answered to another local id replaces that one.

    `in_step` has the changed_xid of the rows, by local id, of which nothing is to be pushed as they stand.
    """
    rows = [
        dict(zip(_WRITTEN, (connection_id, entity, in_step.get(entry.local_id), *_VALUES(entry)), strict=True))
        for entry in entries
    ]
    update = ["in_step_xid", *(name for name in Entry.__dataclass_fields__ if name != "local_id")]
    upsert(conn, ledger, rows, update=update)


def mark_deleted(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> None:
    """The provider's objects of these local ids are gone."""
    conn.execute(
        sa.update(ledger)
        .where(
            ledger.c.connection_id == connection_id,
            ledger.c.entity == entity,
            ledger.c.local_id == sa.any_(_texts(ids)),
        )
        .values(deleted=True)
    )


def forget(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> None:
    """The provider's objects of these local ids are gone, and nothing of them matters to us any more."""
    conn.execute(
        sa.delete(ledger).where(
            ledger.c.connection_id == connection_id,
            ledger.c.entity == entity,
            ledger.c.local_id == sa.any_(_texts(ids)),
        )
    )


def is_empty(conn: sa.Connection, connection_id: int) -> bool:
    """Whether nothing of any entity was ever synced with this connection."""
    return (
        conn.execute(sa.select(ledger.c.local_id).where(ledger.c.connection_id == connection_id).limit(1)).first()
        is None
    )
