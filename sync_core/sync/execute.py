"""Carrying out intents: in the provider's own batches, several requests at once, every outcome settled.

Stays true: a request leaves only after its intents are stored; when it is not known whether a request took effect,
its records are looked up before any of them is written again. What comes next is decided while calls are under way, so
that the provider and we wait for each other less.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain

from sync_core.errors import BatchRefused, OutcomeUnknown, ProviderRefused, SyncError, Told, TransientError
from sync_core.providers.protocol import Outcome, Sought
from sync_core.store import intents
from sync_core.store.intents import Intent
from sync_core.sync.once import leave_in_doubt
from sync_core.sync.poison import isolate, may_be_one_record_s
from sync_core.sync.request import Request, as_stored, batch_of, batched, numbered, split
from sync_core.sync.settle import give_back, settle
from sync_core.sync.work import Work

SETTLE_AT = 200
"""Outcomes per settling transaction, at most; a crash before it costs replays, which have no second effect."""
SETTLE_SECONDS = 1.0
MOST_IN_DOUBT = 100
"""Requests of unknown outcome that are looked up together, at most: a look-up may read a whole list of the provider's."""
DOUBTS = 3
"""How often in one sync a write whose outcome is unknown is looked up and tried again."""


def carry_out(work: Work, groups: Iterator[Sequence[Intent]]) -> list[str]:
    """Store the intents of each group, write them at the provider, settle their outcomes; the ids of overtaken rows.

    A group is asked for when there is room for more calls; by then the intents of the one before it are stored.
    Raises what stopped it (TransientError, AuthorizationLost, ProviderRefused, or what a group raises); what was under
    way is settled first, and the intents without an outcome are replayed by the next sync.
    """
    if work.spec.once:
        for group in groups:
            _one_by_one(work, batched(work, group))
        return []
    return _send_all(work, _stored(work, groups), doubts=0)


def _stored(work: Work, groups: Iterator[Sequence[Intent]]) -> Iterator[Request]:
    for group in groups:
        requests = batched(work, group)
        with work.transaction() as conn:
            intents.record(conn, *work.key, decided=[intent for request in requests for intent in request])
        yield from requests


def _one_by_one(work: Work, requests: Sequence[Request]) -> None:
    """What must not be sent twice: an intent is stored only when its turn has come, so that a crash puts one in doubt."""
    for request in requests:
        with work.transaction() as conn:
            intents.record(conn, *work.key, decided=request)
        try:
            outcomes = work.provider.write(work.entity, batch_of(request))
        except OutcomeUnknown:
            leave_in_doubt(work, request)
        except SyncError as error:
            give_back(work, request, error)
            raise
        else:
            settle(work, list(zip(request, outcomes, strict=True)))


def replay(work: Work) -> None:
    """Finish what an earlier sync left without an outcome: same keys, same requests.

    Where the provider may have forgotten the keys by now, the records are looked up first. Requests on which it failed
    come last, one by one, for a single record of them may be to blame.
    """
    with work.transaction() as conn:
        left = intents.unsettled(conn, *work.key)
    if not left:
        return
    if work.spec.once:
        leave_in_doubt(work, left)
        return
    remembered = work.clock.now() - timedelta(hours=work.provider_spec.limits.idempotency_hours) * 0.9
    requests = as_stored(left)
    failed = [request for request in requests if request[0].failures]
    others = [request for request in requests if not request[0].failures]
    fresh = [request for request in others if request[0].created_at > remembered]
    forgotten = [request for request in others if request[0].created_at <= remembered]
    _send_all(work, iter(fresh + _clarified(work, forgotten)), doubts=0)
    if failed:
        isolate(work, failed)
    work.tally.add(recovered=len(left))


@dataclass(slots=True)
class _State:
    """What a run over many requests has come to so far."""

    done: list[tuple[Intent, Outcome]] = field(default_factory=list[tuple[Intent, Outcome]])
    doubtful: list[Request] = field(default_factory=list[Request])
    again: list[Request] = field(default_factory=list[Request])
    overtaken: list[str] = field(default_factory=list[str])
    stop: SyncError | None = None


