"""Mailchimp's OAuth 2.0: login.mailchimp.com/oauth2 (mailchimp.com/developer/marketing/guides/access-user-data-oauth-2).

Tokens do not end and there is no refresh token. A token does not say where its account is: the metadata do.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from sync_sims.accounts import Accounts
from sync_sims.authorising import Authorising, Route, oauth_error, wanted
from sync_sims.grants import Grants, Life, NotGranted, Shapes
from sync_sims.wire import Request, Response

LIFE = Life(access=None)
SHAPES = Shapes(
    code=lambda chance: f"{chance.getrandbits(128):032x}",
    access=lambda chance: f"{chance.getrandbits(128):032x}",
    refresh=lambda chance: f"{chance.getrandbits(128):032x}",
)


class MailchimpOAuth(Authorising):
    """Mailchimp's authorisation server. `place` tells the data centre of an account."""

    title = "Mailchimp"
    page_path = "/oauth2/authorize"

    def __init__(self, grants: Grants, accounts: Accounts, *, place: Callable[[str], str]) -> None:
        super().__init__(grants, accounts)
        self._place = place

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Tokens and metadata."""
        return {("POST", "/oauth2/token"): self._token, ("GET", "/oauth2/metadata"): self._metadata}

    def refused(self, refusal: NotGranted) -> Response:
        """The standard's words."""
        return oauth_error(refusal)

    def _token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        application = self.grants.known(wanted(form, "client_id"), wanted(form, "client_secret"))
        if form.get("grant_type") != "authorization_code":
            raise NotGranted("unsupported_grant_type", "Only authorization_code is served.")
        code, address = wanted(form, "code"), wanted(form, "redirect_uri")
        granted = self.grants.exchange(application, code, redirect_uri=address)
        return Response(200, {"access_token": granted.access.text, "expires_in": 0, "scope": None})

    def _metadata(self, request: Request) -> Response:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        token = self.grants.access(text.strip()) if scheme.lower() == "oauth" else None
        if token is None:
            return Response(401, {"error": "invalid_token"})
        return Response(200, self._told(token.account_id, request))

    def _told(self, account_id: str, request: Request) -> dict[str, Any]:
        place, name = self._place(account_id), self._accounts.get(account_id).name
        return {
            "dc": place,
            "role": "owner",
            "accountname": name,
            "user_id": account_id,
            "login": {
                "email": "",
                "avatar": None,
                "login_id": account_id,
                "login_name": name,
                "login_email": "",
            },
            "login_url": f"http://{request.headers.get('host', 'localhost')}",
            "api_endpoint": f"https://{place}.api.mailchimp.com",
        }
