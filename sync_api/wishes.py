"""Asking for syncs: from a caller's wish to items in the queue, and how those are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import sqlalchemy as sa
from pydantic import BaseModel

from sync_api.errors import FieldError, Refused
from sync_core import traces
from sync_core.spec.provider import Kind, ProviderSpec
from sync_core.store import queue
from sync_core.store.connections import Connection
from sync_core.store.queue import Asked, Item, Mode, Priority

KINDS: tuple[Kind, ...] = get_args(Kind)


class RequestShown(BaseModel):
    """One requested sync of one entity."""

    id: int
    venue_id: str
    integration_type: str
    entity: str
    mode: str
    priority: str
    status: str
    attempts: int
    requested_by: str
    request_id: str | None
    progress: dict[str, Any]
    result: dict[str, Any]
    error: str | None
    requested_at: datetime
    not_before: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A sync that a caller wants: who, by which request, how far back, how urgently; `key` is its Idempotency-Key."""

    caller: str
    request_id: str
    mode: Mode
    priority: Priority
    since: datetime | None = None
    key: str | None = None


def entities_of(spec: ProviderSpec, what: str) -> tuple[str, ...]:
    """The entities that a kind, an entity's own name, or "full" means, in their order.

    Raises Refused VALIDATION_ERROR for a name that the provider has not.
    """
    order = spec.in_order()
    found = tuple(name for name in order if what in ("full", name, spec.entities[name].kind))
    if not found:
        known = ", ".join(dict.fromkeys(("full", *(spec.entities[name].kind for name in order), *order)))
        wrong = FieldError(field="syncType", message=f"{spec.title} has: {known}")
        raise Refused("VALIDATION_ERROR", "Validation failed: see details.", details=[wrong])
    return found


def enqueue(conn: sa.Connection, connection: Connection, entities: Sequence[str], wish: Wish) -> list[Item]:
    """Queue the wish for each entity. The same wish under the same key is answered with the items that are there.

    Raises Refused SYNC_IN_PROGRESS when all of them are queued or running already.
    """
    key = None if wish.key is None else f"{wish.caller}:{wish.key}"
    under_way = {item.entity: item for item in _under_way(conn, connection)}
    wanted = [name for name in entities if name not in under_way or (key and under_way[name].idempotency_key == key)]
    if not wanted:
        ids = ", ".join(str(under_way[name].id) for name in entities)
        raise Refused("SYNC_IN_PROGRESS", f"This is queued or running already for {connection.label}: request {ids}.")
    return [
        queue.enqueue(
            conn,
            Asked(
                connection_id=connection.id,
                entity=entity,
                mode=wish.mode,
                priority=wish.priority,
                requested_by=wish.caller,
                since=wish.since,
                idempotency_key=key,
                request_id=wish.request_id,
                traceparent=traces.here(),
            ),
        )[0]
        for entity in wanted
    ]


def _under_way(conn: sa.Connection, connection: Connection) -> list[Item]:
    return [
        item
        for status in ("queued", "running")
        for item in queue.inspect(conn, venue=connection.venue, provider=connection.provider, status=status)
    ]


def shown(item: Item) -> RequestShown:
    """An item of the queue as callers see it."""
    return RequestShown(
        id=item.id,
        venue_id=item.venue,
        integration_type=item.provider,
        entity=item.entity,
        mode=item.mode,
        priority=item.priority.upper(),
        status=item.status,
        attempts=item.attempts,
        requested_by=item.requested_by,
        request_id=item.request_id,
        progress=dict(item.progress),
        result=dict(item.result),
        error=item.error,
        requested_at=item.requested_at,
        not_before=item.not_before,
        started_at=item.claimed_at,
        finished_at=item.finished_at,
    )
