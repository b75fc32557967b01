"""Stripe Connect's OAuth: connect.stripe.com/oauth (docs.stripe.com/connect/oauth-reference).

The access token is a key that acts for the connected account until it is revoked; the refresh token stays the same and
serves to get another key. The application is the platform: its client id asks, its secret key gets the tokens.
"""

import random
import string
from collections.abc import Mapping
from urllib.parse import parse_qsl

from sync_sims.authorising import Authorising, Route, oauth_error, wanted
from sync_sims.grants import Application, Granted, Life, NotGranted, Shapes
from sync_sims.stripe.door import secret_of
from sync_sims.wire import Request, Response

LIFE = Life(access=None, refreshes="kept")
_LETTERS = string.ascii_letters + string.digits


def _letters(chance: random.Random, count: int) -> str:
    return "".join(chance.choices(_LETTERS, k=count))


SHAPES = Shapes(
    code=lambda chance: f"ac_{_letters(chance, 32)}",
    access=lambda chance: f"sk_test_{_letters(chance, 32)}",
    refresh=lambda chance: f"rt_{_letters(chance, 48)}",
)


class StripeOAuth(Authorising):
    """Stripe Connect's authorisation server."""

    title = "Stripe"
    page_path = "/oauth/authorize"

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Tokens and deauthorisation."""
        return {("POST", "/oauth/token"): self._token, ("POST", "/oauth/deauthorize"): self._deauthorize}

    def refused(self, refusal: NotGranted) -> Response:
        """The standard's words."""
        return oauth_error(refusal)

    def denied(self) -> dict[str, str]:
        """With a sentence."""
        return {"error": "access_denied", "error_description": "The user denied your request"}

    def _token(self, request: Request) -> Response:
        form = _form(request)
        platform = self._platform(request, form)
        match form.get("grant_type"):
            case "authorization_code":
                granted = self.grants.exchange(platform, wanted(form, "code"), redirect_uri=None)
            case "refresh_token":
                granted = self.grants.refresh(platform, wanted(form, "refresh_token"))
            case _:
                raise NotGranted("unsupported_grant_type", "Unsupported grant type.")
        return Response(200, _told(granted))

    def _deauthorize(self, request: Request) -> Response:
        form = _form(request)
        platform = self._platform(request, form)
        account_id = wanted(form, "stripe_user_id")
        if wanted(form, "client_id") != platform.client_id or not self.grants.take_back(account_id, platform.client_id):
            raise NotGranted("invalid_client", f"This application is not connected to stripe account {account_id}.")
        return Response(200, {"stripe_user_id": account_id})

    def _platform(self, request: Request, form: Mapping[str, str]) -> Application:
        """The platform whose secret key came along, in the header or as client_secret."""
        secret = form.get("client_secret") or secret_of(request)
        for application in self.grants.applications.values():
            if application.secret is not None and application.secret == secret:
                return application
        raise NotGranted("invalid_client", "No such API key, or no platform behind it.")


def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode("utf-8", "replace")))


def _told(granted: Granted) -> dict[str, object]:
    token = granted.access.text
    return {
        "access_token": token,
        "livemode": False,
        "refresh_token": "" if granted.refresh is None else granted.refresh.text,
        "token_type": "bearer",
        "stripe_publishable_key": f"pk_test_{token[8:]}",
        "stripe_user_id": granted.access.account_id,
        "scope": granted.access.scope or "read_only",
    }
