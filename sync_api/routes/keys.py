"""API keys: made, listed, rotated with an overlap, revoked. The key itself is shown once, when it is made."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from sync_api.access import SCOPES, V1
from sync_api.caller import Caller, new_key
from sync_api.context import Api, Here
from sync_api.errors import FieldError, Refused
from sync_api.gate import CallerNow, GatedRoute
from sync_api.shapes import Asked, BodyVenueMaybe, Data, Done, Line, QueryVenueMaybe, VenueId
from sync_core.store import api_keys
from sync_core.store.api_keys import ApiKey

router = APIRouter(tags=["API keys"], route_class=GatedRoute)

KeyId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
Scope = Annotated[str, Field(json_schema_extra={"enum": list(SCOPES)})]


class NewKey(Asked):
    """What a new key may do, for whom and how long."""

    venueId: VenueId | None = Field(default=None, description="Whose; none: the platform's, for admins.")  # noqa: N815
    name: Line
    scopes: list[Scope] = Field(min_length=1, max_length=len(SCOPES))
    expiresInDays: Annotated[int, Field(ge=1, le=3650, strict=True)] | None = 365  # noqa: N815 - JSON's name


class Rotation(Asked):
    """How long the old key still opens."""

    overlapHours: Annotated[int, Field(ge=0, le=720, strict=True)] = 24  # noqa: N815 - JSON's name


class KeyShown(BaseModel):
    """A key as it is listed: everything but the key."""

    id: str
    venue_id: str | None
    name: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: str | None


class KeyMade(KeyShown):
    """A new key. `key` is shown this once; None when the request is repeated."""

    key: str | None


@router.get(f"{V1}/api-keys")
def list_api_keys(api: Here, caller: CallerNow, venue: QueryVenueMaybe) -> Data[list[KeyShown]]:
    """List keys: of one venue, or of every venue that the caller sees."""
    with api.database.connect() as conn:
        keys = api_keys.listed(conn, venues=caller.venues if venue is None else {venue})
    return Data(data=[KeyShown(**_shown(key)) for key in keys])


@router.post(f"{V1}/api-keys", status_code=201)
def create_api_key(api: Here, caller: CallerNow, venue: BodyVenueMaybe, body: NewKey) -> Data[KeyMade]:
    """Make a key of a venue, or (admins) of the platform."""
    if not caller.sees(venue):
        raise Refused("FORBIDDEN", "A key of the platform is made by an admin: name one of your venues as venueId.")
    unknown = [scope for scope in body.scopes if scope not in SCOPES or (venue and scope.startswith("admin:"))]
    if unknown:
        wrong = FieldError(field="scopes", message=f"Input should be among {', '.join(SCOPES)}; admin: no venue's")
        raise Refused("VALIDATION_ERROR", "Validation failed: see details.", details=[wrong])
    lasting = None if body.expiresInDays is None else timedelta(days=body.expiresInDays)
    return _made(api, caller, venue, body.name, scopes=body.scopes, lasting=lasting)


@router.post(f"{V1}/api-keys/{{key_id}}/rotate", status_code=201)
def rotate_api_key(api: Here, caller: CallerNow, key_id: KeyId, body: Rotation) -> Data[KeyMade]:
    """Make a key of the same scopes and lifetime in place of another, which still opens for the overlap."""
    old = _owned(api, caller, key_id)
    if not old.is_good(api.clock.now()) or old.replaced_by is not None:
        raise Refused("CONFLICT", f"Key {old.id} is expired, revoked or replaced: make a new one.")
    lasting = None if old.expires_at is None else old.expires_at - old.created_at
    made = _made(api, caller, old.venue, old.name, scopes=old.scopes, lasting=lasting)
    until = api.clock.now() + timedelta(hours=body.overlapHours)
    with api.database.begin() as conn:
        api_keys.replace(conn, old.id, by=made.data.id, until=until)
    return made


@router.delete(f"{V1}/api-keys/{{key_id}}")
def revoke_api_key(api: Here, caller: CallerNow, key_id: KeyId) -> Done:
    """Revoke a key: it opens nothing from now on."""
    key = _owned(api, caller, key_id)
    with api.database.begin() as conn:
        api_keys.revoke(conn, key.id, now=api.clock.now())
    return Done(message=f"Key {key.id} is revoked.")


def _owned(api: Api, caller: Caller, key_id: str) -> ApiKey:
    with api.database.connect() as conn:
        found = api_keys.found(conn, key_id)
    if found is None or not caller.sees(found[0].venue):
        raise Refused("API_KEY_NOT_FOUND", "There is no such API key.")
    return found[0]


def _made(
    api: Api,
    caller: Caller,
    venue: str | None,
    name: str,
    *,
    scopes: list[str] | tuple[str, ...],
    lasting: timedelta | None,
) -> Data[KeyMade]:
    now = api.clock.now()
    key_id, key, hashed = new_key(api.random_bytes)
    with api.database.begin() as conn:
        made = api_keys.add(
            conn,
            key_id=key_id,
            hashed=hashed,
            venue=venue,
            name=name,
            scopes=list(dict.fromkeys(scopes)),
            created_by=caller.name,
            created_at=now,
            expires_at=None if lasting is None else now + lasting,
        )
    return Data(data=KeyMade(**_shown(made), key=key))


def _shown(key: ApiKey) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(key, name) for name in ApiKey.__dataclass_fields__ if name != "venue"}
    return values | {"venue_id": key.venue, "scopes": list(key.scopes)}
