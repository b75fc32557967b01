"""What a chunk of the venue's rows means for the provider: create, update, delete, or nothing. Writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync_core.mapping.compile import BadRow, content_hash
from sync_core.spec.provider import Operation
from sync_core.store import ledger
from sync_core.store.bulk import Row
from sync_core.store.intents import Intent
from sync_core.store.ledger import Entry
from sync_core.sync.conflict import changed
from sync_core.sync.outbound import Flat, outbound
from sync_core.sync.work import Work


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a chunk comes to. `before` holds what was last pushed of the records to update, for a plan to show.

    `filtered` are rows that the connection's settings leave out.
    """

    creates: list[Intent]
    updates: list[Intent]
    deletes: list[Intent]
    unchanged: list[str]
    filtered: list[str]
    bad: list[BadRow]
    waiting: dict[str, str]
    before: Mapping[str, Mapping[str, Any]]
    mapped_rows: int

    @property
    def intents(self) -> list[Intent]:
        """Every write, creates first."""
        return [*self.creates, *self.updates, *self.deletes]


def decide(work: Work, rows: Sequence[Row]) -> Decisions:
    """Compare `rows` with the ledger."""
    known = ledger.by_local(work.conn, *work.key, ids=[row["id"] for row in rows])
    terms = work.terms
    filtered = [row["id"] for row in rows if row["deleted_at"] is None and not terms.admit(row)]
    outside = set(filtered)
    live = [
        row
        for row in rows
        if row["deleted_at"] is None and row["id"] not in outside and _concerns(work, row, there=row["id"] in known)
    ]
    out = outbound(work, live)
    hashes = {local_id: content_hash(flat) for local_id, flat in out.mapped.items()}
    stale = [i for i in out.mapped if i in known and (known[i].deleted or known[i].pushed_hash != hashes[i])]
    before = ledger.pushed_of(work.conn, *work.key, ids=stale)
    creates: list[Intent] = []
    updates: list[Intent] = []
    unchanged: list[str] = []
    for local_id, flat in out.mapped.items():
        entry = known.get(local_id)
        needed = _needed(work, entry, hashes[local_id])
        if needed not in work.spec.may:
            unchanged.append(local_id)
        elif entry is None or needed == "create":
            creates.append(_create(work, local_id, flat))
        elif entry.deleted:
            updates.append(_update(work, entry, flat, flat))
        else:
            # What the mapping no longer sends stays at the provider as it is.
            fields = {path: flat[path] for path in sorted(changed(flat, before[local_id])) if path in flat}
            if fields:
                updates.append(_update(work, entry, flat, fields))
            else:
                unchanged.append(local_id)
    gone = [known[row["id"]] for row in rows if row["deleted_at"] is not None and row["id"] in known]
    goes = work.spec.on_delete != "ignore" and "delete" in work.spec.may
    deletes = [_delete(work, entry) for entry in gone if goes and not entry.deleted]
    looked_at = {row["id"] for row in live} | {intent.local_id for intent in deletes} | outside
    settled = [row["id"] for row in rows if row["id"] not in looked_at]
    return Decisions(
        creates=creates,
        updates=updates,
        deletes=deletes,
        unchanged=unchanged + settled,
        filtered=filtered,
        bad=out.bad,
        waiting=out.waiting,
        before=before,
        mapped_rows=len(live) - len(out.waiting),
    )


def _concerns(work: Work, row: Row, *, there: bool) -> bool:
    """Whether a push is about a row with these values; `there` says whether its record is at the provider."""
    conditions = work.spec.only_if if there else {**work.spec.begin_if, **work.spec.only_if}
    return all(row[column] in values for column, values in conditions.items())


def _needed(work: Work, entry: Entry | None, now: bytes) -> Operation | None:
    """What brings the provider in step with a living row whose content hash is `now`; None when nothing is needed."""
    if entry is None or (entry.deleted and work.spec.on_delete == "delete"):
        return "create"
    if entry.deleted:
        return "update" if work.spec.on_delete == "archive" else None
    return None if entry.pushed_hash == now else "update"


def _create(work: Work, local_id: str, flat: Flat) -> Intent:
    fields = {path: value for path, value in flat.items() if value is not None} | work.mapping.constants
    return Intent(
        local_id=local_id,
        operation="create",
        record_key=work.new_key(),
        batch_key="",
        position=0,
        fields=fields,
        mapped=flat,
        remote_id=None,
        remote_state={},
        created_at=work.clock.now(),
    )


def _update(work: Work, entry: Entry, flat: Flat, fields: Flat) -> Intent:
    return Intent(
        local_id=entry.local_id,
        operation="update",
        record_key=work.new_key(),
        batch_key="",
        position=0,
        fields=fields,
        mapped=flat,
        remote_id=entry.remote_id,
        remote_state=entry.remote_state,
        created_at=work.clock.now(),
    )


def _delete(work: Work, entry: Entry) -> Intent:
    return Intent(
        local_id=entry.local_id,
        operation="delete",
        record_key=work.new_key(),
        batch_key="",
        position=0,
        fields={},
        mapped={},
        remote_id=entry.remote_id,
        remote_state=entry.remote_state,
        created_at=work.clock.now(),
    )
