"""Square's OAuth 2.0 (developer.squareup.com/docs/oauth-api/overview; the specification's /oauth2/*).

A code is good for five minutes, an access token for 30 days. With a secret the refresh token stays the same for ever;
without one (PKCE) it is good for one use and 90 days. How refusals of the token endpoint are worded is not published:
they come here as errors of the API, with the standard's word in the code.
"""

import random
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from sync_sims.authorising import Authorising, Route, wanted
from sync_sims.grants import Application, Granted, Life, NotGranted, Shapes
from sync_sims.square.door import token_of
from sync_sims.square.refusal import Category, error
from sync_sims.wire import Request, Response

DAY = 86_400.0
LIFE = Life(access=30 * DAY, refreshes="kept")
PUBLIC_LIFE = Life(access=30 * DAY, refreshes="single_use", refresh=90 * DAY)
_LETTERS = string.ascii_letters + string.digits


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choices(_LETTERS, k=count))


SHAPES = Shapes(
    code=lambda chance: f"sq0cgp-{_letters(chance, 22)}",
    access=lambda chance: f"EAAA{_letters(chance, 60)}",
    refresh=lambda chance: f"EQAA{_letters(chance, 60)}",
)


class SquareOAuth(Authorising):
    """Square's authorisation server."""

    title = "Square"
    page_path = "/oauth2/authorize"

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Tokens, revocation, what a token is good for."""
        return {
            ("POST", "/oauth2/token"): self._token,
            ("POST", "/oauth2/revoke"): self._revoke,
            ("POST", "/oauth2/token/status"): self._status,
        }

    def refused(self, refusal: NotGranted) -> Response:
        """As the API refuses."""
        if refusal.error == "invalid_client":
            return _refusal(401, "UNAUTHORIZED", str(refusal), category="AUTHENTICATION_ERROR")
        if refusal.error == "invalid_grant":
            return Response(400, {"error": refusal.error, "error_description": str(refusal)})
        return _refusal(400, "BAD_REQUEST", str(refusal), category="INVALID_REQUEST_ERROR")

    def returned(self, account_id: str) -> dict[str, str]:
        """As documented."""
        del account_id
        return {"response_type": "code"}

    def denied(self) -> dict[str, str]:
        """As documented."""
        return {"error": "access_denied", "error_description": "user_denied"}

    def _token(self, request: Request) -> Response:
        given = _json(request)
        application = self.grants.known(wanted(given, "client_id"), given.get("client_secret"))
        match given.get("grant_type"):
            case "authorization_code":
                granted = self._exchanged(application, given)
            case "refresh_token":
                granted = self.grants.refresh(application, wanted(given, "refresh_token"))
            case _:
                raise NotGranted("unsupported_grant_type", "The grant_type is not one of the accepted values.")
        return Response(200, _told(granted))

    def _exchanged(self, application: Application, given: Mapping[str, Any]) -> Granted:
        verifier = wanted(given, "code_verifier") if application.secret is None else None
        return self.grants.exchange(
            application, wanted(given, "code"), redirect_uri=given.get("redirect_uri"), verifier=verifier
        )

    def _revoke(self, request: Request) -> Response:
        given = _json(request)
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        application = self.grants.known(wanted(given, "client_id"), secret.strip() or None)
        if scheme.lower() != "client" or application.secret is None:
            raise NotGranted("invalid_client", "Authorization: Client APPLICATION_SECRET is needed.")
        account_id = given.get("merchant_id")
        if account_id is None:
            token = self.grants.owner(wanted(given, "access_token"))
            account_id = None if token is None else token.account_id
        if account_id is None or not self.grants.take_back(account_id, application.client_id):
            return _refusal(404, "NOT_FOUND", "access token not found", category="INVALID_REQUEST_ERROR")
        return Response(200, {"success": True})

    def _status(self, request: Request) -> Response:
        token = self.grants.access(token_of(request))
        if token is None:
            return _refusal(
                401, "UNAUTHORIZED", "This request could not be authorized.", category="AUTHENTICATION_ERROR"
            )
        return Response(
            200,
            {
                "scopes": token.scope.split(),
                "expires_at": _time(token.dies_at),
                "client_id": token.client_id,
                "merchant_id": token.account_id,
            },
        )


def _told(granted: Granted) -> dict[str, Any]:
    told: dict[str, Any] = {
        "access_token": granted.access.text,
        "token_type": "bearer",
        "expires_at": _time(granted.access.dies_at),
        "merchant_id": granted.access.account_id,
        "short_lived": False,
    }
    if granted.refresh is not None:
        told["refresh_token"] = granted.refresh.text
        if granted.refresh.public:
            told["refresh_token_expires_at"] = _time(granted.refresh.dies_at)
    return told


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(request: Request) -> dict[str, Any]:
    try:
        given = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise NotGranted("invalid_request", "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise NotGranted("invalid_request", "The body is not an object.")
    return given


def _refusal(status: int, code: str, detail: str, *, category: Category) -> Response:
    return Response(status, {"errors": [error(code, detail, category=category)]})
