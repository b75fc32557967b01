"""Decided writes in the requests in which they travel, each under a key of its own."""

from collections.abc import Sequence
from dataclasses import replace

from sync_core.providers.protocol import Batch, Write
from sync_core.store import intents
from sync_core.store.intents import Intent
from sync_core.sync.work import Work

Request = tuple[Intent, ...]


def batched(work: Work, decided: Sequence[Intent]) -> list[Request]:
    """Group intents of one operation each into requests of the declared size, and number them."""
    requests: list[Request] = []
    for operation in ("create", "update", "delete"):
        size = getattr(work.spec.batch, operation)
        mine = [intent for intent in decided if intent.operation == operation]
        requests.extend(numbered(work, mine[start : start + size]) for start in range(0, len(mine), size))
    return requests


def numbered(work: Work, group: Sequence[Intent]) -> Request:
    """These intents as a request under a new key."""
    key = work.new_key()
    return tuple(replace(intent, batch_key=key, position=place) for place, intent in enumerate(group))


def as_stored(left: Sequence[Intent]) -> list[Request]:
    """Stored intents as the requests in which they were, or were about to be, sent."""
    groups: dict[str, list[Intent]] = {}
    for intent in left:
        groups.setdefault(intent.batch_key, []).append(intent)
    return [tuple(group) for group in groups.values()]


def batch_of(request: Request) -> Batch:
    """The request in the terms of a provider's client."""
    writes = tuple(
        Write(
            operation=intent.operation,
            local_id=intent.local_id,
            key=intent.record_key,
            # In one order, from wherever they come: a key that is used again must find the same body.
            fields=dict(sorted(intent.fields.items())),
            remote_id=intent.remote_id,
            remote_state=intent.remote_state,
        )
        for intent in request
    )
    return Batch(key=request[0].batch_key, operation=request[0].operation, writes=writes)


def split(work: Work, request: Request) -> list[Request]:
    """Halve a request of which nothing was written, to find the record that is at fault; the halves are stored."""
    middle = len(request) // 2
    halves = [numbered(work, request[:middle]), numbered(work, request[middle:])]
    with work.transaction() as conn:
        intents.record(conn, *work.key, decided=[intent for half in halves for intent in half])
    return halves
