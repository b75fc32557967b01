"""Square's stock counts: of a variation (not an item), at one location, in state IN_STOCK.

A record's id is its variation's id. Creating and updating are the same physical count; nothing can be deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from sync_core.errors import OutcomeUnknown
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write
from sync_core.providers.square.calls import Refused, SquareCalls
from sync_core.providers.square.locations import Locations
from sync_core.providers.square.refusals import no_such_write, refused, refused_whole
from sync_core.providers.square.windows import Shown, newest_of, parsed, read_window, stamp

OVERLAP = timedelta(seconds=60)
_PAGE_SIZE = 1000
_COUNTS = "/v2/inventory/counts/batch-retrieve"
_CHANGES = "/v2/inventory/changes/batch-create"


class Inventory:
    """The stock of one seller at one location."""

    def __init__(self, calls: SquareCalls, *, locations: Locations) -> None:
        self._calls = calls
        self._locations = locations

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of counts that changed since `cursor`."""

        def fetch(since: Any, page: str | None) -> Shown:
            body = self._question()
            if since is not None:
                body["updated_after"] = stamp(since)
            if page is not None:
                body["cursor"] = page
            answer = self._calls.post(_COUNTS, body)
            records = [_remote(count) for count in answer.get("counts", ())]
            return Shown(records, answer.get("cursor") or None, newest_of(records))

        return read_window(fetch, cursor=cursor, overlap=OVERLAP, now=self._calls.now)

    def write(self, batch: Batch) -> list[Outcome]:
        """Set counts, all or none of them."""
        if batch.operation == "delete":
            return [no_such_write(write, "inventory") for write in batch.writes]
        variations = {write.local_id: _variation_of(write) for write in batch.writes}
        writes = [write for write in batch.writes if variations[write.local_id]]
        outcomes = {write.local_id: _homeless(write) for write in batch.writes if not variations[write.local_id]}
        if writes:
            try:
                outcomes |= self._count(batch.key, writes, variations)
            except Refused as exc:
                outcomes |= {one.local_id: one for one in refused_whole(writes, exc)}
        return [outcomes[write.local_id] for write in batch.writes]

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """The counts of the variations that were to be counted."""
        wanted = {
            str(one.fields["catalog_object_id"]): one.local_id for one in sought if one.fields.get("catalog_object_id")
        }
        if not wanted:
            return {}
        counts = self._calls.post(_COUNTS, {**self._question(), "catalog_object_ids": list(wanted)}).get("counts", ())
        return {wanted[one["catalog_object_id"]]: _remote(one) for one in counts}

    def _question(self) -> dict[str, Any]:
        return {"location_ids": [self._locations.stock()], "states": ["IN_STOCK"], "limit": _PAGE_SIZE}

    def _count(self, key: str, writes: Sequence[Write], variations: Mapping[str, str]) -> dict[str, Outcome]:
        counted_at = stamp(self._calls.clock.now())
        changes = [self._change(write, variations[write.local_id], counted_at) for write in writes]
        body = {"idempotency_key": _hashed(key), "changes": changes, "ignore_unchanged_counts": True}
        try:
            answer = self._calls.post(_CHANGES, body)
        except OutcomeUnknown:
            # The key was used for the same counts at an earlier moment. A physical count may be taken twice: it says
            # how many there are, not how many came or went.
            answer = self._calls.post(_CHANGES, {**body, "idempotency_key": _hashed(f"{key}:{counted_at}")})
        counts = {one["catalog_object_id"]: one for one in answer.get("counts", ()) if one.get("state") == "IN_STOCK"}
        sent = {one["physical_count"]["catalog_object_id"]: one["physical_count"] for one in changes}
        return {
            write.local_id: Outcome(local_id=write.local_id, remote=_remote(counts.get(one) or sent[one]))
            for write, one in ((write, variations[write.local_id]) for write in writes)
        }

    def _change(self, write: Write, variation_id: str, counted_at: str) -> dict[str, Any]:
        count = {
            "catalog_object_id": variation_id,
            "location_id": self._locations.stock(),
            "state": "IN_STOCK",
            "quantity": str(write.fields.get("quantity") or 0),
            "occurred_at": counted_at,
            "reference_id": write.local_id,
        }
        return {"type": "PHYSICAL_COUNT", "physical_count": count}


def _variation_of(write: Write) -> str:
    """The variation to be counted: the record's own id, or the one that the mapping names on create; else empty."""
    return write.remote_id or str(write.fields.get("catalog_object_id") or "")


def _homeless(write: Write) -> Outcome:
    return refused(
        write, "NO_REMOTE_ID", "The record names no variation to count it on; its product must be at Square first."
    )


def _remote(count: Mapping[str, Any]) -> Remote:
    return Remote(id=count["catalog_object_id"], record=count, updated_at=parsed(count.get("calculated_at")))


def _hashed(key: str) -> str:
    return blake2b(key.encode(), digest_size=32).hexdigest()
