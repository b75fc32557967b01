"""Connections: a venue's accounts with the providers, from connecting to disconnecting."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sync_api.access import V1
from sync_api.chosen import Config, config_of, settings_from
from sync_api.connected import Integration, require, shown
from sync_api.context import Api, Here, RequestId
from sync_api.credentials import Credentials, environment_of, has_key, parts_of
from sync_api.errors import FieldError, Refused
from sync_api.gate import CallerNow, GatedRoute
from sync_api.shapes import Asked, BodyVenue, Data, Done, Line, QueryVenue, Spec, VenueBody
from sync_core import oauth
from sync_core.errors import AuthorizationLost, ConfigurationError
from sync_core.spec.connection import ConnectionSettings
from sync_core.spec.provider import ProviderSpec
from sync_core.store import connections
from sync_core.store.connections import Connection, Environment

router = APIRouter(tags=["connections"], route_class=GatedRoute)


class ConnectBody(VenueBody):
    """A key to connect with; without one the answer is the address of the provider's own page."""

    credentials: Credentials = Field(default_factory=dict[str, str])
    environment: Environment | None = Field(default=None, description="Unset: sandbox, in production production.")
    config: Config | None = Field(default=None, description="Left out: as they were, or as declared.")


class SettingsBody(VenueBody):
    """All settings of a connection; what is left out goes back to what is declared."""

    config: Config


class KeyBody(Asked):
    """A key to be tested; `apiKey`, or the parts by the names of the declaration."""

    apiKey: Annotated[str, Field(pattern=r"^[!-~]+$", max_length=4096)] | None = None  # noqa: N815 - JSON's name
    credentials: Credentials = Field(default_factory=dict[str, str])
    environment: Environment | None = None


class SuspendBody(VenueBody):
    """Why nothing is to run."""

    reason: Line = "Suspended by hand."


class SettingsShown(BaseModel):
    """A connection's settings, with what they come to: when and in which direction each entity is synced."""

    venue_id: str
    integration_type: str
    config: dict[str, Any]


class Connected(BaseModel):
    """What came of connecting: connected with a key, or the address at which a person goes on."""

    integrationType: str  # noqa: N815 - JSON's name
    message: str
    accountId: str | None = None  # noqa: N815 - JSON's name
    authUrl: str | None = Field(default=None, description="Send the person there within ten minutes.")  # noqa: N815


class Valid(BaseModel):
    """Whether a key opens an account, and whose."""

    valid: bool
    accountId: str | None = None  # noqa: N815 - JSON's name
    accountName: str | None = None  # noqa: N815 - JSON's name
    reason: str | None = None


class Farewell(BaseModel):
    """A connection has ended; `revoked` says whether the provider was told and agreed."""

    success: Literal[True] = True
    message: str
    revoked: bool


@router.get(V1)
def list_integrations(api: Here, venue: QueryVenue) -> Data[list[Integration]]:
    """List a venue's connections."""
    with api.database.connect() as conn:
        return Data(data=shown(conn, api, connections.of_venue(conn, venue)))


@router.get(f"{V1}/{{provider}}")
def show_integration(api: Here, spec: Spec, venue: QueryVenue) -> Data[Integration]:
    """Show one connection."""
    with api.database.connect() as conn:
        return Data(data=shown(conn, api, [require(conn, venue, spec)])[0])


@router.get(f"{V1}/{{provider}}/settings")
def show_settings(api: Here, spec: Spec, venue: QueryVenue) -> Data[SettingsShown]:
    """Show what the venue has chosen for a connection."""
    with api.database.connect() as conn:
        return Data(data=_settings(require(conn, venue, spec), spec))


@router.put(f"{V1}/{{provider}}/settings")
def change_settings(api: Here, spec: Spec, venue: BodyVenue, body: SettingsBody) -> Data[SettingsShown]:
    """Choose whether, how often, in which direction and of which records a connection is synced, from now on."""
    return Data(data=_settings(_choose(api, spec, venue, settings_from(api, spec, body.config)), spec))


@router.post(f"{V1}/connect/{{provider}}")
def connect(
    api: Here, caller: CallerNow, spec: Spec, venue: BodyVenue, request_id: RequestId, body: ConnectBody
) -> Data[Connected]:
    """Connect: with a key, which is tested and then stored encrypted, or by the provider's own page."""
    parts = parts_of(spec, body.credentials)
    environment = environment_of(body.environment, api.settings)
    settings = None if body.config is None else settings_from(api, spec, body.config)
    if not has_key(spec, parts):
        page = _sent_away(api, spec, caller.name, venue, parts, environment=environment)
        if settings is not None:
            _choose(api, spec, venue, settings)
        return page
    with api.outside.calling(venue, spec):
        account = api.engine.connect(
            venue, spec.provider, parts, environment=environment, settings=settings, correlation=request_id
        )
    message = "Integration connected successfully"
    return Data(data=Connected(integrationType=spec.provider, message=message, accountId=account.id))


