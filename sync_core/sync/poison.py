"""A record on which the provider itself fails each time, found among its neighbours, which go through.

Stays true: an outage makes no letters while questions go unanswered, nor in its first syncs; whatever may have taken
effect is looked up before it is given up or sent under another key.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sync_core.errors import BatchRefused, OutcomeUnknown, ProviderRefused, SyncError, TransientError
from sync_core.http.breaker import SUCCESSES
from sync_core.providers.protocol import Outcome, Remote, Sought
from sync_core.store import dead_letters, intents, pending
from sync_core.store.intents import Intent
from sync_core.sync.request import Request, batch_of, numbered, split
from sync_core.sync.settle import give_back, settle
from sync_core.sync.work import Work

PROVIDER_FAILS: Final = "provider_fails"
"""The code of letters of such records."""
OUTAGE: Final = 5
"""So many failures without one success are the provider's trouble and no record's."""
TRIALS: Final = 3
"""In so many syncs a record may fail, while the provider answers questions, before it is given up even so."""
MOST: Final = 20
"""Failures in a row after which a search ends, and records sent alone at the end of a sync: each costs several trials."""

_SENT = timedelta(hours=1)
"""A record was sent for the last time within so long before it became a letter, clocks that differ included."""
_FAILED = 500  # HTTP: from here on the provider says that it failed itself


def may_be_one_record_s(failed: SyncError) -> bool:
    """Whether the provider answered that it failed, which a record may have made it do: no time-out, no open breaker."""
    if failed.told is None:
        # A client that says nothing of a status has read the failure in the entry of one record.
        return isinstance(failed, OutcomeUnknown)
    return (failed.told.status or 0) >= _FAILED


def isolate(work: Work, requests: Sequence[Request]) -> None:
    """Send these requests one by one, in halves where the provider fails; what fails alone becomes a dead letter.

    Raises what looks like an outage, and whatever else stops a sync; the intents of the rest stay for the next one.
    """
    if not requests:
        return
    for _ in range(SUCCESSES):
        work.provider.account()  # or its breaker is open still: it may have been these requests that opened it
    search = _Search(work, known=frozenset(_since(work)), queue=deque(_absent(work, requests)))
    while search.queue:
        search.send(search.queue.popleft())
    search.end()


def send_alone(work: Work, decided: Sequence[Intent]) -> None:
    """Write records on which the provider failed before, each in a request of its own. Raises as `isolate`."""
    since = _since(work)
    # A create that took effect late is found by when it was sent, which was before it became a letter.
    aged = [replace(one, created_at=since.get(one.local_id, one.created_at) - _SENT) for one in decided]
    alone = [numbered(work, [intent]) for intent in aged]
    with work.transaction() as conn:
        intents.record(conn, *work.key, decided=[request[0] for request in alone])
    isolate(work, alone)


@dataclass(slots=True)
class _Search:
    """What is still to be sent, and which records failed alone since the provider last did something."""

    work: Work
    known: Collection[str]
    queue: deque[Request]
    suspects: list[tuple[Intent, SyncError]] = field(default_factory=list[tuple[Intent, SyncError]])
    failures: int = 0
    hopeless: int = 0
    well: bool = False

    def send(self, request: Request) -> None:
        """Send one, and settle it or look further. Raises as `isolate`."""
        work = self.work
        try:
            outcomes = work.provider.write(work.entity, batch_of(request))
        except BatchRefused as refusal:
            self._answered()
            if len(request) == 1:
                settle(work, [(request[0], _refused(request[0], "refused", refusal))])
            else:
                self.queue.extendleft(reversed(split(work, request)))
        except ProviderRefused as refusal:
            give_back(work, request, refusal)
            raise
        except OutcomeUnknown as failed:
            # Its key is used up, whatever it was that went wrong.
            self._failed(_rekeyed(work, request), failed)
        except TransientError as failed:
            if not may_be_one_record_s(failed):
                raise
            self._failed(request, failed)
        else:
            self._answered()
            settle(work, list(zip(request, outcomes, strict=True)))

    def end(self) -> None:
        """Give the last suspects up. Raises their error where they are so many that it looks like an outage."""
        if self.suspects and self.failures >= OUTAGE:
            self._note([])
            raise self.suspects[-1][1]
        self._give_up_suspects()

    def _answered(self) -> None:
        """It did its part for others: so it was the suspects' own doing."""
        self._give_up_suspects()
        self.failures, self.well = 0, True

    def _failed(self, request: Request, failed: SyncError) -> None:
        """Look up what failed, and put what is not there into the queue by halves. Raises `failed` if it is an outage."""
        self.work.provider.account()  # raises when it fails altogether; else this was no failure in a row
        alone = len(request) == 1
        if alone and (request[0].local_id in self.known or request[0].failures >= TRIALS) and self.hopeless < MOST:
            self.hopeless += 1
            for rest in _absent(self.work, [request]):
                self._give_up(rest[0], failed)
            return
        self.failures += 1
        if self.failures >= (MOST if self.well else OUTAGE):
            self._note([request, *self.queue])
            raise failed
        for rest in _absent(self.work, [request]):
            if alone and may_be_one_record_s(failed):
                self.suspects.append((rest[0], failed))
            else:
                self.queue.extend(split(self.work, rest) if len(rest) > 1 else [rest])

    def _note(self, requests: Sequence[Request]) -> None:
        """What is left has had its trial in this sync."""
        left = [intent for request in requests for intent in request] + [intent for intent, _ in self.suspects]
        with self.work.transaction() as conn:
            intents.note_failure(conn, *self.work.key, ids=[intent.local_id for intent in left])

    def _give_up_suspects(self) -> None:
        for intent, failed in self.suspects:
            self._give_up(intent, failed)
        self.suspects.clear()

    def _give_up(self, intent: Intent, failed: SyncError) -> None:
        _settle_failing(self.work, intent, failed)
        if intent.local_id not in self.known:
            with self.work.transaction() as conn:
                # Else it would be due at the end of this very sync.
                pending.rest(conn, *self.work.key, ids=[intent.local_id])


