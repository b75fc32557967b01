"""Objects that somebody changed at the provider between our pull and our write.

Stays true: the change is treated as every other news, field by field by the declared policy, and the row stays due until
a write decided with it at hand has gone through. Nothing of either side is lost, and nothing is overwritten unseen.
"""

from collections.abc import Sequence
from dataclasses import replace

from sync_core.providers.protocol import Remote
from sync_core.store import ledger, pending
from sync_core.store.intents import Intent
from sync_core.sync.inbound import News, shown
from sync_core.sync.pull import apply_news, remove
from sync_core.sync.work import Work

ROUNDS = 3
"""How often in one sync a write that was overtaken is decided anew."""
_REASON = "It was changed at the provider at the moment of the write; the policy decides again."


def let_in(work: Work, overtaken: Sequence[tuple[Intent, Remote]]) -> None:
    """Let the provider's side of `overtaken` in, and keep the rows due. To be called in the settling transaction.

    An entity that is only pushed, by declaration or by the connection's settings, has nothing to let in: the venue's
    state is the only one that counts, and its next write is made for the object as it is now.
    """
    if not overtaken:
        return
    remotes = [remote for _, remote in overtaken]
    known = ledger.by_remote(work.conn, *work.key, ids=[remote.id for remote in remotes])
    if work.terms.pulls:
        changed = [remote for remote in remotes if not remote.deleted]
        apply_news(work, [News(one, known.get(one.remote.id)) for one in shown(work.mapping, changed)])
        remove(work, [known[remote.id] for remote in remotes if remote.deleted and remote.id in known])
    else:
        entries = [replace(known[remote.id], remote_state=remote.state) for remote in remotes if remote.id in known]
        ledger.settle(work.conn, *work.key, entries=entries)
    pending.wait(work.conn, *work.key, reasons={intent.local_id: _REASON for intent, _ in overtaken})