def _sent_away(
    api: Api, spec: ProviderSpec, caller: str, venue: str, parts: dict[str, str], *, environment: Environment
) -> Data[Connected]:
    if spec.auth.oauth is None:
        wrong = [FieldError(field=f"credentials.{name}", message="Field required") for name in spec.auth.fields]
        raise Refused("VALIDATION_ERROR", f"Missing credentials: {spec.auth.help}", details=wrong)
    callback = f"{api.settings.api_url}{V1}/oauth/callback/{spec.provider}"
    try:
        page = oauth.begin(
            api.engine,
            venue,
            spec.provider,
            environment=environment,
            user=caller,
            redirect_uri=callback,
            parts=parts,
        )
    except ConfigurationError as missing:
        raise Refused("PROVIDER_NOT_SUPPORTED", str(missing)) from None
    message = "Please complete OAuth authorization"
    return Data(data=Connected(integrationType=spec.provider, message=message, authUrl=page.url))


@router.post(f"{V1}/{{provider}}/disconnect")
def disconnect(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody) -> Farewell:
    """Disconnect: the provider is told, the credential is destroyed, what waits is dropped; records stay."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
    farewell = oauth.disconnect(api.engine, connection)
    remark = f" {farewell.remark}" if farewell.remark else ""
    message = f"{spec.provider} integration disconnected successfully.{remark}"
    return Farewell(message=message, revoked=farewell.revoked)


@router.post(f"{V1}/{{provider}}/reconnect")
def reconnect(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody) -> Done:
    """Reconnect without the venue: refresh the tokens if there are any, and test the account."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
    try:
        oauth.reconnect(api.engine, connection)
    except (AuthorizationLost, ConfigurationError) as lost:
        raise Refused("RECONNECTION_FAILED", f"Reconnection failed: {lost}") from None
    return Done(message="Integration reconnected successfully")


@router.post(f"{V1}/{{provider}}/suspend")
def suspend(api: Here, spec: Spec, venue: BodyVenue, body: SuspendBody) -> Done:
    """Let nothing run until `resume`; the credential stays."""
    _suspend(api, spec, venue, reason=body.reason)
    return Done(message=f"{spec.provider} integration suspended")


@router.post(f"{V1}/{{provider}}/resume")
def resume(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody) -> Done:
    """Let a suspended connection run again."""
    with api.database.begin() as conn:
        connection = require(conn, venue, spec)
        if not connections.resume(conn, connection.id):
            raise Refused("CONFLICT", f"{connection.label} is {connection.status} and not suspended.")
    return Done(message=f"{spec.provider} integration resumed")


@router.post(f"{V1}/{{provider}}/api-key")
def validate_api_key(api: Here, spec: Spec, request_id: RequestId, caller: CallerNow, body: KeyBody) -> Data[Valid]:
    """Test a key without storing it."""
    given = body.credentials | ({"apiKey": body.apiKey} if body.apiKey else {})
    parts = parts_of(spec, given)
    if not has_key(spec, parts):
        wrong = [FieldError(field="apiKey", message="Field required")]
        raise Refused("VALIDATION_ERROR", f"Missing credentials: {spec.auth.help}", details=wrong)
    environment = environment_of(body.environment, api.settings)
    try:
        with api.outside.calling(caller.name, spec):
            account = api.engine.account_of(
                "validation", spec.provider, parts, environment=environment, correlation=request_id
            )
    except AuthorizationLost as refused:
        return Data(data=Valid(valid=False, reason=str(refused)))
    return Data(data=Valid(valid=True, accountId=account.id, accountName=account.name))


def _choose(api: Api, spec: ProviderSpec, venue: str, settings: ConnectionSettings) -> Connection:
    with api.database.begin() as conn:
        connections.change_settings(conn, require(conn, venue, spec).id, settings)
        return require(conn, venue, spec)


def _settings(connection: Connection, spec: ProviderSpec) -> SettingsShown:
    config = config_of(connection, spec)
    return SettingsShown(venue_id=connection.venue, integration_type=spec.provider, config=config)


def _suspend(api: Api, spec: ProviderSpec, venue: str, *, reason: str) -> None:
    with api.database.begin() as conn:
        connection = require(conn, venue, spec)
        if not connections.suspend(conn, connection.id, reason=reason):
            raise Refused("CONFLICT", f"{connection.label} is {connection.status}: there is nothing to suspend.")
