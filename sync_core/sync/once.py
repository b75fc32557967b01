"""What a provider can neither be asked about nor told twice: an order to act, which leaves no object behind.

Stays true: such a record is sent at most once. One whose sending is in doubt counts as sent, and stays in dead letters
until a person has looked: to send it again is theirs to decide, by a new record.
"""

from collections.abc import Sequence

from sync_core.mapping.compile import content_hash
from sync_core.store import dead_letters, intents, ledger, pending
from sync_core.store.dead_letters import Letter
from sync_core.store.intents import Intent
from sync_core.store.ledger import Entry
from sync_core.sync.report import RecordFailure
from sync_core.sync.work import Work

IN_DOUBT = "in_doubt"


def leave_in_doubt(work: Work, doubtful: Sequence[Intent]) -> None:
    """Settle writes of which nobody knows whether they took effect: as done, with a dead letter each."""
    ids = [intent.local_id for intent in doubtful]
    title = work.provider_spec.title
    reason = (
        f"{title} may or may not have done this when the connection failed, and cannot be asked, so it is not sent "
        f"again: look at {title}, and add a new record if it has not happened."
    )
    with work.transaction() as conn:
        ledger.settle(conn, *work.key, entries=[_entry(intent) for intent in doubtful])
        intents.clear(conn, *work.key, ids=ids)
        pending.clear(conn, *work.key, ids=ids)
        letters = [Letter(local_id, IN_DOUBT, reason) for local_id in ids]
        dead_letters.post(conn, *work.key, direction="push", letters=letters)
    work.tally.add(failed=len(ids))
    for letter in letters:
        work.tally.fail(RecordFailure(letter.record_id, "push", letter.code, letter.reason))


def _entry(intent: Intent) -> Entry:
    return Entry(
        local_id=intent.local_id,
        remote_id=intent.local_id,
        remote_state={},
        pushed_hash=content_hash(intent.mapped),
        pushed=intent.mapped,
        seen_hash=None,
        seen=None,
        remote_updated_at=None,
        deleted=False,
    )
