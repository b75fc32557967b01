"""Square's stock counts: of a variation (not an item), at one location, in state IN_STOCK.

A record's id is its variation's id. Creating and updating are the same physical count; nothing can be deleted.
Stays true: a count that Square does not have is not zero, and neither is one that the record does not say; a count is
written over only if it is what we last knew. Counts, not adjustments, because a count may be sent twice and an adjustment
not.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from sync_core.errors import OutcomeUnknown
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write
from sync_core.providers.square.calls import Refused, SquareCalls
from sync_core.providers.square.fetching import in_batches
from sync_core.providers.square.locations import Locations
from sync_core.providers.square.refusals import no_such_write, refused, refused_whole
from sync_core.providers.square.windows import Shown, newest_of, parsed, read_window, stamp

OVERLAP = timedelta(seconds=60)
_PAGE_SIZE = 1000
_COUNTS = "/v2/inventory/counts/batch-retrieve"
_QUANTITY = "quantity"
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

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """The counts of these variations; one that was never counted has none, which is not a count of zero."""
        found: dict[str, Remote] = {}
        for some in in_batches(ids, _PAGE_SIZE):
            found |= self._counts(some)
        return found

    def write(self, batch: Batch) -> list[Outcome]:
        """Set counts, all or none of them; what was counted or sold there since we last looked is not written over."""
        if batch.operation == "delete":
            return [no_such_write(write, "inventory") for write in batch.writes]
        outcomes: dict[str, Outcome] = {}
        writes: list[Write] = []
        for write in batch.writes:
            flaw = _flaw(write)
            if flaw is None:
                writes.append(write)
            else:
                outcomes[write.local_id] = flaw
        moved = self._moved([write for write in writes if write.operation == "update"])
        outcomes |= moved
        writes = [write for write in writes if write.local_id not in moved]
        if writes:
            try:
                outcomes |= self._count(batch.key, writes, {one.local_id: _variation_of(one) for one in writes})
            except Refused as exc:
                outcomes |= {one.local_id: one for one in refused_whole(writes, exc)}
        return [outcomes[write.local_id] for write in batch.writes]

    def _moved(self, writes: Sequence[Write]) -> dict[str, Outcome]:
        """Counts that are not what we last knew: somebody sold, adjusted or counted there. A count has no version."""
        known = [write for write in writes if write.remote_state.get(_QUANTITY) is not None]
        if not known:
            return {}
        now = self._counts([_variation_of(write) for write in known])
        moved: dict[str, Outcome] = {}
        for write in known:
            remote = now.get(_variation_of(write))
            if remote is None or remote.state[_QUANTITY] == write.remote_state[_QUANTITY]:
                continue
            done = remote.state[_QUANTITY] == str(write.fields[_QUANTITY])
            moved[write.local_id] = (
                Outcome(write.local_id, remote=remote) if done else Outcome(write.local_id, overtaken=remote)
            )
        return moved

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """The counts of the variations that were to be counted."""
        wanted = {
            str(one.fields["catalog_object_id"]): one.local_id for one in sought if one.fields.get("catalog_object_id")
        }
        if not wanted:
            return {}
        return {wanted[one]: remote for one, remote in self._counts(list(wanted)).items()}

    def _counts(self, ids: Sequence[str]) -> dict[str, Remote]:
        counts = self._calls.post(_COUNTS, {**self._question(), "catalog_object_ids": list(ids)}).get("counts", ())
        return {one["catalog_object_id"]: _remote(one) for one in counts}

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
            "quantity": str(write.fields[_QUANTITY]),
            "occurred_at": counted_at,
            "reference_id": write.local_id,
        }
        return {"type": "PHYSICAL_COUNT", "physical_count": count}


def _variation_of(write: Write) -> str:
    """The variation to be counted: the record's own id, or the one that the mapping names on create; else empty."""
    return write.remote_id or str(write.fields.get("catalog_object_id") or "")


def _flaw(write: Write) -> Outcome | None:
    """Why a record cannot be counted at all; never is a count made up for it."""
    if not _variation_of(write):
        return refused(
            write, "NO_REMOTE_ID", "The record names no variation to count it on; its product must be at Square first."
        )
    if write.fields.get(_QUANTITY) in (None, ""):
        return refused(write, "NO_QUANTITY", "The record says no quantity, and none is not zero.")
    return None


def _remote(count: Mapping[str, Any]) -> Remote:
    return Remote(
        id=count["catalog_object_id"],
        record=count,
        state={_QUANTITY: count.get(_QUANTITY)},
        updated_at=parsed(count.get("calculated_at")),
    )


def _hashed(key: str) -> str:
    return blake2b(key.encode(), digest_size=32).hexdigest()
