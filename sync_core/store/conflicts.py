"""Conflicts: where both sides changed the same field, what each had, and who won by which policy."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import sqlalchemy as sa

from sync_core.store.sync_tables import conflicts


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
