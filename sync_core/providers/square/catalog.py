"""Square's catalog: an item with one variation, which holds price and SKU.

Stays true: an update starts from the object as it is now and changes only what we map; an item that is another version
than the one we knew is not written, and comes back as it is; positions in `variations[0]` mean the variation that we
know, wherever the seller moved it; a batch is written wholly or not at all.
A new variation carries the venue's own id in `user_data` (255 characters, not shown to buyers), to be found by.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import orjson

from sync_core.errors import TransientError
from sync_core.providers.protocol import Batch, Json, Outcome, Page, Remote, Sought, Write
from sync_core.providers.square.calls import STALE, Refused, SquareCalls, code_in, errors_in, said_in
from sync_core.providers.square.fetching import in_batches
from sync_core.providers.square.items import draft, is_as_wanted, is_newer, mark_of, marked, merged, remote_item
from sync_core.providers.square.refusals import refused, refused_whole
from sync_core.providers.square.windows import Shown, parsed, read_window, stamp

OVERLAP = timedelta(seconds=60)
ATTEMPTS = 4
MOST_DELETED = 200
"""Ids per batch-delete (GET /v2/catalog/info, batch_delete_max_object_ids)."""
_PAGE_SIZE = 1000
_SLACK = timedelta(seconds=60)

Item = Mapping[str, Any]


class Catalog:
    """The items of one seller; `archive` makes a deletion take an item out of use instead."""

    def __init__(self, calls: SquareCalls, *, archive: bool) -> None:
        self._calls = calls
        self._archive = archive

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of items changed since `cursor`, deleted ones included after the first time."""
        return read_window(self._search, cursor=cursor, overlap=OVERLAP, now=self._calls.now)

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these items that there are."""
        found: dict[str, Remote] = {}
        for some in in_batches(ids, _PAGE_SIZE):
            found |= {one: remote_item(item) for one, item in self.items(some).items()}
        return found

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out a batch by one request (update: two)."""
        match batch.operation:
            case "create":
                return self._create(batch)
            case "update":
                return self._update(batch.key, batch.writes)
            case "delete":
                return self._farewell(batch)

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """By the venue's id in the variation's user_data, among items changed since the write."""
        local_ids = {mark_of(one.fields, one.local_id): one.local_id for one in sought}
        since = min(one.written_after for one in sought) - _SLACK
        found: dict[str, Remote] = {}
        page: str | None = None
        while True:
            shown = self._search(since, page)
            for remote in shown.records:
                mark = marked(remote.record)
                if not remote.deleted and mark in local_ids:
                    found[local_ids[mark]] = remote
            if shown.following is None or shown.following == page:
                return found
            page = shown.following

    def items(self, ids: Sequence[str]) -> dict[str, Item]:
        """Objects as they are now, by id; deleted ones are left out."""
        answer = self._calls.post("/v2/catalog/batch-retrieve", {"object_ids": list(ids)})
        return {found["id"]: found for found in answer.get("objects", ()) if not found.get("is_deleted")}

    def _search(self, since: Any, page: str | None) -> Shown:
        body: dict[str, Any] = {"object_types": ["ITEM"], "limit": _PAGE_SIZE}
        if since is not None:
            body |= {"begin_time": stamp(since), "include_deleted_objects": True}
        if page is not None:
            body["cursor"] = page
        answer = self._calls.post("/v2/catalog/search", body)
        records = [remote_item(found) for found in answer.get("objects", ())]
        return Shown(records, answer.get("cursor") or None, parsed(answer.get("latest_time")))

    def _create(self, batch: Batch) -> list[Outcome]:
        drafts = [draft(write) for write in batch.writes]
        try:
            answer = self._upsert(_short(batch.key), drafts)
        except Refused as exc:
            return refused_whole(batch.writes, exc)
        ids = {pair["client_object_id"]: pair["object_id"] for pair in answer.get("id_mappings", ())}
        found = {one["id"]: one for one in answer.get("objects", ())}
        return [
            Outcome(local_id=write.local_id, remote=remote_item(found[ids[one["id"]]]))
            for write, one in zip(batch.writes, drafts, strict=True)
        ]

    def _update(self, key: str, writes: Sequence[Write]) -> list[Outcome]:
        known = {write.remote_id: write for write in writes if write.remote_id is not None}
        for _ in range(ATTEMPTS):
            current = self.items(list(known))
            stale = {one for one, item in current.items() if is_newer(item, known[one])}
            changed = [merged(current[one], write) for one, write in known.items() if one in current.keys() - stale]
            try:
                answer = self._upsert(_key_of(key, changed), changed) if changed else {}
            except Refused as exc:
                if exc.code in STALE:
                    # Somebody was faster than our reading; which item it was the next reading shows.
                    continue
                return refused_whole(writes, exc)
            found = {one["id"]: one for one in answer.get("objects", ())}
            done = {one for one in stale if is_as_wanted(current[one], known[one])}
            found |= {one: current[one] for one in done}
            overtaken = {known[one].local_id: remote_item(current[one]) for one in stale - done}
            return [_updated(write, found, overtaken) for write in writes]
        raise TransientError("Square's catalog changed again each time it was to be updated; try later.")

    def _farewell(self, batch: Batch) -> list[Outcome]:
        if self._archive:
            wanted = [
                Write(
                    operation="update",
                    local_id=write.local_id,
                    key=write.key,
                    fields={"item_data.is_archived": True},
                    remote_id=write.remote_id,
                    remote_state=write.remote_state,
                )
                for write in batch.writes
            ]
            outcomes = self._update(batch.key, wanted)
            return [
                one if one.overtaken or one.refused_code not in (None, "NOT_FOUND") else _gone(write)
                for one, write in zip(outcomes, batch.writes, strict=True)
            ]
        known = [write.remote_id for write in batch.writes if write.remote_id is not None]
        for start in range(0, len(known), MOST_DELETED):
            # Ids that are gone already are passed over in silence.
            self._calls.post("/v2/catalog/batch-delete", {"object_ids": known[start : start + MOST_DELETED]})
        return [_gone(write) for write in batch.writes]

    def _upsert(self, key: str, objects: Sequence[Item]) -> Mapping[str, Any]:
        body = {"idempotency_key": key, "batches": [{"objects": objects}]}
        answer = self._calls.post("/v2/catalog/batch-upsert", body)
        errors = errors_in(answer)
        if errors:
            raise Refused(f"Square refuses the batch: {said_in(errors)}.", code=code_in(errors))
        return answer