def _send_all(work: Work, requests: Iterator[Request], *, doubts: int) -> list[str]:
    """Send all of `requests`, and look up what is in doubt, much of it together; the ids of overtaken rows."""
    overtaken: list[str] = []
    for first in requests:
        state = _send(work, chain([first], requests))
        overtaken += state.overtaken
        if state.stop is not None:
            raise state.stop
        if state.doubtful:
            if doubts >= DOUBTS:
                raise TransientError(
                    f"{work.provider_spec.title} keeps failing on {work.entity} of {work.connection.label}; "
                    "the next sync looks the records up again.",
                    told=Told(code="keeps_failing"),
                )
            overtaken += _send_all(work, iter(_clarified(work, state.doubtful)), doubts=doubts + 1)
    return overtaken


def _send(work: Work, requests: Iterator[Request]) -> _State:
    """Send until `requests` are at their end, something stops it or much is in doubt; what was sent is settled."""
    state = _State()
    at_once = work.spec.batch.concurrency or work.provider_spec.limits.concurrency
    running: dict[Future[list[Outcome]], Request] = {}
    settled_at = time.monotonic()
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix=work.connection.label) as pool:
        while True:
            while len(running) < 2 * at_once and (request := _next(requests, state)) is not None:
                running[pool.submit(copy_context().run, work.provider.write, work.entity, batch_of(request))] = request
            if not running:
                break
            finished, _ = wait(running, timeout=SETTLE_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                _take(work, running.pop(future), future, state)
            if len(state.done) >= SETTLE_AT or time.monotonic() - settled_at > SETTLE_SECONDS:
                settle(work, state.done)
                state.done.clear()
                settled_at = time.monotonic()
    settle(work, state.done)
    return state


def _next(requests: Iterator[Request], state: _State) -> Request | None:
    """What to send next: halves of a refused request first. None when nothing more is to be sent for now."""
    if state.stop is not None:
        return None
    if state.again:
        return state.again.pop(0)
    if len(state.doubtful) >= MOST_IN_DOUBT:
        return None
    try:
        return next(requests, None)
    except SyncError as error:
        state.stop = error
        return None


def _take(work: Work, request: Request, future: Future[list[Outcome]], state: _State) -> None:
    try:
        outcomes = future.result()
        state.done.extend(zip(request, outcomes, strict=True))
        state.overtaken.extend(one.local_id for one in outcomes if one.overtaken is not None)
    except BatchRefused as error:
        if len(request) == 1:
            refused = Outcome(request[0].local_id, refused_code="refused", refused_reason=str(error))
            state.done.append((request[0], refused))
        else:
            state.again.extend(split(work, request))
    except OutcomeUnknown as error:
        state.doubtful.append(_noted(work, request, error))
    except ProviderRefused as error:
        give_back(work, request, error)
        state.stop = state.stop or error
    except SyncError as error:
        _noted(work, request, error)
        state.stop = state.stop or error


def _noted(work: Work, request: Request, error: SyncError) -> Request:
    """The request, counted as one on which the provider failed, if it did; the next sync may have to finish it."""
    if not may_be_one_record_s(error):
        return request
    with work.transaction() as conn:
        intents.note_failure(conn, *work.key, ids=[intent.local_id for intent in request])
    return tuple(replace(intent, failures=intent.failures + 1) for intent in request)


def _clarified(work: Work, doubtful: Sequence[Request]) -> list[Request]:
    """Look the records of doubtful requests up: settle those that are there, and re-key the rest to be sent again.

    An update or delete has the same effect twice, so it is simply sent again under a new key.
    """
    asked = [intent for request in doubtful for intent in request if intent.operation == "create"]
    sought = [Sought(intent.local_id, intent.fields, intent.created_at) for intent in asked]
    there = work.provider.find(work.entity, sought) if sought else {}
    found = [(i, Outcome(i.local_id, remote=there[i.local_id], looked_up=True)) for i in asked if i.local_id in there]
    settle(work, found)
    fresh: list[Request] = []
    for request in doubtful:
        rest = [replace(intent, record_key=work.new_key()) for intent in request if intent.local_id not in there]
        if rest:
            fresh.append(numbered(work, rest))
    with work.transaction() as conn:
        intents.record(conn, *work.key, decided=[intent for request in fresh for intent in request])
    return fresh
