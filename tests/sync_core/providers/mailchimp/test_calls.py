"""Each of Mailchimp's errors says whose turn it is, and no address leaves with anything else of the key in it."""

import io
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests
from requests.adapters import HTTPAdapter

from sync_core.errors import AuthorizationLost, ProviderRefused, SyncError, ThrottledError, TransientError
from sync_core.providers.mailchimp import connect
from tests.fakes import FakeClock
from tests.sync_core.providers.outside import spec_of

KEY = "0123456789abcdef0123456789abcdef-us6"
SPEC = spec_of("mailchimp", version="3.0", entities=("members", "store_products"))


class Saying(HTTPAdapter):
    """A Mailchimp that answers everything alike, and remembers what it was asked."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self.status = status
        self.body = body
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        self.asked.append(request)
        response = requests.Response()
        response.status_code = self.status
        response.raw = io.BytesIO(self.body)
        response.url = request.url
        return response


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


def account_at(session: requests.Session, *, base: str = "https://{dc}.api.mailchimp.com", **secret: str) -> Any:
    given = {"api_key": KEY, **secret}
    provider = connect(spec=SPEC, session=session, base=base, secret=given, sandbox=False, clock=FakeClock())
    return provider.account()


def problem(title: str, detail: str, **more: Any) -> bytes:
    return orjson.dumps({"title": title, "detail": detail, **more})


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, problem("API Key Invalid", "Your API key may be invalid."), AuthorizationLost, "may be invalid"),
        (403, problem("User Disabled", "This account has been disabled."), AuthorizationLost, "been disabled"),
        (403, b"<html>Access denied</html>", ThrottledError, "slow down"),
        (429, problem("TooManyRequests", "You have exceeded the limit."), ThrottledError, "exceeded the limit"),
        (429, b"", ThrottledError, "no readable reason"),
        (500, problem("InternalServerError", "An unexpected internal error."), TransientError, "unexpected"),
        (503, b"<html>", TransientError, "503"),
        (200, b"<html>", TransientError, "no readable reason"),
        (404, problem("Resource Not Found", "It could not be found."), ProviderRefused, "could not be found"),
        (
            400,
            problem("Invalid Resource", "See below.", errors=[{"field": "count", "message": "Too many."}]),
            ProviderRefused,
            "count: Too many.",
        ),
        (
            400,
            problem("Member Exists", "ann@x.example is already a list member."),
            ProviderRefused,
            r"\[e-mail\] is already",
        ),
    ],
)
def test_an_error_says_whose_turn_it_is(
    session: requests.Session, status: int, body: bytes, kind: type[SyncError], said: str
) -> None:
    session.mount("https://", Saying(status, body))
    with pytest.raises(kind, match=said) as raised:
        account_at(session)
    assert KEY not in str(raised.value)


def test_the_key_says_in_which_data_centre_the_account_is(session: requests.Session) -> None:
    mailchimp = Saying(401, b"{}")
    session.mount("https://", mailchimp)
    with pytest.raises(AuthorizationLost):
        account_at(session)
    (asked,) = mailchimp.asked
    assert (asked.url or "").startswith("https://us6.api.mailchimp.com/3.0/?")
    assert asked.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "key", ["abc", "abc-", "abc-evil.example/", "abc-us6.evil", "abc-us6@evil", "us6", "abc-us6\n"]
)
def test_a_key_without_a_data_centre_goes_nowhere(session: requests.Session, key: str) -> None:
    mailchimp = Saying(401, b"{}")
    session.mount("https://", mailchimp)
    with pytest.raises(AuthorizationLost, match="data centre"):
        account_at(session, api_key=key)
    assert mailchimp.asked == []


def test_beside_a_token_of_oauth_stands_where_the_account_is(session: requests.Session) -> None:
    mailchimp = Saying(401, b"{}")
    session.mount("https://", mailchimp)
    with pytest.raises(AuthorizationLost, match="connect again"):
        account_at(session, api_key="f00dface", dc="us7")
    with pytest.raises(AuthorizationLost, match="data centre"):
        account_at(session, api_key="f00dface", dc="us7.evil.example/")
    assert [(asked.url or "").partition("/3.0")[0] for asked in mailchimp.asked] == ["https://us7.api.mailchimp.com"]


def test_an_address_that_is_given_is_taken_as_it_is(session: requests.Session) -> None:
    mailchimp = Saying(401, b"{}")
    session.mount("http://", mailchimp)
    with pytest.raises(AuthorizationLost, match="connect again"):
        account_at(session, base="http://127.0.0.1:9", api_key="without a data centre")
    assert (mailchimp.asked[0].url or "").startswith("http://127.0.0.1:9/3.0/?")


def test_a_credential_without_a_key_is_refused(session: requests.Session) -> None:
    with pytest.raises(AuthorizationLost, match="no api_key"):
        account_at(session, api_key="")
