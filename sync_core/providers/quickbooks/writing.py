"""Writing to QuickBooks: one object by a request of its own, several by /batch, whose entries stand each for itself.

Stays true: an update names the version it was made for; an object that is another version by then is not written, and
comes back as it is now; a request id never serves two bodies; what QuickBooks failed at by its own fault is looked up before it is sent again.
Entries of a batch are carried out in order, none sees another's new id, and faults come with HTTP 200
(blogs.intuit.com/2023/07/19: at most 30 entries).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from sync_core.errors import BatchRefused, OutcomeUnknown, TransientError
from sync_core.providers.protocol import Batch, Outcome, Remote, Sought, Write
from sync_core.providers.quickbooks.calls import Object, QuickBooksCalls
from sync_core.providers.quickbooks.faults import (
    DUPLICATE_NAME,
    DUPLICATE_NUMBER,
    GONE,
    STALE,
    Fault,
    Refused,
    fault_in,
)
from sync_core.providers.quickbooks.shapes import KEPT, SYNC_TOKEN, Body, Written, state_of

ATTEMPTS = 4
_VOID = "void"
_VOIDINGS = {"Invoice": {"operation": _VOID}}
"""How a voiding is asked for, where not by an update that includes it (all-entities/invoice, payment)."""
_REQUEST_ID = 36
"""The longest request id that a batch takes."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object on its way: the operation and body that QuickBooks is sent, and whether it got a name of its own."""

    write: Write
    operation: str
    body: Body
    renamed: bool = False


Answer = Object | Fault


