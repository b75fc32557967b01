"""Carrying out intents: in the provider's own batches, several requests at once, every outcome settled.

Stays true: a request leaves only after its intents are stored; when it is not known whether a request took effect,
its records are looked up before any of them is written again. What comes next is decided while calls are under way, so
that the provider and we wait for each other less.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain

from sync_core.errors import BatchRefused, OutcomeUnknown, ProviderRefused, SyncError, Told, TransientError
from sync_core.providers.protocol import Batch, Outcome, Sought, Write
from sync_core.store import intents, pending
from sync_core.store.intents import Intent
from sync_core.sync.once import leave_in_doubt
from sync_core.sync.settle import settle
from sync_core.sync.work import Work

SETTLE_AT = 200
"""Outcomes per settling transaction, at most; a crash before it costs replays, which have no second effect."""
SETTLE_SECONDS = 1.0
MOST_IN_DOUBT = 100
"""Requests of unknown outcome that are looked up together, at most: a look-up may read a whole list of the provider's."""
DOUBTS = 3
"""How often in one sync a write whose outcome is unknown is looked up and tried again."""

Request = tuple[Intent, ...]


def batched(work: Work, decided: Sequence[Intent]) -> list[Request]:
    """Group intents of one operation each into requests of the declared size, and number them."""
    requests: list[Request] = []
    for operation in ("create", "update", "delete"):
        size = getattr(work.spec.batch, operation)
        mine = [intent for intent in decided if intent.operation == operation]
        requests.extend(_numbered(work, mine[start : start + size]) for start in range(0, len(mine), size))
    return requests


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
    return _run(work, _stored(work, groups), doubts=0)


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
            outcomes = work.provider.write(work.entity, _batch(request))
        except OutcomeUnknown:
            leave_in_doubt(work, request)
        except SyncError as error:
            _give_back(work, request, error)
            raise
        else:
            settle(work, list(zip(request, outcomes, strict=True)))


def replay(work: Work) -> None:
    """Finish what an earlier sync left without an outcome: same keys, same requests.

    Where the provider may have forgotten the keys by now, the records are looked up first.
    """
    with work.transaction() as conn:
        left = intents.unsettled(conn, *work.key)
    if not left:
        return
    if work.spec.once:
        leave_in_doubt(work, left)
        return
    remembered = work.clock.now() - timedelta(hours=work.provider_spec.limits.idempotency_hours) * 0.9
    groups: dict[str, list[Intent]] = {}
    for intent in left:
        groups.setdefault(intent.batch_key, []).append(intent)
    requests = [tuple(group) for group in groups.values()]
    fresh = [request for request in requests if request[0].created_at > remembered]
    forgotten = [request for request in requests if request[0].created_at <= remembered]
    _run(work, iter(fresh + _clarified(work, forgotten)), doubts=0)
    work.tally.add(recovered=len(left))


@dataclass(slots=True)
class _State:
    """What a run over many requests has come to so far."""

    done: list[tuple[Intent, Outcome]] = field(default_factory=list[tuple[Intent, Outcome]])
    doubtful: list[Request] = field(default_factory=list[Request])
    again: list[Request] = field(default_factory=list[Request])
    overtaken: list[str] = field(default_factory=list[str])
    stop: SyncError | None = None


def _run(work: Work, requests: Iterator[Request], *, doubts: int) -> list[str]:
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
            overtaken += _run(work, iter(_clarified(work, state.doubtful)), doubts=doubts + 1)
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
                running[pool.submit(work.provider.write, work.entity, _batch(request))] = request
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
            state.again.extend(_split(work, request))
    except OutcomeUnknown:
        state.doubtful.append(request)
    except ProviderRefused as error:
        _give_back(work, request, error)
        state.stop = state.stop or error
    except SyncError as error:
        state.stop = state.stop or error


def _batch(request: Request) -> Batch:
    writes = tuple(
        Write(
            operation=intent.operation,
            local_id=intent.local_id,
            key=intent.record_key,
            fields=intent.fields,
            remote_id=intent.remote_id,
            remote_state=intent.remote_state,
        )
        for intent in request
    )
    return Batch(key=request[0].batch_key, operation=request[0].operation, writes=writes)


def _numbered(work: Work, group: Sequence[Intent]) -> Request:
    key = work.new_key()
    return tuple(replace(intent, batch_key=key, position=place) for place, intent in enumerate(group))


def _split(work: Work, request: Request) -> list[Request]:
    """Halve a request that was refused as a whole, to find the record that is at fault; nothing of it was written."""
    middle = len(request) // 2
    halves = [_numbered(work, request[:middle]), _numbered(work, request[middle:])]
    with work.transaction() as conn:
        intents.record(conn, *work.key, decided=[intent for half in halves for intent in half])
    return halves


def _give_back(work: Work, request: Request, error: SyncError) -> None:
    """The provider has surely not done this request: forget the intents, keep the rows due."""
    ids = [intent.local_id for intent in request]
    with work.transaction() as conn:
        intents.clear(conn, *work.key, ids=ids)
        pending.wait(conn, *work.key, reasons=dict.fromkeys(ids, str(error)))


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
            fresh.append(_numbered(work, rest))
    with work.transaction() as conn:
        intents.record(conn, *work.key, decided=[intent for request in fresh for intent in request])
    return fresh
