"""Dead letters tried again because somebody asks for it: what the provider sent is read anew at once, the rest by a sync.

Stays true: what cannot be read at once (a sync is at it, one object spoils the reading) waits for a sync, which looks at
such objects one by one; asking again for what waits already asks for no second sync.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from sync_api.context import Api
from sync_api.errors import Refused
from sync_core.store import dead_letters, inbox, letter_desk, queue
from sync_core.store.connections import Connection
from sync_core.store.dead_letters import WHOLE, OpenLetter
from sync_core.store.queue import Asked
from sync_core.sync.report import FIRST_FAILURES


def of_one_kind(letters: Sequence[OpenLetter]) -> Iterator[list[OpenLetter]]:
    """Letters by venue, provider, entity and direction."""

    def place(letter: OpenLetter) -> tuple[str, str, str, str]:
        return letter.venue, letter.provider, letter.entity, letter.direction

    for _, group in groupby(sorted(letters, key=place), key=place):
        yield list(group)


def try_again(
    api: Api, connection: Connection, letters: Sequence[OpenLetter], *, asker: str, request_id: str
) -> set[int]:
    """Try letters of one kind again; the ids of those that wait for a sync from now on."""
    entity, ids = letters[0].entity, [letter.record_id for letter in letters]
    # A report names so many failures and no more.
    readable = letters[0].direction == "pull" and len(ids) <= FIRST_FAILURES and WHOLE not in ids
    if readable and _read_anew(api, connection, entity, ids, request_id):
        return set()
    with api.database.begin() as conn:
        letter_desk.make_due(conn, connection.id, entity, record_ids=ids, direction=letters[0].direction)
        asked = Asked(connection.id, entity, "incremental", "high", asker, request_id=request_id)
        if not queue.waits(conn, asked):
            queue.enqueue(conn, asked)
    return {letter.id for letter in letters}


def _read_anew(api: Api, connection: Connection, entity: str, ids: Sequence[str], request_id: str) -> bool:
    """Read objects anew; what is good by now is resolved, also where it is back at what we knew and nothing is written.

    False when it did not come to that.
    """
    try:
        with api.outside.calling(connection.venue, api.engine.spec(connection.provider)):
            report = api.engine.refresh(connection, entity, ids, run_id=request_id)
    except Refused:  # enough requests of the venue wait for this provider
        return False
    if report.status != "succeeded":
        return False
    bad = {failure.record_id for failure in report.failures}
    good = [record_id for record_id in ids if record_id not in bad]
    with api.database.begin() as conn:
        dead_letters.resolve(conn, connection.id, entity, direction="pull", ids=good)
        inbox.settle_dead(conn, connection, good)
    return True
