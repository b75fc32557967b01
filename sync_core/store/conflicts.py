"""Conflicts: where both sides changed the same field, what each had, and who won by which policy."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from sync_core.store.sync_tables import conflicts, connections


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field that both sides changed. `field` is the provider's path, the values are in the provider's terms."""

    local_id: str
    field: str
    venue_value: Any
    provider_value: Any
    policy: str
    winner: Literal["venue", "provider"]


def record(conn: sa.Connection, connection_id: int, entity: str, *, found: Sequence[Conflict]) -> None:
    """Keep the decisions for people to read."""
    if found:
        conn.execute(
            sa.insert(conflicts),
            [{"connection_id": connection_id, "entity": entity} | asdict(conflict) for conflict in found],
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """How often a field that both sides had changed was decided for one of them. Named as in `Conflict`."""

    provider: str
    entity: str
    field: str
    policy: str
    winner: str
    times: int


def decided(conn: sa.Connection) -> list[Decided]:
    """Every kind of decision on record, by provider, entity and field."""
    named = (
        connections.c.provider,
        conflicts.c.entity,
        conflicts.c.field,
        conflicts.c.policy,
        conflicts.c.winner,
    )
    query = (
        sa.select(*named, sa.func.count().label("times"))
        .select_from(conflicts.join(connections))
        .group_by(*named)
        .order_by(*named)
    )
    return [Decided(**row) for row in conn.execute(query).mappings()]


def forget_old(conn: sa.Connection, *, before: datetime, most: int) -> int:
    """Delete up to `most` decisions from before that moment, the oldest first; how many. Their values may be personal."""
    # By id, which has an index and grows with the time; looking stops at the first that is young enough.
    oldest = sa.select(conflicts.c.id, conflicts.c.at).order_by(conflicts.c.id).limit(most).subquery()
    old = sa.select(oldest.c.id).where(oldest.c.at < before)
    return conn.execute(sa.delete(conflicts).where(conflicts.c.id.in_(old.scalar_subquery()))).rowcount
