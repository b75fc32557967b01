"""OAuth at the door: where providers send people back to, and tokens refreshed by hand.

The callback asks for no credential of ours: the state in its address is one, random, bound, used once within ten
minutes. Nothing of that address is logged or shown.
"""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from sync_api.access import V1
from sync_api.answers import answer_to
from sync_api.connected import require
from sync_api.context import Here
from sync_api.errors import Code, Refused
from sync_api.gate import GatedRoute
from sync_api.shapes import BodyVenue, Data, DoneWith, Spec, VenueBody
from sync_core import oauth
from sync_core.errors import AuthorizationLost, AuthorizationRefused, ConfigurationError, SyncError
from sync_core.store import audit

router = APIRouter(tags=["OAuth"], route_class=GatedRoute)

SUCCESS, FAILURE = "/integrations/success", "/integrations/error"
_CODES: dict[str, Code] = {"state_invalid": "OAUTH_STATE_INVALID"}


class Arrived(BaseModel):
    """Which connection an authorisation led to."""

    venueId: str  # noqa: N815 - JSON's name
    provider: str


class Refreshed(BaseModel):
    """How long the new token is good; None: until it is revoked."""

    expiresAt: datetime | None  # noqa: N815 - JSON's name


@router.get(
    f"{V1}/oauth/callback/{{provider}}",
    responses={200: {"model": Data[Arrived]}, 302: {"description": "On to a page that says how it went."}},
)
def oauth_callback(
    request: Request,
    api: Here,
    spec: Spec,
    state: Annotated[str | None, Query(max_length=512)] = None,
    code: Annotated[str | None, Query(max_length=4096)] = None,
    error: Annotated[str | None, Query(max_length=512)] = None,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Where a provider sends a person back to. A browser is sent on to a page; JSON is answered where it is asked for."""
    wants_json = "application/json" in accept and "text/html" not in accept
    try:
        _refuse_unless_complete(state, code or error)
        done = oauth.complete(api.engine, oauth.Callback(spec.provider, dict(request.query_params)))
    except Exception as failed:  # noqa: BLE001 - a person in a browser gets a page, whatever it is
        refused = _meaning(failed)
        if wants_json:
            return answer_to(request, refused)
        said = answer_to(request, refused)
        told = str(refused) if isinstance(refused, (Refused, SyncError)) else "Something unexpected happened."
        return RedirectResponse(f"{FAILURE}?{urlencode({'message': told, 'status': said.status_code})}", 302)
    with api.database.begin() as conn:
        line = audit.begin(
            conn,
            at=api.clock.now(),
            actor=done.user,
            role="oauth",
            venue=done.venue,
            action="oauth_callback",
            subject=f"{V1}/oauth/callback/{done.provider}",
            request_id=request.state.request_id,
        )
        audit.finish(conn, line, status=200)
    if wants_json:
        arrived = Data(data=Arrived(venueId=done.venue, provider=done.provider))
        return JSONResponse(arrived.model_dump())
    return RedirectResponse(f"{SUCCESS}?{urlencode({'provider': done.provider, 'venueId': done.venue})}", 302)


def _refuse_unless_complete(state: str | None, outcome: str | None) -> None:
    if not state or not outcome:
        raise Refused("VALIDATION_ERROR", "Missing code or state: begin the connection again.")


def _meaning(failed: Exception) -> Exception:
    if isinstance(failed, AuthorizationRefused):
        return Refused(_CODES.get(failed.code, "OAUTH_EXCHANGE_FAILED"), str(failed))
    if isinstance(failed, (AuthorizationLost, ConfigurationError)):
        return Refused("OAUTH_EXCHANGE_FAILED", str(failed))
    return failed


@router.get(SUCCESS, include_in_schema=False)
async def success_page() -> HTMLResponse:
    """What a person sees who came back and is connected."""
    return _page("Connected", "The account is connected. You may close this window.")


@router.get(FAILURE, include_in_schema=False)
async def failure_page() -> HTMLResponse:
    """What a person sees who came back and is not connected. What the address says is not repeated on the page."""
    return _page("Not connected", "The account could not be connected. Begin again from where you came.")


def _page(title: str, sentence: str) -> HTMLResponse:
    html = f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{sentence}</p>"
    return HTMLResponse(html, headers={"Content-Security-Policy": "default-src 'none'"})


@router.post(f"{V1}/oauth/refresh/{{provider}}")
def refresh_token(api: Here, spec: Spec, venue: BodyVenue, _body: VenueBody) -> DoneWith[Refreshed]:
    """Refresh a connection's access token now."""
    with api.database.connect() as conn:
        connection = require(conn, venue, spec)
    if spec.auth.oauth is None:
        raise Refused("PROVIDER_NOT_SUPPORTED", f"{spec.title} has no tokens that could be refreshed.")
    try:
        with api.outside.calling(venue, spec):
            fresh = oauth.refresh(api.engine, connection)
    except AuthorizationLost as lost:
        raise Refused("TOKEN_REFRESH_FAILED", str(lost)) from None
    return DoneWith(message="Token refreshed successfully", data=Refreshed(expiresAt=fresh.expires_at))
