"""Keys, accounts, versions and the shape of refusals at the simulated Stripe's door."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
import stripe

from sync_sims.stripe import StripeSimulator
from tests.sync_sims.conftest import ACCOUNT, BEARER, KEY, Ask


def test_the_account_behind_the_key_answers(client: Any):
    account = client.v1.accounts.retrieve_current()
    assert (account.id, account.business_profile.name) == (ACCOUNT, "Blue Note")


def test_basic_authentication_takes_the_key_as_user(http: requests.Session, stripe_url: str):
    answer = http.get(f"{stripe_url}/v1/account", auth=(KEY, ""))
    assert answer.json()["id"] == ACCOUNT


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer sk_test_unknown", "Basic !!!", "Basic /////w==", "Token x", "Basic " + "c2tfdGVzdF94Og=="],
)
def test_without_a_good_key_nothing_is_shown(http: requests.Session, stripe_url: str, header: str | None):
    headers = {} if header is None else {"Authorization": header}
    answer = http.get(f"{stripe_url}/v1/account", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["Request-Id"].startswith("req_")


def test_the_sdk_sees_an_authentication_error_and_never_the_whole_key(sdk: Callable[..., Any]):
    with pytest.raises(stripe.AuthenticationError) as caught:
        sdk("sk_test_0123456789wrong").v1.customers.list()
    assert "0123456789wrong" not in str(caught.value)


def test_a_platform_key_acts_for_connected_accounts_only(
    sdk: Callable[..., Any], stripe_sim: StripeSimulator, client: Any
):
    stripe_sim.register(KEY, account_id="acct_connected", name="Red Room")
    connected = sdk(stripe_account="acct_connected")
    created = connected.v1.customers.create({"name": "Ann"})
    assert [row["id"] for row in stripe_sim.objects("acct_connected", "customers")] == [created.id]
    assert stripe_sim.objects(ACCOUNT, "customers") == []
    assert client.v1.accounts.retrieve_current().id == ACCOUNT
    with pytest.raises(stripe.PermissionError) as caught:
        sdk(stripe_account="acct_stranger").v1.customers.list()
    assert caught.value.http_status == 403


def test_one_account_never_sees_another(sdk: Callable[..., Any], stripe_sim: StripeSimulator, client: Any):
    stripe_sim.register("sk_test_other", account_id="acct_other", name="Red Room")
    mine = client.v1.customers.create({"name": "Ann"})
    with pytest.raises(stripe.InvalidRequestError):
        sdk("sk_test_other").v1.customers.retrieve(mine.id)


def test_the_version_asked_for_is_echoed_and_ours_is_the_default(http: requests.Session, stripe_url: str):
    assert http.get(f"{stripe_url}/v1/account", headers=BEARER).headers["Stripe-Version"] == "2026-10-28.endive"
    asked = {**BEARER, "Stripe-Version": "2026-09-30.endive"}
    assert http.get(f"{stripe_url}/v1/account", headers=asked).headers["Stripe-Version"] == "2026-09-30.endive"
    wrong = {**BEARER, "Stripe-Version": "latest"}
    assert http.get(f"{stripe_url}/v1/account", headers=wrong).status_code == 400


def test_livemode_follows_the_key(stripe_sim: StripeSimulator, sdk: Callable[..., Any], client: Any):
    stripe_sim.register("sk_live_abc", account_id="acct_live", name="Live Room")
    assert sdk("sk_live_abc").v1.customers.create().livemode is True
    assert client.v1.customers.create().livemode is False


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/spoons"),
        ("GET", "/"),
        ("POST", "/v1/charges"),
        ("DELETE", "/v1/prices/price_1"),
        ("GET", "/v1/a/b/c/d"),
    ],
)
def test_an_address_that_stripe_does_not_have_is_404(http: requests.Session, stripe_url: str, method: str, path: str):
    answer = http.request(method, stripe_url + path, headers=BEARER)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith(f"Unrecognized request URL ({method}: {path})")


def test_a_json_body_is_not_understood(http: requests.Session, stripe_url: str, stripe_sim: StripeSimulator):
    answer = http.post(f"{stripe_url}/v1/customers", headers=BEARER, json={"name": "Ann"})
    assert answer.status_code == 400
    assert stripe_sim.objects(ACCOUNT, "customers") == []


@pytest.mark.parametrize(
    ("path", "data", "code", "param"),
    [
        ("/v1/customers", {"naem": "Ann"}, "parameter_unknown", "naem"),
        ("/v1/customers", {"address[town]": "Rome"}, "parameter_unknown", "address[town]"),
        ("/v1/customers", {"address": "Rome"}, None, "address"),
        ("/v1/customers", {"name[a]": "Ann"}, None, "name"),
        ("/v1/customers", {"email": "not-an-address"}, "email_invalid", "email"),
        ("/v1/customers", {"email": "x" * 513}, None, "email"),
        ("/v1/customers", {"balance": "ten"}, "parameter_invalid_integer", "balance"),
        ("/v1/customers", {"shipping[name]": "Ann"}, "parameter_missing", "shipping[address]"),
        ("/v1/customers", {"tax_exempt": "maybe"}, None, "tax_exempt"),
        ("/v1/customers", {"metadata[a]": "x" * 501}, None, "metadata"),
        ("/v1/customers", {"metadata[" + "k" * 41 + "]": "x"}, None, "metadata"),
        ("/v1/customers", {"metadata[a][b]": "x"}, None, "metadata"),
        ("/v1/customers", {f"metadata[k{number}]": "x" for number in range(51)}, None, "metadata"),
        ("/v1/customers", {"preferred_locales": "en"}, None, "preferred_locales"),
        ("/v1/customers", {"name[": "Ann"}, None, "name"),
        ("/v1/products", {}, "parameter_missing", "name"),
        ("/v1/products", {"name": ""}, "parameter_invalid_empty", "name"),
        ("/v1/products", {"name": "T", "active": "yes"}, None, "active"),
        (
            "/v1/products",
            {"name": "T", "default_price_data[unit_amount]": "1"},
            "parameter_missing",
            "default_price_data[currency]",
        ),
        ("/v1/prices", {"unit_amount": "1"}, "parameter_missing", "currency"),
        ("/v1/prices", {"currency": "xxx", "unit_amount": "1", "product": "p"}, None, "currency"),
        (
            "/v1/prices",
            {"currency": "usd", "unit_amount": "-1", "product": "p"},
            "parameter_invalid_integer",
            "unit_amount",
        ),
        ("/v1/payment_intents", {"currency": "usd"}, "parameter_missing", "amount"),
        ("/v1/payment_intents", {"currency": "usd", "amount": "1.5"}, "parameter_invalid_integer", "amount"),
        ("/v1/refunds", {"reason": "because", "charge": "ch_1"}, None, "reason"),
    ],
)
def test_a_wrong_parameter_is_named(ask: Ask, path: str, data: dict[str, str], code: str | None, param: str):
    answer = ask("POST", path, data=data)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error["param"]) == (code, param)
    if code is not None:
        assert error["doc_url"].endswith(code.replace("_", "-"))


def test_a_missing_object_is_404_in_the_path_and_400_in_a_parameter(client: Any):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.retrieve("cus_none")
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (404, "resource_missing", "id")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": 100, "currency": "usd", "customer": "cus_none"})
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, "resource_missing", "customer")


def test_a_revoked_key_stops_working_at_once(client: Any, stripe_sim: StripeSimulator):
    client.v1.customers.list()
    stripe_sim.revoke(KEY)
    with pytest.raises(stripe.AuthenticationError) as caught:
        client.v1.customers.list()
    refused: Any = caught.value.error
    assert refused.code == "api_key_expired"


def test_arrays_may_be_written_with_and_without_numbers(http: requests.Session, stripe_url: str):
    for data in ({"preferred_locales[]": ["en", "fr"]}, {"preferred_locales[1]": "fr", "preferred_locales[0]": "en"}):
        answer = http.post(f"{stripe_url}/v1/customers", headers=BEARER, data=data)
        assert answer.json()["preferred_locales"] == ["en", "fr"]


def test_names_used_twice_for_different_things_are_refused(stripe_url: str):
    for body in ("name=a&name[b]=c", "preferred_locales=en&preferred_locales[]=fr"):
        headers = {**BEARER, "Content-Type": "application/x-www-form-urlencoded"}
        answer = requests.post(f"{stripe_url}/v1/customers", headers=headers, data=body, timeout=5)
        assert answer.status_code == 400
