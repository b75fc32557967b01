"""Single objects read again because an event told of them: the way in of a pull, without a page and its cursor.

What an event says about an object is never applied. Whatever the order, ties and repetitions of the events, the last
reading is of the newest state; the lock of the entity keeps readings, pulls and pushes of it one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sync_core.store import ledger
from sync_core.sync.pull import take_in
from sync_core.sync.work import Work


def refresh(work: Work, remote_ids: Sequence[str], *, told_at: Mapping[str, datetime]) -> None:
    """Bring the objects with these ids to the venue as they are now; one that is gone is a deletion.

    `told_at` is when an event told of a change, for objects that do not say themselves when they changed.
    """
    asked = _known(work, list(dict.fromkeys(remote_ids)))
    found = work.provider.fetch(work.entity, list(asked))
    dated = [
        replace(remote, updated_at=remote.updated_at or told_at.get(name))
        for remote, name in zip(found, asked.values(), strict=True)
    ]
    with work.transaction():
        take_in(work, dated)


def _known(work: Work, names: Sequence[str]) -> dict[str, str]:
    """Remote id -> what the event called it. The two differ where the declaration says `named_by`.

    Mailchimp's webhooks know a contact by its address alone; an address that the ledger does not know goes as it is.
    """
    pick = work.spec.named_by
    if pick is None:
        return {name: name for name in names}
    with work.transaction() as conn:
        known = ledger.ids_by_state(conn, *work.key, values=names, pick=pick)
    return {known.get(name, name): name for name in names}