def _updated(write: Write, found: Mapping[str, Item], overtaken: Mapping[str, Remote]) -> Outcome:
    if write.remote_id is None:
        return refused(write, "NO_REMOTE_ID", "The record has no id at Square yet; it must be created first.")
    if write.local_id in overtaken:
        return Outcome(local_id=write.local_id, overtaken=overtaken[write.local_id])
    if write.remote_id not in found:
        return refused(write, "NOT_FOUND", "Square has no such item any more; it was deleted there.")
    return Outcome(local_id=write.local_id, remote=remote_item(found[write.remote_id]))


def _gone(write: Write) -> Outcome:
    if write.remote_id is None:
        return refused(write, "NO_REMOTE_ID", "The record has no id at Square yet; there is nothing to delete.")
    return Outcome(
        local_id=write.local_id, remote=Remote(id=write.remote_id, record={"id": write.remote_id}, deleted=True)
    )


def _short(key: str) -> str:
    """An idempotency key of at most 128 characters."""
    return key if len(key) <= 128 else blake2b(key.encode(), digest_size=32).hexdigest()  # noqa: PLR2004 - the spec's


def _key_of(key: str, objects: Sequence[Item]) -> str:
    """A merged body depends on what was read, so its key does too: a key never serves two bodies."""
    return blake2b(key.encode() + orjson.dumps(objects), digest_size=32).hexdigest()
