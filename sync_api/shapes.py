"""Shapes that many requests and answers share. Names in JSON are those that the API's callers know."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from sync_api.context import Here
from sync_api.errors import Refused
from sync_core.spec.provider import ProviderSpec

T = TypeVar("T")

LARGEST_ID = 2**63 - 1

VenueId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"),
    Field(description="The venue's id.", examples=["lantern-hall"]),
]
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="A line of text without control characters."),
]


def _written(value: Any) -> Any:
    """Refuse a number where a day or moment is written out: 0 would be 1970."""
    if isinstance(value, str) and not value.lstrip("-+").replace(".", "").isdigit():
        return value
    raise PydanticCustomError("iso_8601", "Input should be written as in ISO 8601, such as 2026-11-20")


Day = Annotated[date, BeforeValidator(_written)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
ItemId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out.")]
Before = Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="The id to go on from.")]


class Asked(BaseModel):
    """Base of every request's body: a field that nobody knows is an error, and a number is no text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class VenueBody(Asked):
    """A request about one venue."""

    venueId: VenueId  # noqa: N815 - JSON's name


class Done(BaseModel):
    """It is done, in a sentence."""

    success: Literal[True] = True
    message: str


class Data(BaseModel, Generic[T]):
    """What was asked for."""

    success: Literal[True] = True
    data: T


class DoneWith(BaseModel, Generic[T]):
    """It is done, in a sentence and with what came of it."""

    success: Literal[True] = True
    message: str
    data: T


async def _venue_in_query(request: Request, venueId: Annotated[VenueId, Query()]) -> str:  # noqa: N803 - the query's name
    del venueId  # declared for the documentation: what counts is what the gate has approved
    return request.state.venue


async def _venue_perhaps(
    request: Request,
    venueId: Annotated[VenueId | None, Query()] = None,  # noqa: N803 - the query's name
) -> str | None:
    del venueId
    return request.state.venue


async def _venue_in_body(request: Request) -> str:
    return request.state.venue


QueryVenue = Annotated[str, Depends(_venue_in_query)]
QueryVenueMaybe = Annotated[str | None, Depends(_venue_perhaps)]
BodyVenue = Annotated[str, Depends(_venue_in_body)]
BodyVenueMaybe = Annotated[str | None, Depends(_venue_in_body)]


async def _spec(api: Here, provider: Annotated[str, Path(description="stripe, square, ...")]) -> ProviderSpec:
    return spec_of(api.specs, provider)


def spec_of(specs: Any, provider: str) -> ProviderSpec:
    """The declaration of a provider. Raises Refused INVALID_PROVIDER."""
    found = specs.get(provider)
    if found is None:
        raise Refused("INVALID_PROVIDER", f"There is no such provider: there is {', '.join(specs)}.")
    return found


Spec = Annotated[ProviderSpec, Depends(_spec)]


def milliseconds(seconds: float | None) -> int | None:
    """Seconds as whole milliseconds."""
    return None if seconds is None else round(seconds * 1000)


def took(started: datetime, finished: datetime | None) -> int | None:
    """How long something took, in milliseconds; None while it runs."""
    return None if finished is None else milliseconds((finished - started).total_seconds())
