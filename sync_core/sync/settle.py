"""The outcome of writes, recorded: ledger, dead letters, overtaken rows and the end of intents, in one transaction."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sync_core.errors import SyncError
from sync_core.mapping.compile import content_hash
from sync_core.providers.protocol import Outcome, Remote
from sync_core.store import dead_letters, intents, ledger, pending
from sync_core.store.dead_letters import Letter
from sync_core.store.intents import Intent
from sync_core.store.ledger import Entry
from sync_core.sync.overtaken import let_in
from sync_core.sync.report import RecordFailure
from sync_core.sync.work import Work
from sync_core.trouble import trouble_of_code

_COUNTED = {"create": "created", "update": "updated", "delete": "deleted"}


def settle(work: Work, done: Sequence[tuple[Intent, Outcome]]) -> None:
    """Record `done`: each intent with what became of it."""
    if not done:
        return
    written = [(intent, outcome.remote) for intent, outcome in done if outcome.remote is not None]
    looked_up = {outcome.local_id for _, outcome in done if outcome.looked_up}
    overtaken = [(intent, outcome.overtaken) for intent, outcome in done if outcome.overtaken is not None]
    refused = [(intent, outcome) for intent, outcome in done if outcome.remote is None and outcome.overtaken is None]
    ids = [intent.local_id for intent, _ in written]
    with work.transaction() as conn:
        seen = ledger.seen_of(conn, *work.key, ids=ids) if work.spec.pulls else {}
        ledger.settle(
            conn,
            *work.key,
            entries=_entries(work, written, seen, looked_up),
        )
        intents.clear(conn, *work.key, ids=[intent.local_id for intent, _ in done])
        pending.clear(conn, *work.key, ids=ids)
        dead_letters.resolve(conn, *work.key, direction="push", ids=ids)
        _bury(work, [_letter(work, outcome) for _, outcome in refused])
        let_in(work, overtaken)
    work.tally.add(**Counter(_COUNTED[intent.operation] for intent, _ in written))


def give_back(work: Work, request: Sequence[Intent], error: SyncError) -> None:
    """The provider has surely not done this request: forget the intents, keep the rows due."""
    ids = [intent.local_id for intent in request]
    with work.transaction() as conn:
        intents.clear(conn, *work.key, ids=ids)
        pending.wait(conn, *work.key, reasons=dict.fromkeys(ids, str(error)))


def bury(work: Work, letters: Sequence[Letter]) -> None:
    """Rows that cannot be pushed as they are: a dead letter each, and another look later."""
    if letters:
        with work.transaction():
            _bury(work, letters)


def _bury(work: Work, letters: Sequence[Letter]) -> None:
    dead_letters.post(work.conn, *work.key, direction="push", letters=letters)
    pending.retry_later(work.conn, *work.key, reasons={letter.record_id: letter.reason for letter in letters})
    for letter in letters:
        work.tally.add(failed=1)
        work.tally.fail(RecordFailure(letter.record_id, "push", letter.code, letter.reason))


def _letter(work: Work, outcome: Outcome) -> Letter:
    code = outcome.refused_code or "refused"
    reason = outcome.refused_reason or "The provider gave no reason."
    return Letter(outcome.local_id, code, reason, trouble_of_code(work.connection.provider, code).category)


def _entries(
    work: Work,
    written: Sequence[tuple[Intent, Remote]],
    seen_before: Mapping[str, Mapping[str, Any]],
    looked_up: Collection[str],
) -> list[Entry]:
    # All at once: what a mapping costs a call is more than what it costs a record.
    shown = work.mapping.seen([remote.record for _, remote in written]) if work.spec.pulls else [None] * len(written)
    entries: list[Entry] = []
    for (intent, remote), now in zip(written, shown, strict=True):
        # What was not answered is taken to have been as it was sent: whatever is different by now is somebody's change
        # since, which the next pull must see.
        ours = intent.fields if intent.local_id in looked_up else now
        before = seen_before.get(intent.local_id) or {}
        entries.append(_entry(intent, remote, None if now is None else _seen(intent, now, before, ours=ours or now)))
    return entries


def _entry(intent: Intent, remote: Remote, seen: Mapping[str, Any] | None) -> Entry:
    return Entry(
        local_id=intent.local_id,
        remote_id=remote.id,
        remote_state=remote.state,
        pushed_hash=content_hash(intent.mapped),
        pushed=intent.mapped,
        seen_hash=content_hash(seen) if seen is not None else None,
        seen=seen,
        remote_updated_at=remote.updated_at,
        deleted=intent.operation == "delete",
    )


def _seen(
    intent: Intent, shown: Mapping[str, Any], before: Mapping[str, Any], *, ours: Mapping[str, Any]
) -> dict[str, Any]:
    """What the provider shows after our write, as far as it is our doing; `ours` is what that made of the sent fields.

    A field that we did not send may be the provider's own (a refund's status), or may have been changed by somebody
    else since we last read the object. It keeps its old value here, so that the next pull sees the difference and
    brings it home.
    """
    return {path: ours[path] if path in intent.fields else before.get(path) for path in shown}