def _since(work: Work) -> dict[str, datetime]:
    with work.transaction() as conn:
        return dead_letters.of_code(conn, *work.key, code=PROVIDER_FAILS)


def _rekeyed(work: Work, request: Request) -> Request:
    fresh = numbered(work, [replace(intent, record_key=work.new_key()) for intent in request])
    with work.transaction() as conn:
        intents.record(conn, *work.key, decided=fresh)
    return fresh


def _settle_failing(work: Work, intent: Intent, failed: SyncError) -> None:
    """Settle a write that fails alone: as done if it shows at the provider after all, else as refused."""
    shown = _shown(work, intent)
    if shown is not None:
        settle(work, [(intent, Outcome(intent.local_id, remote=shown, looked_up=True))])
    else:
        settle(work, [(intent, _refused(intent, PROVIDER_FAILS, failed))])


def _refused(intent: Intent, code: str, why: SyncError) -> Outcome:
    return Outcome(intent.local_id, refused_code=code, refused_reason=str(why))


def _absent(work: Work, requests: Sequence[Request]) -> list[Request]:
    """The requests without the records to be created that are at the provider by now, which are settled."""
    asked = [one for request in requests for one in request if one.operation == "create"]
    sought = [Sought(one.local_id, one.fields, one.created_at) for one in asked]
    there = work.provider.find(work.entity, sought) if sought else {}
    if not there:
        return list(requests)
    found = [(i, Outcome(i.local_id, remote=there[i.local_id], looked_up=True)) for i in asked if i.local_id in there]
    settle(work, found)
    return [rest for request in requests if (rest := _without(work, request, there))]


def _without(work: Work, request: Request, there: Mapping[str, Remote]) -> Request:
    rest = [one for one in request if one.local_id not in there]
    if not rest or len(rest) == len(request):
        return tuple(rest)
    shorter = numbered(work, rest)  # another body needs another key
    with work.transaction() as conn:
        intents.record(conn, *work.key, decided=shorter)
    return shorter


def _shown(work: Work, intent: Intent) -> Remote | None:
    """The object as it is, if a change of it or its deletion can be seen to have taken effect; None when not.

    Nobody would mistake the effect of a write for a change by somebody else where nothing is pulled.
    """
    if intent.operation == "create" or intent.remote_id is None or not work.spec.pulls:
        return None
    try:
        [remote] = work.provider.fetch(work.entity, [intent.remote_id])
    except SyncError as failed:
        if may_be_one_record_s(failed):
            return None  # an object that cannot even be read
        raise
    if intent.operation == "delete" or remote.deleted:
        return remote if intent.operation == "delete" and remote.deleted else None
    [seen] = work.mapping.seen([remote.record])
    return remote if _agrees(seen, intent.fields) else None


def _agrees(seen: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    return all(seen[path] == value for path, value in sent.items() if path in seen)
