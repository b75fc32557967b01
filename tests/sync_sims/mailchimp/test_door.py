"""What every request passes: keys, data centers, methods, JSON, connections at the same time."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mailchimp_marketing
import pytest
import requests
from mailchimp_marketing.api_client import ApiClientError

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.mailchimp.errors import triggered
from tests.sync_sims.mailchimp.conftest import ACCOUNT, KEY, Ask

BEARER = {"Authorization": f"Bearer {KEY}"}


def test_the_sdk_knows_the_account(sdk: Any):
    assert sdk.ping.get() == {"health_status": "Everything's Chimpy!"}
    assert sdk.root.get_root(fields=["account_name", "account_id"]) == {
        "account_id": ACCOUNT,
        "account_name": "Apollo Hall",
    }


def test_a_bearer_token_and_any_user_name_with_the_key_are_as_good(http: requests.Session, address: str):
    assert http.get(f"{address}/3.0/ping", headers=BEARER).status_code == 200
    assert http.get(f"{address}/3.0/ping", auth=("anystring", KEY)).status_code == 200
    assert http.get(f"{address}/3.0/ping", auth=(KEY, "")).status_code == 401


def test_no_key_and_a_wrong_key_are_told_apart_and_a_revoked_one_is_wrong(
    http: requests.Session, address: str, simulator: MailchimpSimulator
):
    none = http.get(f"{address}/3.0/lists")
    assert (none.status_code, none.json()["title"]) == (401, "API Key Missing")
    wrong = http.get(f"{address}/3.0/lists", auth=("x", "nobody-us19"))
    assert (wrong.status_code, wrong.json()["title"]) == (401, "API Key Invalid")
    assert wrong.json()["instance"] == wrong.headers["X-Request-Id"]
    assert wrong.headers["content-type"] == "application/problem+json; charset=utf-8"
    simulator.revoke(KEY)
    assert http.get(f"{address}/3.0/lists", headers=BEARER).status_code == 401


def test_another_data_centers_host_does_not_know_the_account(ask: Ask):
    assert ask("GET", "/ping", headers={"host": "us19.api.mailchimp.com"}).status == 200
    refused = ask("GET", "/ping", headers={"host": "us6.api.mailchimp.com"})
    assert (refused.status, refused.body["title"]) == (403, "WrongDatacenter")


def test_answers_carry_a_request_id_and_a_link_to_their_schema(http: requests.Session, address: str):
    answer = http.get(f"{address}/3.0/", headers=BEARER)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert len(answer.headers["X-Request-Id"]) == 36
    assert answer.headers["Link"].endswith('rel="describedBy"')


@pytest.mark.parametrize(
    ("name", "status"),
    [("APIKeyMissing", 401), ("UserDisabled", 403), ("TooManyRequests", 429), ("ComplianceRelated", 503)],
)
def test_an_error_can_be_asked_for(ask: Ask, name: str, status: int):
    answer = ask("GET", "/lists", headers={"x-trigger-error": name})
    wanted = triggered(name)
    assert wanted is not None
    assert (answer.status, answer.body["title"]) == (status, wanted.title)


def test_an_unknown_path_a_wrong_method_and_a_broken_body_are_told_apart(ask: Ask, audience: str):
    assert ask("GET", "/nothing").body["title"] == "Resource Not Found"
    assert ask("GET", "/lists/nobody").status == 404
    assert ask("PUT", f"/lists/{audience}").body["title"] == "Method Not Allowed"
    assert ask("POST", "/lists", b"{").body["title"] == "JSON Parse Exception"
    assert ask("POST", "/lists", b"[]").status == 400


def test_a_post_can_stand_for_another_method(ask: Ask, audience: str):
    override = {"x-http-method-override": "PATCH"}
    assert ask("POST", f"/lists/{audience}", {"name": "Friends"}, headers=override).body["name"] == "Friends"
    refused = ask("GET", f"/lists/{audience}", headers=override)
    assert (refused.status, refused.body["title"]) == (422, "InvalidMethodOverride")


def test_an_eleventh_request_at_the_same_time_is_refused_and_one_after_another_pass(
    http: requests.Session, address: str
):
    def ping(_: int) -> int:
        return requests.get(f"{address}/3.0/ping", headers=BEARER, timeout=10).status_code

    assert {ping(number) for number in range(30)} == {200}
    http.post(f"{address}/_sim/faults", json={"faults": [{"kind": "delay", "seconds": 1.0}]})
    with ThreadPoolExecutor(16) as threads:
        statuses = sorted(threads.map(ping, range(16)))
    assert statuses == [200] * 10 + [429] * 6
    assert ping(0) == 200


def test_a_dropped_connection_gives_its_place_back(http: requests.Session, address: str):
    http.put(f"{address}/_sim/limits", json={"simultaneous": 1})
    http.post(f"{address}/_sim/faults", json={"faults": [{"kind": "drop_before", "times": 1}]})
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/3.0/ping", headers=BEARER, timeout=10)
    time.sleep(0.1)
    assert requests.get(f"{address}/3.0/ping", headers=BEARER, timeout=10).status_code == 200


def test_a_429_is_a_problem_or_nothing_and_names_no_time_to_wait(
    sdk: Any, http: requests.Session, address: str, simulator: MailchimpSimulator
):
    http.post(f"{address}/_sim/faults", json={"faults": [{"kind": "throttle"}]})
    with pytest.raises(ApiClientError) as caught:
        sdk.ping.get()
    assert caught.value.status_code == 429
    assert "10 simultaneous connections" in caught.value.text
    simulator.terms.throttle_body = "none"
    bare = http.get(f"{address}/3.0/ping", headers=BEARER)
    assert (bare.status_code, bare.content) == (429, b"")
    assert "retry-after" not in bare.headers


@pytest.mark.parametrize(
    ("status", "kind"), [(500, "application/problem+json"), (502, "text/html"), (503, "text/html")]
)
def test_the_network_in_front_of_the_api_speaks_html(http: requests.Session, address: str, status: int, kind: str):
    http.post(f"{address}/_sim/faults", json={"faults": [{"kind": "error_before", "status": status}]})
    answer = http.get(f"{address}/3.0/ping", headers=BEARER)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)


def test_a_key_of_another_account_opens_another_account(address: str, simulator: MailchimpSimulator):
    simulator.register("feedfeed-us6", account_id="acct-globe", name="Globe")
    client = mailchimp_marketing.Client()
    client.set_config({"api_key": "feedfeed-us6"})
    client.api_client.host = f"{address}/3.0"
    root = client.root.get_root()
    assert root["account_id"] == "acct-globe"
    assert root["_links"][0]["href"] == "https://us6.api.mailchimp.com/3.0/"
    assert [row["name"] for row in client.lists.get_all_lists()["lists"]] == ["Globe"]


def test_calls_are_counted_by_template(http: requests.Session, address: str):
    http.get(f"{address}/3.0/lists/x/members/y", headers=BEARER)
    http.post(f"{address}/3.0/lists/x/members", headers=BEARER, json={})
    calls = http.get(f"{address}/_sim/calls", params={"account": ACCOUNT}).json()
    assert calls["by_endpoint"] == {"GET /3.0/lists/{id}/members/{id}": 1, "POST /3.0/lists/{id}/members": 1}
    assert (calls["reads"], calls["writes"]) == (1, 1)
