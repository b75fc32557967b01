"""Dead letters: records that need a person. Shown with who acts next, tried again or discarded, one or many."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from sync_api.access import V1
from sync_api.caller import Caller
from sync_api.connected import require_connected
from sync_api.context import Api, Here, RequestId
from sync_api.errors import Refused
from sync_api.gate import CallerNow, GatedRoute
from sync_api.shapes import (
    Before,
    BodyVenue,
    Data,
    Done,
    DoneWith,
    ItemId,
    Limit,
    QueryVenueMaybe,
    VenueBody,
    spec_of,
)
from sync_core.store import dead_letters, inbox, letter_desk, queue
from sync_core.store.connections import Connection
from sync_core.store.dead_letters import WHOLE, OpenLetter
from sync_core.store.letter_desk import Choice
from sync_core.store.queue import Asked
from sync_core.sync.report import FIRST_FAILURES
from sync_core.trouble import ACTORS, Category, trouble_of_code

router = APIRouter(tags=["dead letters"], route_class=GatedRoute)

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
MOST_AT_ONCE = 500
_LONGEST_AGE = 24 * 366
Hours = Annotated[int, Field(ge=0, le=_LONGEST_AGE, description="Only those that first failed so many hours ago.")]


class LetterShown(BaseModel):
    """A record that could not be synced: `record_id` is the venue's id on push, the provider's on pull.

    `category` says who must act next, `advice` what comes next, `reason` what was wrong with this record.
    """

    id: int
    venue_id: str
    integration_type: str
    entity: str
    direction: str
    record_id: str
    code: str
    category: Category
    advice: str
    reason: str
    attempts: int
    first_at: datetime
    last_at: datetime


class Retried(BaseModel):
    """What became of letters that were tried again. `queued` ones are pushed by a sync that has been asked for."""

    resolved: int
    queued: int
    still_open: int


class ChosenMany(VenueBody):
    """Which letters of a venue: those to which all that is said applies, at most 500 at a time, the oldest id last."""

    ids: list[Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]] | None = Field(
        default=None, max_length=MOST_AT_ONCE
    )
    provider: Word | None = None
    entity: Word | None = None
    category: Category | None = None
    olderThanHours: Hours | None = None  # noqa: N815 - JSON's name


class Discarded(BaseModel):
    """How many letters were discarded."""

    discarded: int


@router.get(f"{V1}/dead-letters")
def list_dead_letters(
    api: Here,
    caller: CallerNow,
    venue: QueryVenueMaybe,
    provider: Word | None = None,
    entity: Word | None = None,
    category: Category | None = None,
    olderThanHours: Annotated[int | None, Query(ge=0, le=_LONGEST_AGE)] = None,  # noqa: N803 - the query's name
    limit: Limit = 50,
    before: Before = None,
) -> Data[list[LetterShown]]:
    """List open letters by falling id: of one venue, or of every venue that the caller sees."""
    if provider is not None:
        spec_of(api.specs, provider)
    choice = Choice(
        venues=caller.venues if venue is None else {venue},
        provider=provider,
        entity=entity,
        category=category,
        older_than=_moment(api, olderThanHours),
    )
    with api.database.connect() as conn:
        found = letter_desk.listed(conn, choice, before=before, limit=limit)
    return Data(data=[_shown(letter) for letter in found])


@router.get(f"{V1}/dead-letters/{{letter_id:int}}")
def show_dead_letter(api: Here, caller: CallerNow, letter_id: ItemId) -> Data[LetterShown]:
    """Show one open letter."""
    return Data(data=_shown(_owned(api, caller, letter_id)))


@router.post(f"{V1}/dead-letters/retry")
def retry_dead_letters(
    api: Here, caller: CallerNow, venue: BodyVenue, request_id: RequestId, body: ChosenMany
) -> DoneWith[Retried]:
    """Try up to 500 letters of a venue again."""
    with api.database.connect() as conn:
        found = letter_desk.listed(conn, _choice(api, venue, body), limit=MOST_AT_ONCE)
    return _retried(api, caller, found, request_id)


@router.post(f"{V1}/dead-letters/discard")
def discard_dead_letters(api: Here, venue: BodyVenue, body: ChosenMany) -> DoneWith[Discarded]:
    """Discard up to 500 letters of a venue: their records are not tried again until they change."""
    if body.ids is None and body.provider is None and body.category is None:
        raise Refused("VALIDATION_ERROR", "Say which letters: give ids, a provider or a category.")
    with api.database.begin() as conn:
        found = letter_desk.listed(conn, _choice(api, venue, body), limit=MOST_AT_ONCE)
        gone = letter_desk.discard(conn, [letter.id for letter in found])
    return DoneWith(message=f"{gone} dead letters are discarded.", data=Discarded(discarded=gone))


@router.post(f"{V1}/dead-letters/{{letter_id:int}}/retry")
def retry_dead_letter(api: Here, caller: CallerNow, letter_id: ItemId, request_id: RequestId) -> DoneWith[Retried]:
    """Try one letter again: what the provider sent is read anew at once, what the venue has is pushed by a sync."""
    return _retried(api, caller, [_owned(api, caller, letter_id)], request_id)


@router.delete(f"{V1}/dead-letters/{{letter_id:int}}")
def discard_dead_letter(api: Here, caller: CallerNow, letter_id: ItemId) -> Done:
    """Discard a letter: the record is not tried again until it changes."""
    letter = _owned(api, caller, letter_id)
    with api.database.begin() as conn:
        letter_desk.discard(conn, [letter.id])
    return Done(message=f"Dead letter {letter.id} is discarded.")


def _owned(api: Api, caller: Caller, letter_id: int) -> OpenLetter:
    with api.database.connect() as conn:
        found = letter_desk.found(conn, letter_id)
    if found is None or not caller.sees(found.venue):
        raise Refused("DEAD_LETTER_NOT_FOUND", f"There is no open dead letter {letter_id}.")
    return found


def _retried(api: Api, caller: Caller, letters: Sequence[OpenLetter], request_id: str) -> DoneWith[Retried]:
    queued = 0
    for group in _grouped(letters):
        queued += _retry(api, caller, group, request_id)
    with api.database.connect() as conn:
        open_still = {x.id for x in letter_desk.listed(conn, Choice(ids=[x.id for x in letters]), limit=None)}
    resolved = len(letters) - len(open_still)
    told = Retried(resolved=resolved, queued=queued, still_open=len(open_still) - queued)
    sentence = f"{told.resolved} letters are resolved, {told.queued} wait for a sync, {told.still_open} are still open."
    return DoneWith(message=sentence, data=told)


def _choice(api: Api, venue: str, body: ChosenMany) -> Choice:
    return Choice(
        venues={venue},
        provider=body.provider,
        entity=body.entity,
        category=body.category,
        older_than=_moment(api, body.olderThanHours),
        ids=body.ids,
    )


def _moment(api: Api, hours: int | None) -> datetime | None:
    return None if hours is None else api.engine.clock.now() - timedelta(hours=hours)


def _grouped(letters: Sequence[OpenLetter]) -> Iterable[list[OpenLetter]]:
    def place(letter: OpenLetter) -> tuple[str, str, str, str]:
        return letter.venue, letter.provider, letter.entity, letter.direction

    for _, group in groupby(sorted(letters, key=place), key=place):
        yield list(group)


def _retry(api: Api, caller: Caller, group: Sequence[OpenLetter], request_id: str) -> int:
    """Try letters of one entity and direction again; how many of them now wait for a sync."""
    first, ids = group[0], [letter.record_id for letter in group]
    with api.database.connect() as conn:
        connection = require_connected(conn, first.venue, spec_of(api.specs, first.provider))
    if first.direction == "pull" and len(ids) <= FIRST_FAILURES and WHOLE not in ids:
        _read_again(api, connection, first.entity, ids, request_id)
        return 0
    with api.database.begin() as conn:
        letter_desk.make_due(conn, connection.id, first.entity, record_ids=ids, direction=first.direction)
        asked = Asked(connection.id, first.entity, "incremental", "high", caller.name, request_id=request_id)
        queue.enqueue(conn, asked)
    return len(ids)


def _read_again(api: Api, connection: Connection, entity: str, ids: Sequence[str], request_id: str) -> None:
    """Read objects anew; what is good by now is resolved, also where it is back at what we knew and nothing is written.

    At most as many at a time as a report names failures.
    """
    with api.outside.calling(connection.venue, api.engine.spec(connection.provider)):
        report = api.engine.refresh(connection, entity, ids, run_id=request_id)
    if report.status == "busy":
        raise Refused("SYNC_IN_PROGRESS", report.error or f"A sync of {connection.label} is running: try again.")
    if report.status == "succeeded":
        bad = {failure.record_id for failure in report.failures}
        good = [record_id for record_id in ids if record_id not in bad]
        with api.database.begin() as conn:
            dead_letters.resolve(conn, connection.id, entity, direction="pull", ids=good)
            inbox.settle_dead(conn, connection, good)


def _shown(letter: OpenLetter) -> LetterShown:
    values = {name: getattr(letter, name) for name in OpenLetter.__dataclass_fields__}
    trouble = trouble_of_code(letter.provider, letter.code)
    advice = trouble.sentence if trouble.category == letter.category else ACTORS[letter.category]
    return LetterShown(venue_id=values.pop("venue"), integration_type=values.pop("provider"), advice=advice, **values)
