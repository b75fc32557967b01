"""Objects that could not be taken in, asked for again although nobody changed them: the pull's cursor is past them.

Stays true: a letter is resolved only by a reading that went well; an object that makes the reading itself fail is read
alone, so that it keeps neither the other letters nor the sync from their end.
"""

from collections.abc import Sequence

from sync_core.errors import AuthorizationLost, DatabaseFailure, Stopped, SyncError, ThrottledError, TransientError
from sync_core.store import dead_letters, inbox
from sync_core.store.dead_letters import WHOLE, Letter
from sync_core.sync.inbound import shown
from sync_core.sync.pull import take_in
from sync_core.sync.refresh import by_remote_id
from sync_core.sync.report import RecordFailure
from sync_core.sync.work import Work
from sync_core.trouble import code_of, trouble_of

MOST = 200
"""Letters looked at in one sync: a mapping that is wrong for everything must not make each sync read everything again."""
AT_ONCE = 50


def due_letters(work: Work) -> list[str]:
    """What was refused on pull and is due. To be asked before a pull, which knows best of what it refuses itself."""
    with work.transaction() as conn:
        return dead_letters.due_on_pull(conn, *work.key, limit=MOST)


def look_again(work: Work, due: Sequence[str]) -> None:
    """Read what is `due`, and resolve what goes through now. A pull must just have gone well."""
    if WHOLE in due:
        # That was an event about no object in particular: the pull before this has read whatever changed.
        with work.transaction():
            _settle(work, [WHOLE])
    ids = [remote_id for remote_id in due if remote_id != WHOLE]
    for start in range(0, len(ids), AT_ONCE):
        try:
            _read(work, ids[start : start + AT_ONCE])
        except TransientError:
            return  # nobody can be asked for a while, and the letters are due still


def _read(work: Work, ids: Sequence[str]) -> None:
    try:
        found = work.provider.fetch(work.entity, list(by_remote_id(work, ids)))
    except (AuthorizationLost, DatabaseFailure, Stopped, ThrottledError):
        raise  # none of these is about one of the objects, and asking for each alone would be asking more
    except SyncError as failed:
        if code_of(failed) == "breaker_open":
            raise
        if len(ids) == 1:
            _still_dead(work, ids[0], failed)
            return
        for one in ids:
            _read(work, [one])
    else:
        with work.transaction():
            _settle(work, ids)
            take_in(work, shown(work.mapping, found))  # buries again what is still wrong


def _settle(work: Work, ids: Sequence[str]) -> None:
    dead_letters.resolve(work.conn, *work.key, direction="pull", ids=ids)
    inbox.settle_dead(work.conn, work.connection, [None if one == WHOLE else one for one in ids])


def _still_dead(work: Work, remote_id: str, failed: SyncError) -> None:
    if isinstance(failed, TransientError):
        with work.transaction() as conn:
            dead_letters.postpone(conn, *work.key, ids=[remote_id])  # why it is a letter is still the reason
        return
    trouble = trouble_of(failed, provider=work.connection.provider)
    letter = Letter(remote_id, code_of(failed) or "refused", str(failed), trouble.category)
    with work.transaction() as conn:
        dead_letters.post(conn, *work.key, direction="pull", letters=[letter])
    work.tally.add(pulled_failed=1)
    work.tally.fail(RecordFailure(remote_id, "pull", letter.code, letter.reason))
