"""Intuit's OAuth 2.0: appcenter.intuit.com, oauth.platform.intuit.com and developer.api.intuit.com in one place.

Sources: developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0 and its FAQ; the
shapes of requests and answers as in the official SDK (intuit-oauth). An access token is good for an hour. The value of
a refresh token changes about once a day, and the former value goes on for 24 hours; each is good for about 100 days.
"""

import base64
import binascii
import random
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sync_sims.authorising import Authorising, Route, oauth_error, wanted
from sync_sims.grants import Application, Granted, Life, NotGranted, Shapes
from sync_sims.wire import Request, Response

DAY = 86_400.0
LIFE = Life(access=3_600.0, refreshes="rolling", refresh=8_726_400.0, rotate_after=DAY, grace=DAY)
_LETTERS = string.ascii_letters + string.digits


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choices(_LETTERS, k=count))


SHAPES = Shapes(
    code=lambda chance: f"AB11{_letters(chance, 46)}",
    access=lambda chance: f"eyJ{_letters(chance, 60)}.{_letters(chance, 40)}.{_letters(chance, 22)}",
    refresh=lambda chance: f"AB11{_letters(chance, 46)}",
)


class QuickBooksOAuth(Authorising):
    """Intuit's authorisation server."""

    title = "QuickBooks"
    page_path = "/connect/oauth2"

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Tokens, revocation, discovery."""
        return {
            ("POST", "/oauth2/v1/tokens/bearer"): self._token,
            ("POST", "/v2/oauth2/tokens/revoke"): self._revoke,
            ("GET", "/.well-known/openid_configuration"): self._discovery,
        }

    def refused(self, refusal: NotGranted) -> Response:
        """The standard's words."""
        return oauth_error(refusal)

    def returned(self, account_id: str) -> dict[str, str]:
        """The company's id comes with the callback and nowhere else."""
        return {"realmId": account_id}

    def _token(self, request: Request) -> Response:
        application = self._application(request)
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        match form.get("grant_type"):
            case "authorization_code":
                code, address = wanted(form, "code"), wanted(form, "redirect_uri")
                return Response(200, _told(self.grants.exchange(application, code, redirect_uri=address), self))
            case "refresh_token":
                return Response(200, _told(self.grants.refresh(application, wanted(form, "refresh_token")), self))
            case _:
                raise NotGranted("unsupported_grant_type", "Unsupported grant type.")

    def _revoke(self, request: Request) -> Response:
        application = self._application(request)
        try:
            given = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            raise NotGranted("invalid_request", "The body is not JSON.") from None
        token = self.grants.owner(wanted(given if isinstance(given, dict) else {}, "token"))
        if token is None or token.client_id != application.client_id:
            raise NotGranted("invalid_grant", "Token is not known.")
        self.grants.take_back(token.account_id, application.client_id)
        return Response(200, None)

    def _discovery(self, request: Request) -> Response:
        here = f"http://{request.headers.get('host', 'localhost')}"
        return Response(
            200,
            {
                "issuer": f"{here}/op/v1",
                "authorization_endpoint": f"{here}{self.page_path}",
                "token_endpoint": f"{here}/oauth2/v1/tokens/bearer",
                "userinfo_endpoint": f"{here}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{here}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{here}/op/v1/jwks",
                "response_types_supported": ["code"],
            },
        )

    def _application(self, request: Request) -> Application:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client_id, secret = "", ""
        if scheme.lower() != "basic":
            raise NotGranted("invalid_client", "Basic authentication is needed.")
        return self.grants.known(client_id, secret)


def _told(granted: Granted, server: QuickBooksOAuth) -> dict[str, Any]:
    now = server.grants.clock()
    if granted.refresh is None:
        raise NotGranted("server_error", "This application has no refresh tokens.")
    return {
        "token_type": "bearer",
        "access_token": granted.access.text,
        "expires_in": round((granted.access.dies_at or now) - now),
        "refresh_token": granted.refresh.text,
        "x_refresh_token_expires_in": round((granted.refresh.dies_at or now) - now),
    }
