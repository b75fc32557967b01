"""Dead letters: records that need a person. Shown with who acts next, tried again or discarded, one or many."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints

from sync_api.access import V1
from sync_api.caller import Caller
from sync_api.connected import may_be_worked_with, require_connected
from sync_api.context import Api, Here, RequestId
from sync_api.errors import Refused
from sync_api.gate import CallerNow, GatedRoute
from sync_api.second_try import of_one_kind, try_again
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
from sync_core.store import connections, letter_desk
from sync_core.store.connections import Connection
from sync_core.store.dead_letters import OpenLetter
from sync_core.store.letter_desk import Choice
from sync_core.trouble import ACTORS, Category, trouble_of_code

router = APIRouter(tags=["dead letters"], route_class=GatedRoute)

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Code = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=200)]
"""As providers have them: Stripe's are words, Square's shout, QuickBooks' are numbers."""
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
    """Which letters of a venue: those to which all that is said applies, at most 500 at a time, the oldest id last.

    Something must be said besides the venue.
    """

    ids: list[Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]] | None = Field(
        default=None, min_length=1, max_length=MOST_AT_ONCE
    )
    provider: Word | None = None
    entity: Word | None = None
    category: Category | None = None
    code: Code | None = None
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
    code: Code | None = None,
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
        code=code,
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
    """Try up to 500 letters of a venue again; those of a connection that is not connected stay as they are."""
    with api.database.connect() as conn:
        found = letter_desk.listed(conn, _choice(api, venue, body), limit=MOST_AT_ONCE)
        well = {each.provider: each for each in connections.of_venue(conn, venue) if may_be_worked_with(each)}
    groups = [(well[group[0].provider], group) for group in of_one_kind(found) if group[0].provider in well]
    return _retried(api, caller, groups, request_id, untried=len(found) - sum(len(group) for _, group in groups))


@router.post(f"{V1}/dead-letters/discard")
def discard_dead_letters(api: Here, venue: BodyVenue, body: ChosenMany) -> DoneWith[Discarded]:
    """Discard up to 500 letters of a venue: their records are not tried again until they change."""
    with api.database.begin() as conn:
        found = letter_desk.listed(conn, _choice(api, venue, body), limit=MOST_AT_ONCE)
        gone = letter_desk.discard(conn, [letter.id for letter in found])
    return DoneWith(message=f"{gone} dead letters are discarded.", data=Discarded(discarded=gone))


@router.post(f"{V1}/dead-letters/{{letter_id:int}}/retry")
def retry_dead_letter(api: Here, caller: CallerNow, letter_id: ItemId, request_id: RequestId) -> DoneWith[Retried]:
    """Try one letter again: what the provider sent is read anew at once, what the venue has is pushed by a sync."""
    letter = _owned(api, caller, letter_id)
    with api.database.connect() as conn:
        connection = require_connected(conn, letter.venue, spec_of(api.specs, letter.provider))
    return _retried(api, caller, [(connection, [letter])], request_id)


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


def _retried(
    api: Api, caller: Caller, tried: Sequence[tuple[Connection, list[OpenLetter]]], request_id: str, *, untried: int = 0
) -> DoneWith[Retried]:
    waiting: set[int] = set()
    for connection, group in tried:
        waiting |= try_again(api, connection, group, asker=caller.name, request_id=request_id)
    ids = [letter.id for _, group in tried for letter in group]
    with api.database.connect() as conn:
        open_still = {letter.id for letter in letter_desk.listed(conn, Choice(ids=ids), limit=None)}
    queued = len(open_still & waiting)
    told = Retried(resolved=len(ids) - len(open_still), queued=queued, still_open=len(open_still) - queued + untried)
    sentence = f"{told.resolved} letters are resolved, {told.queued} wait for a sync, {told.still_open} are still open."
    return DoneWith(message=sentence, data=told)


def _choice(api: Api, venue: str, body: ChosenMany) -> Choice:
    """What the body means. Raises Refused where it says nothing, and by that would mean everything."""
    if all(getattr(body, name) is None for name in ChosenMany.model_fields if name != "venueId"):
        sentence = "Say which letters: give ids, a provider, an entity, a category, a code or an age."
        raise Refused("VALIDATION_ERROR", sentence)
    if body.provider is not None:
        spec_of(api.specs, body.provider)
    return Choice(
        venues={venue},
        provider=body.provider,
        entity=body.entity,
        category=body.category,
        code=body.code,
        older_than=_moment(api, body.olderThanHours),
        ids=body.ids,
    )


def _moment(api: Api, hours: int | None) -> datetime | None:
    return None if hours is None else api.engine.clock.now() - timedelta(hours=hours)


def _shown(letter: OpenLetter) -> LetterShown:
    values = {name: getattr(letter, name) for name in OpenLetter.__dataclass_fields__}
    trouble = trouble_of_code(letter.provider, letter.code)
    advice = trouble.sentence if trouble.category == letter.category else ACTORS[letter.category]
    return LetterShown(venue_id=values.pop("venue"), integration_type=values.pop("provider"), advice=advice, **values)
