"""What every request passes before it reaches an endpoint: version, token, JSON."""

import re
from datetime import date
from typing import Any

import orjson

from sync_sims.accounts import Accounts
from sync_sims.square.refusal import Refused, error, invalid
from sync_sims.square.routes import Route
from sync_sims.square.terms import LATEST_VERSION, Terms
from sync_sims.wire import Request

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")


def version_of(request: Request) -> str:
    """The `Square-Version` to answer with: the one asked for, else the application's.

    Raises:
        Refused: INVALID_SQUARE_VERSION_FORMAT.
    """
    asked = request.headers.get("square-version")
    if asked is None:
        return LATEST_VERSION
    try:
        if _VERSION.fullmatch(asked):
            return date.fromisoformat(asked).isoformat()
    except ValueError:
        pass
    raise invalid("INVALID_SQUARE_VERSION_FORMAT", "Square-Version must be a date, YYYY-MM-DD.", field="Square-Version")


def token_of(request: Request) -> str:
    """The bearer token, empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def account_for(request: Request, accounts: Accounts) -> str:
    """The account that the token acts for.

    Raises:
        Refused: 401.
    """
    token = token_of(request)
    account_id = accounts.account_id(token)
    if account_id is not None:
        return account_id
    if accounts.standing(token) == "expired":
        raise _unauthorized("ACCESS_TOKEN_EXPIRED", "The provided access token has expired.")
    if accounts.standing(token) == "revoked":
        raise _unauthorized("ACCESS_TOKEN_REVOKED", "The provided access token has been revoked.")
    raise _unauthorized("UNAUTHORIZED", "This request could not be authorized.")


def _unauthorized(code: str, detail: str) -> Refused:
    return Refused(401, error(code, detail, category="AUTHENTICATION_ERROR"))


def body_of(request: Request, route: Route, terms: Terms) -> dict[str, Any]:
    """The request's JSON object; a request that has no body fields may come without one.

    Raises:
        Refused: The body is not a JSON object, or holds a field that the endpoint does not define.
    """
    if not request.body:
        if route.method in {"POST", "PUT"} and route.fields != frozenset({"version_token"}):
            raise invalid("EXPECTED_JSON_BODY", "Request body is empty.")
        return {}
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError as exc:
        raise invalid("BAD_REQUEST", f"{exc.msg} (line {exc.lineno}, character {exc.colno})") from None
    if not isinstance(given, dict):
        raise invalid("EXPECTED_OBJECT", "Expected an object value.")
    if terms.unknown_fields == "refuse":
        for name in given:
            if name not in route.fields:
                raise invalid("UNKNOWN_BODY_PARAMETER", "The body parameter is not recognized.", field=name)
    return given
