"""What every request passes before it reaches an endpoint: token and company, and how answers leave again."""

import re
from typing import Any

import orjson

from sync_sims.accounts import Accounts
from sync_sims.quickbooks.refusal import Refused
from sync_sims.quickbooks.terms import Terms
from sync_sims.wire import Request

_WORTHLESS = {"revoked": "Token revoked", "expired": "Token expired"}
_PATH = re.compile(r"/v3/company/(?P<realm>[^/]+)/(?P<rest>.+?)/?")


def token_of(request: Request) -> str:
    """The bearer token, empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def place_of(request: Request) -> tuple[str, str] | None:
    """The company and the rest of the path; None outside the API."""
    match = _PATH.fullmatch(request.path)
    return None if match is None else (match["realm"], match["rest"])


def admitted(request: Request, accounts: Accounts) -> tuple[str, str]:
    """The company that the token may act for, and the rest of the path.

    Raises:
        Refused: 401 (3200), 403 (3100) or 404.
    """
    token = token_of(request)
    standing = accounts.standing(token)
    if standing != "active":
        raise worthless(standing)
    place = place_of(request)
    if place is None:
        raise Refused("610", "Object Not Found", f"There is nothing at {request.path}.", status=404)
    if not accounts.may_act_for(token, place[0]):
        raise Refused(
            "3100",
            "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403",
            "The token was issued for another company.",
            status=403,
            kind="AUTHORIZATION",
        )
    return place


def worthless(standing: str) -> Refused:
    """401 for a token that is revoked, expired, or none that QuickBooks knows."""
    return Refused(
        "3200",
        "message=AuthenticationFailed; errorCode=003200; statusCode=401",
        _WORTHLESS.get(standing, "Malformed bearer token: invalid token"),
        status=401,
        kind="AUTHENTICATION",
    )


def throttled() -> Refused:
    """429: QuickBooks says neither which limit nor how long to wait."""
    return Refused(
        "3001",
        "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "The request limit was reached.",
        status=429,
        kind="SERVICE",
    )


def json_of(request: Request) -> Any:
    """The request's JSON.

    Raises:
        Refused: 2010.
    """
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Refused(
            "2010",
            "Request has invalid or unsupported property",
            "Property Name:failed to parse json object; a property specified is unsupported or invalid",
        ) from None


def status_of(refusal: Refused, terms: Terms) -> int:
    """The HTTP status of a refusal."""
    return terms.validation_status if refusal.kind == "ValidationFault" and refusal.status == 400 else refusal.status


def fault_body(refusal: Refused, terms: Terms) -> dict[str, Any]:
    """The body of a refusal; the gateway may spell it its own way."""
    if terms.gateway_case == "lower" and refusal.kind in {"AUTHENTICATION", "AUTHORIZATION", "SERVICE"}:
        error = {name.lower(): value for name, value in refusal.error.items()}
        return {"fault": {"error": [error], "type": refusal.kind}}
    return {"Fault": refusal.fault}


def asks_for_json(request: Request) -> bool:
    """Whether the request says that it takes JSON; "*/*" does not."""
    return "application/json" in request.headers.get("accept", "").lower()
