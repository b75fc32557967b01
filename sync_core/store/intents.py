"""Intents: writes decided and not yet seen confirmed. Written before the call, removed with its outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from sync_core.store.bulk import upsert
from sync_core.store.sync_tables import intents

Flat = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Intent:
    """One decided write. `fields` is what is sent, `mapped` the whole mapped record it brings the provider to.

    `failures` counts how often the provider itself failed on the request that it was in.
    """

    local_id: str
    operation: Literal["create", "update", "delete"]
    record_key: str
    batch_key: str
    position: int
    fields: Flat
    mapped: Flat
    remote_id: str | None
    remote_state: Flat
    created_at: datetime
    failures: int = 0


_NAMES = tuple(Intent.__dataclass_fields__)


def record(conn: sa.Connection, connection_id: int, entity: str, *, decided: Sequence[Intent]) -> None:
    """Store the intents, or replace those of the same records (new keys after a batch was split)."""
    rows = [
        {"connection_id": connection_id, "entity": entity} | {name: getattr(intent, name) for name in _NAMES}
        for intent in decided
    ]
    upsert(conn, intents, rows, update=[name for name in _NAMES if name != "local_id"])


def unsettled(conn: sa.Connection, connection_id: int, entity: str) -> list[Intent]:
    """Every intent without an outcome, request by request, in the order in which they travel."""
    query = (
        sa.select(*(intents.c[name] for name in _NAMES))
        .where(intents.c.connection_id == connection_id, intents.c.entity == entity)
        .order_by(intents.c.created_at, intents.c.batch_key, intents.c.position)
    )
    return [Intent(*row) for row in conn.execute(query)]


def note_failure(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> None:
    """The provider itself failed on the request of these records."""
    conn.execute(
        sa.update(intents)
        .where(
            intents.c.connection_id == connection_id,
            intents.c.entity == entity,
            intents.c.local_id == sa.any_(sa.bindparam("ids", list(ids), sa.ARRAY(sa.Text))),
        )
        .values(failures=intents.c.failures + 1)
    )


def clear(conn: sa.Connection, connection_id: int, entity: str, *, ids: Sequence[str]) -> None:
    """The outcome of these records' intents is known."""
    conn.execute(
        sa.delete(intents).where(
            intents.c.connection_id == connection_id,
            intents.c.entity == entity,
            intents.c.local_id == sa.any_(sa.bindparam("ids", list(ids), sa.ARRAY(sa.Text))),
        )
    )
