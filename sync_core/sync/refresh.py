"""Single objects read again because an event told of them: the way in of a pull, without a page and its cursor.

What an event says about an object is never applied. Whatever the order, ties and repetitions of the events, the last
reading is of the newest state; the lock of the entity keeps readings, pulls and pushes of it one after the other, and
what an earlier push left is finished first, as in a sync.
What an object refers to may be told of later than the object itself, so what nobody here knows yet is brought first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sync_core import traces
from sync_core.errors import SyncError
from sync_core.providers.protocol import Remote
from sync_core.store import ledger
from sync_core.sync.execute import replay
from sync_core.sync.inbound import shown, strangers
from sync_core.sync.pull import take_in
from sync_core.sync.terms import terms_of
from sync_core.sync.work import Work

Bring = Callable[[str, Sequence[str]], None]


def refresh(
    work: Work,
    remote_ids: Sequence[str],
    *,
    told_at: Mapping[str, datetime],
    bring: Bring,
) -> None:
    """Bring the objects with these ids to the venue as they are now; one that is gone is a deletion.

    Args:
        work: the entity they are of.
        remote_ids: as events name them.
        told_at: when an event told of a change, for objects that do not say themselves when they changed.
        bring: makes objects of another entity known here before these, which refer to them; given no ids, all that
            changed.
    """
    if not work.terms.pulls:
        raise SyncError(f"{work.entity} of {work.connection.label} are not read: the connection's settings say push.")
    if work.spec.pushes:
        # Else a write of ours that was cut short would look like somebody else's, and win over what the venue did since.
        with traces.span("replay"):
            replay(work)
    asked = by_remote_id(work, list(dict.fromkeys(remote_ids)))
    found = work.provider.fetch(work.entity, list(asked))
    with work.transaction():
        dated = _dated(
            work, found, {remote.id: told_at.get(name) for remote, name in zip(found, asked.values(), strict=True)}
        )
        unknown = strangers(work, dated)
    for (entity, pick), ids in unknown.items():
        declared = work.provider_spec.entities[entity]
        if entity != work.entity and terms_of(work.connection.settings, declared, entity).pulls:
            bring(entity, ids if pick == "id" else ())
    with work.transaction():
        take_in(work, shown(work.mapping, dated))


def _dated(work: Work, found: Sequence[Remote], told: Mapping[str, datetime | None]) -> list[Remote]:
    """With the time of the event where the object tells none: never before what we have seen, for this is newer."""
    undated = [remote.id for remote in found if remote.updated_at is None and told[remote.id] is not None]
    seen = {
        name: entry.remote_updated_at for name, entry in ledger.by_remote(work.conn, *work.key, ids=undated).items()
    }
    return [
        replace(remote, updated_at=max(filter(None, (told[remote.id], seen.get(remote.id)))))
        if remote.id in undated
        else remote
        for remote in found
    ]


def by_remote_id(work: Work, names: Sequence[str]) -> dict[str, str]:
    """Remote id -> what the event called it. The two differ where the declaration says `named_by`.

    Mailchimp's webhooks know a contact by its address alone; an address that the ledger does not know goes as it is.
    """
    pick = work.spec.named_by
    if pick is None:
        return {name: name for name in names}
    with work.transaction() as conn:
        known = ledger.ids_by_state(conn, *work.key, values=names, pick=pick)
    return {known.get(name, name): name for name in names}
