"""The providers' own SDKs drive the simulated authorisation servers."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests
import stripe
from intuitlib.client import AuthClient
from intuitlib.exceptions import AuthClientError
from square import Square
from square.core.api_error import ApiError
from stripe.oauth_error import InvalidGrantError

from tests.sync_sims.oauth.conftest import CALLBACK, CLIENT, SECRET


@pytest.fixture
def intuit(server: Callable[..., Any]) -> Iterator[tuple[Any, AuthClient]]:
    sim = server("quickbooks")
    client = AuthClient(CLIENT, SECRET, CALLBACK, f"{sim.base}/.well-known/openid_configuration")
    yield sim, client
    client.close()


def _company(sim: Any, token: str | None) -> requests.Response:
    return requests.get(
        f"{sim.base}/v3/company/acct1/companyinfo/acct1",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        timeout=10,
    )


def test_intuits_sdk_exchanges_refreshes_and_revokes(intuit: tuple[Any, AuthClient]) -> None:
    sim, client = intuit
    client.get_bearer_token(sim.decide()["code"], realm_id="acct1")
    first = client.access_token
    assert client.expires_in == 3600
    assert client.x_refresh_token_expires_in == 8_726_400
    assert _company(sim, first).status_code == 200

    client.refresh()
    assert client.access_token != first
    assert _company(sim, client.access_token).status_code == 200

    assert client.revoke()
    refused = _company(sim, client.access_token)
    assert refused.status_code == 401
    assert refused.json()["Fault"]["Error"][0]["code"] == "3200"
    with pytest.raises(AuthClientError) as lost:
        client.refresh()
    assert lost.value.status_code == 400
    assert "invalid_grant" in str(lost.value.content)


def test_an_intuit_code_is_good_once_and_its_second_use_takes_everything_back(intuit: tuple[Any, AuthClient]) -> None:
    sim, client = intuit
    code = sim.decide()["code"]
    client.get_bearer_token(code)
    with pytest.raises(AuthClientError):
        client.get_bearer_token(code)
    assert _company(sim, client.access_token).status_code == 401


def test_intuits_refresh_token_rolls_and_the_former_one_goes_on_for_its_grace(intuit: tuple[Any, AuthClient]) -> None:
    sim, client = intuit
    client.get_bearer_token(sim.decide()["code"])
    first = client.refresh_token
    client.refresh()
    assert client.refresh_token == first  # younger than a day
    sim.control("PUT", "grants", rotate_after=0)
    client.refresh()
    assert client.refresh_token != first
    client.refresh(first)  # within 24 hours
    sim.control("PUT", "grants", grace=0)
    second = client.refresh_token
    client.refresh()
    with pytest.raises(AuthClientError):
        client.refresh(second)


def test_an_ended_access_token_is_refused_as_quickbooks_does_and_a_refresh_gets_another(
    intuit: tuple[Any, AuthClient],
) -> None:
    sim, client = intuit
    client.get_bearer_token(sim.decide()["code"])
    assert sim.control("DELETE", "grants", account_id="acct1").json() == {"ended": 1}
    answer = _company(sim, client.access_token)
    assert answer.status_code == 401
    assert "Token expired" in answer.text
    client.refresh()
    assert _company(sim, client.access_token).status_code == 200


@pytest.fixture
def squares() -> Iterator[Callable[[Any, str], Square]]:
    """Makes SDK clients whose connections close with the test."""
    opened: list[httpx.Client] = []

    def make(sim: Any, token: str = "nobody") -> Square:
        opened.append(httpx.Client())
        return Square(token=token, base_url=sim.base, httpx_client=opened[-1])

    yield make
    for client in opened:
        client.close()


def test_squares_sdk_exchanges_refreshes_and_revokes(
    server: Callable[..., Any], squares: Callable[..., Square]
) -> None:
    sim = server("square")
    client = squares(sim)
    got = client.o_auth.obtain_token(
        client_id=CLIENT,
        client_secret=SECRET,
        grant_type="authorization_code",
        code=sim.decide(scope="ITEMS_READ CUSTOMERS_READ")["code"],
        redirect_uri=CALLBACK,
    )
    assert (got.merchant_id, got.token_type, got.short_lived) == ("acct1", "bearer", False)
    assert got.refresh_token_expires_at is None
    assert squares(sim, got.access_token).merchants.get("me").model_dump()["merchant"]["id"] == "acct1"
    status = squares(sim, got.access_token).o_auth.retrieve_token_status()
    assert (status.scopes, status.merchant_id) == (["ITEMS_READ", "CUSTOMERS_READ"], "acct1")

    again = client.o_auth.obtain_token(
        client_id=CLIENT, client_secret=SECRET, grant_type="refresh_token", refresh_token=got.refresh_token
    )
    assert again.refresh_token == got.refresh_token
    assert again.access_token != got.access_token

    revoked = client.o_auth.revoke_token(
        client_id=CLIENT,
        access_token=again.access_token,
        request_options={"additional_headers": {"Authorization": f"Client {SECRET}"}},
    )
    assert revoked.success
    with pytest.raises(ApiError) as refused:
        squares(sim, again.access_token).merchants.get("me")
    assert refused.value.status_code == 401
    assert "ACCESS_TOKEN_REVOKED" in str(refused.value.body)


def test_squares_sdk_goes_by_pkce_and_the_refresh_token_is_good_once(
    server: Callable[..., Any], squares: Callable[..., Square]
) -> None:
    sim = server("square", secret=None)
    client = squares(sim)
    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    code = sim.decide(code_challenge=challenge)["code"]
    with pytest.raises(ApiError):
        client.o_auth.obtain_token(client_id=CLIENT, grant_type="authorization_code", code=code, code_verifier="w" * 64)
    got = client.o_auth.obtain_token(
        client_id=CLIENT, grant_type="authorization_code", code=code, code_verifier=verifier
    )
    assert got.refresh_token_expires_at is not None
    again = client.o_auth.obtain_token(client_id=CLIENT, grant_type="refresh_token", refresh_token=got.refresh_token)
    assert again.refresh_token != got.refresh_token
    with pytest.raises(ApiError):
        client.o_auth.obtain_token(client_id=CLIENT, grant_type="refresh_token", refresh_token=got.refresh_token)


def test_an_ended_square_token_is_refused_as_expired(
    server: Callable[..., Any], squares: Callable[..., Square]
) -> None:
    sim = server("square")
    got = squares(sim).o_auth.obtain_token(
        client_id=CLIENT, client_secret=SECRET, grant_type="authorization_code", code=sim.decide()["code"]
    )
    sim.control("DELETE", "grants", account_id="acct1")
    with pytest.raises(ApiError) as refused:
        squares(sim, got.access_token).merchants.get("me")
    assert "ACCESS_TOKEN_EXPIRED" in str(refused.value.body)


@pytest.fixture
def connect_platform(server: Callable[..., Any]) -> Iterator[tuple[Any, stripe.StripeClient]]:
    sim = server("stripe")
    with requests.Session() as session:
        yield (
            sim,
            stripe.StripeClient(
                SECRET,
                client_id=CLIENT,
                base_addresses={"api": sim.base, "connect": sim.base},
                max_network_retries=0,
                http_client=stripe.RequestsClient(session=session),
            ),
        )


def test_stripes_sdk_exchanges_refreshes_and_deauthorises(
    connect_platform: tuple[Any, stripe.StripeClient],
) -> None:
    sim, platform = connect_platform
    got = platform.oauth.token({"grant_type": "authorization_code", "code": sim.decide(scope="read_write")["code"]})
    assert (got.stripe_user_id, got.scope, got.livemode) == ("acct1", "read_write", False)
    account = requests.get(
        f"{sim.base}/v1/account", headers={"Authorization": f"Bearer {got.access_token}"}, timeout=10
    )
    assert account.json()["id"] == "acct1"
    again = platform.oauth.token({"grant_type": "refresh_token", "refresh_token": got.refresh_token or ""})
    assert again.refresh_token == got.refresh_token

    gone = platform.oauth.deauthorize({"stripe_user_id": "acct1", "client_id": CLIENT})
    assert gone.stripe_user_id == "acct1"
    refused = requests.get(
        f"{sim.base}/v1/account", headers={"Authorization": f"Bearer {got.access_token}"}, timeout=10
    )
    assert refused.status_code == 401
    with pytest.raises(InvalidGrantError):
        platform.oauth.token({"grant_type": "refresh_token", "refresh_token": got.refresh_token or ""})


def test_mailchimps_metadata_say_where_the_account_of_a_token_is(server: Callable[..., Any]) -> None:
    sim = server("mailchimp")
    fields = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uri": CALLBACK,
        "code": sim.decide()["code"],
    }
    got = requests.post(f"{sim.base}/oauth2/token", data=fields, timeout=10).json()
    assert (got["expires_in"], got["scope"]) == (0, None)
    told = requests.get(
        f"{sim.base}/oauth2/metadata", headers={"Authorization": f"OAuth {got['access_token']}"}, timeout=10
    ).json()
    assert (told["dc"], told["api_endpoint"]) == ("us19", "https://us19.api.mailchimp.com")
    ping = requests.get(f"{sim.base}/3.0/ping", headers={"Authorization": f"Bearer {got['access_token']}"}, timeout=10)
    assert ping.status_code == 200
    assert requests.get(f"{sim.base}/oauth2/metadata", timeout=10).status_code == 401