class Writer:
    """Carries out writes of one kind of object."""

    def __init__(self, calls: QuickBooksCalls, shape: Written) -> None:
        self._calls = calls
        self._shape = shape

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out a batch by one request, and more for names that are taken; what is another version comes back.

        Raises:
            BatchRefused: QuickBooks refused the request as a whole; nothing was written.
            OutcomeUnknown: QuickBooks failed at an entry, and nobody knows whether it took effect.
            TransientError: An object changed again each time it was to be updated.
        """
        outcomes: dict[str, Outcome] = {}
        waiting = self._begin(batch.writes, outcomes)
        key = waiting[0].write.key if len(waiting) == 1 else batch.key
        for _ in range(ATTEMPTS):
            if not waiting:
                break
            answers = self._send(waiting, key)
            again: list[_Entry] = []
            stale: list[_Entry] = []
            for entry, answer in zip(waiting, answers, strict=True):
                others = self._under_another_name(entry, answer) or self._adopted(entry, answer, outcomes)
                if others:
                    again += others
                elif isinstance(answer, Fault) and answer.code == STALE:
                    stale.append(entry)
                else:
                    outcomes[entry.write.local_id] = self._outcome(entry, answer)
            known = [entry.write for entry in stale if entry.write.remote_state.get(SYNC_TOKEN) is not None]
            self._come_back(known, outcomes)
            unread = [entry.write for entry in stale if entry.write.remote_state.get(SYNC_TOKEN) is None]
            waiting = again + self._renewed(unread, outcomes)
            key = _derived(batch.key, waiting)
        if waiting:
            raise TransientError(
                f"{len(waiting)} of QuickBooks' {self._shape.entity} objects changed again each time they were to be "
                "updated; try later."
            )
        return [outcomes[write.local_id] for write in batch.writes]

    def _begin(self, writes: Sequence[Write], outcomes: dict[str, Outcome]) -> list[_Entry]:
        """The entries of the first request; what cannot be sent at all gets its outcome."""
        entries: list[_Entry] = []
        unread: list[Write] = []
        for write in writes:
            if write.operation != "create" and write.remote_id is None:
                reason = "The record has no id at QuickBooks yet; it must be created first."
                outcomes[write.local_id] = _refused(write, "NO_REMOTE_ID", reason)
            elif write.operation != "create" and write.remote_state.get(SYNC_TOKEN) is None:
                unread.append(write)
            else:
                entries += self._entry(write, write.remote_state, outcomes)
        return entries + self._renewed(unread, outcomes)

    def _entry(self, write: Write, state: Mapping[str, Any], outcomes: dict[str, Outcome]) -> list[_Entry]:
        try:
            if write.operation == "create":
                return [_Entry(write, "create", self._shape.draft(write))]
            if write.operation == "delete":
                operation, body = self._shape.farewell()
            else:
                operation, body = self._shape.change(write, state.get(KEPT) or {})
        except Refused as exc:
            outcomes[write.local_id] = _refused(write, exc.code, str(exc))
            return []
        version: Body = {"Id": write.remote_id, "SyncToken": state[SYNC_TOKEN]}
        if operation != "delete":
            version["sparse"] = True
        return [_Entry(write, operation, version | body)]

    def _come_back(self, writes: Sequence[Write], outcomes: dict[str, Outcome]) -> None:
        """Objects that somebody changed after we last saw them, as they are now."""
        found = self._found(writes)
        for write in writes:
            remote = self._shape.remote(found[write.remote_id]) if write.remote_id in found else None
            outcomes[write.local_id] = _vanished(write) if remote is None else Outcome(write.local_id, overtaken=remote)

    def _renewed(self, writes: Sequence[Write], outcomes: dict[str, Outcome]) -> list[_Entry]:
        """Entries for the objects as they are now, of writes that were made for no version in particular."""
        found = self._found(writes)
        entries: list[_Entry] = []
        for write in writes:
            if write.remote_id in found:
                entries += self._entry(write, state_of(found[write.remote_id], self._shape.kept), outcomes)
            else:
                outcomes[write.local_id] = _vanished(write)
        return entries

    def _found(self, writes: Sequence[Write]) -> dict[str | None, Object]:
        if not writes:
            return {}
        ids = ", ".join(f"'{write.remote_id}'" for write in writes)
        where = f"WHERE {self._shape.where + ' AND ' if self._shape.where else ''}Id IN ({ids}) MAXRESULTS 1000"
        found = self._calls.query(self._shape.entity, where, columns=self._shape.columns)
        return {one["Id"]: one for one in found}

    def _send(self, entries: Sequence[_Entry], key: str) -> list[Answer]:
        """What QuickBooks says to each entry. A voiding is a request of its own: no batch of it is documented."""
        together = [entry for entry in entries if entry.operation != _VOID]
        said = iter(self._send_one(together[0], key) if len(together) == 1 else self._send_many(together, key))
        return [self._voided(entry, key) if entry.operation == _VOID else next(said) for entry in entries]

    def _voided(self, entry: _Entry, key: str) -> Answer:
        params = _VOIDINGS.get(self._shape.entity, {"operation": "update", "include": _VOID})
        return self._posted(entry, _derived(key, [entry]), **params)

    def _send_one(self, entry: _Entry, key: str) -> list[Answer]:
        params = {"operation": "delete"} if entry.operation == "delete" else {}
        return [self._posted(entry, key, **params)]

    def _posted(self, entry: _Entry, key: str, **params: str) -> Answer:
        try:
            return self._said(self._calls.post(self._shape.entity.lower(), request_id(key), entry.body, **params))
        except Refused as exc:
            return Fault(kind="", code=exc.code, words=str(exc))

    def _send_many(self, entries: Sequence[_Entry], key: str) -> list[Answer]:
        if not entries:
            return []
        body = {
            "BatchItemRequest": [
                {"bId": str(number), "operation": entry.operation, self._shape.entity: entry.body}
                for number, entry in enumerate(entries)
            ]
        }
        try:
            answer = self._calls.post("batch", request_id(key), body)
        except Refused as exc:
            raise BatchRefused(f"{exc} None of the {len(entries)} records was written; split the batch.") from None
        said = {one.get("bId"): one for one in answer.get("BatchItemResponse", ())}
        return [self._said(said.get(str(number))) for number in range(len(entries))]

    def _said(self, answer: Object | None) -> Answer:
        fault = fault_in(answer or {})
        if answer is not None and (self._shape.entity in answer or (fault is not None and not fault.passing)):
            return fault or answer
        words = fault.words if fault else "no answer to it"
        raise OutcomeUnknown(f"QuickBooks failed at a {self._shape.entity} ({words}); look the records up first.")

    def _under_another_name(self, entry: _Entry, answer: Answer) -> list[_Entry]:
        if not isinstance(answer, Fault) or answer.code != DUPLICATE_NAME or entry.renamed:
            return []
        body = self._shape.renamed(entry.body, entry.write.local_id)
        return [] if body is None else [replace(entry, body=body, renamed=True)]

    def _adopted(self, entry: _Entry, answer: Answer, outcomes: dict[str, Outcome]) -> list[_Entry]:
        """An earlier create of the same record took effect long ago: bring it up to date instead."""
        if not isinstance(answer, Fault) or answer.code != DUPLICATE_NUMBER or entry.operation != "create":
            return []
        write = entry.write
        where = f"WHERE DocNumber = '{entry.body['DocNumber']}' MAXRESULTS 10"
        found = self._calls.query(self._shape.entity, where, columns=self._shape.columns)
        sought = Sought(write.local_id, write.fields, datetime.min.replace(tzinfo=UTC))
        ours = next((one for one in found if self._shape.is_it(one, sought)), None)
        if ours is None:
            return []
        known = replace(write, operation="update", remote_id=ours["Id"])
        return self._entry(known, state_of(ours, self._shape.kept), outcomes)

    def _outcome(self, entry: _Entry, answer: Answer) -> Outcome:
        write = entry.write
        if isinstance(answer, Fault):
            if answer.code == GONE and write.operation != "create":
                return _vanished(write)
            return _refused(write, answer.code, answer.words)
        found = answer[self._shape.entity]
        if write.operation == "delete":
            state = state_of({**entry.body, **found}, self._shape.kept)
            return Outcome(write.local_id, remote=Remote(found["Id"], record=found, state=state, deleted=True))
        remote = self._shape.remote(found)
        if remote is None:
            return _refused(write, "NOT_OURS", f"QuickBooks made another kind of {self._shape.entity} of it.")
        return Outcome(write.local_id, remote=remote)


def request_id(key: str) -> str:
    """A request id within QuickBooks' length, the same for the same key."""
    return key if len(key) <= _REQUEST_ID else blake2b(key.encode(), digest_size=16).hexdigest()


def _derived(key: str, entries: Sequence[_Entry]) -> str:
    """The key of a request that depends on what was answered before."""
    bodies = orjson.dumps([entry.body for entry in entries])
    return blake2b(key.encode() + bodies, digest_size=16).hexdigest()


def _vanished(write: Write) -> Outcome:
    if write.operation == "delete" and write.remote_id is not None:
        return Outcome(write.local_id, remote=Remote(write.remote_id, record={"Id": write.remote_id}, deleted=True))
    return _refused(write, "NOT_FOUND", "QuickBooks has no such object any more; it was deleted there.")


def _refused(write: Write, code: str, reason: str) -> Outcome:
    return Outcome(write.local_id, refused_code=code, refused_reason=reason)
