"""Connections by HTTP: with a key and by the provider's own page, tested, suspended, reconnected, ended."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from tests.sync_api.desk import OWN, V1, Desk

KEY = "sk_test_the_key_of_blue_note"
ABOUT = {"venueId": OWN}


@pytest.fixture
def account(stage: Desk) -> Desk:
    """A stage on which blue-note has an account at Stripe and at Square."""
    stage.sim("stripe", "PUT", "accounts", credential=KEY, account_id="acct_bluenote", name="Blue Note")
    stage.sim("square", "PUT", "accounts", credential="EAAA-blue-note", account_id="ML1", name="Blue Note")
    return stage


def by_key(desk: Desk, **credentials: str) -> requests.Response:
    body = ABOUT | {"credentials": credentials, "environment": "production"}
    return desk.ask("POST", "/connect/stripe", body=body)


def page_of(desk: Desk, **body: object) -> str:
    """The address of Square's page, to which a person is sent."""
    data = desk.data("POST", "/connect/square", body=ABOUT | {"environment": "production"} | body)
    assert data["message"] == "Please complete OAuth authorization"
    return data["authUrl"]


def agreed(url: str, decision: str = "allow") -> str:
    """Where Square sends a person who decided on its page: path and query of our callback."""
    fields = dict(parse_qsl(urlsplit(url).query)) | {"decision": decision, "account": "ML1"}
    back = requests.post(url.partition("?")[0], data=fields, allow_redirects=False, timeout=10)
    assert back.status_code == 302, back.text
    return back.headers["location"].partition(V1)[2]


def test_a_key_is_tested_then_stored_sealed_and_the_connection_is_listed(account: Desk) -> None:
    answer = by_key(account, apiKey=KEY)

    assert answer.json()["data"] == {
        "integrationType": "stripe",
        "message": "Integration connected successfully",
        "accountId": "acct_bluenote",
        "authUrl": None,
    }
    [listed] = account.data("GET", "", venueId=OWN)
    assert (listed["integration_type"], listed["status"], listed["account_id"]) == (
        "stripe",
        "connected",
        "acct_bluenote",
    )
    assert listed["connected_at"] is not None
    assert listed["health_status"] == "unknown"
    assert account.data("GET", "/stripe", venueId=OWN) == listed
    assert account.data("POST", "/health/stripe/test", body=ABOUT)["connected"] is True
    [(envelope,)] = account.sql("SELECT envelope FROM sync.credentials")
    assert KEY.encode() not in bytes(envelope)


def test_a_key_that_the_provider_refuses_is_not_stored(account: Desk) -> None:
    answer = by_key(account, api_key="sk_test_of_somebody_else")

    assert (answer.status_code, answer.json()["code"]) == (401, "CONNECTION_TEST_FAILED")
    assert "sk_test" not in answer.text
    assert account.data("GET", "", venueId=OWN) == []
    assert account.sql("SELECT count(*) FROM sync.credentials") == [(0,)]


def test_a_part_of_a_credential_that_is_missing_or_unknown_is_named(account: Desk) -> None:
    unknown = by_key(account, apiKey=KEY, apiPassword="x")
    answer = account.ask("POST", "/stripe/api-key", body={})

    assert (unknown.status_code, unknown.json()["details"][0]["field"]) == (400, "credentials.apiPassword")
    assert (answer.status_code, answer.json()["details"]) == (400, [{"field": "apiKey", "message": "Field required"}])


def test_a_key_can_be_tried_without_storing_it(account: Desk) -> None:
    good = account.data("POST", "/stripe/api-key", body={"apiKey": KEY, "environment": "production"})
    bad = account.data("POST", "/stripe/api-key", body={"apiKey": "sk_test_wrong", "environment": "production"})

    assert (good["valid"], good["accountId"]) == (True, "acct_bluenote")
    assert (bad["valid"], bad["accountId"]) == (False, None)
    assert account.sql("SELECT count(*) FROM sync.connections") == [(0,)]


def test_a_connection_that_ends_leaves_no_credential(account: Desk) -> None:
    by_key(account, apiKey=KEY)
    connection = account.sql("SELECT id FROM sync.connections")[0][0]
    account.data("POST", "/sync/stripe/sync", body=ABOUT | {"syncType": "customers"})

    assert account.ask("POST", "/stripe/disconnect", body=ABOUT).json()["success"] is True

    assert account.sql("SELECT count(*) FROM sync.credentials") == [(0,)]
    assert account.sql("SELECT status FROM sync.work WHERE connection_id = :id", id=connection) == [("cancelled",)]
    assert account.data("GET", "/stripe", venueId=OWN)["status"] == "disconnected"
    assert account.refusal("POST", "/health/stripe/test", body=ABOUT) == (404, "CREDENTIALS_NOT_FOUND")
    assert account.refusal("POST", "/sync/stripe/sync", body=ABOUT) == (409, "INTEGRATION_NOT_CONNECTED")


def test_a_suspended_connection_keeps_its_credential_and_can_be_resumed_once(account: Desk) -> None:
    by_key(account, apiKey=KEY)

    account.ask("POST", "/stripe/suspend", body=ABOUT | {"reason": "Closed for repairs."})
    listed = account.data("GET", "/stripe", venueId=OWN)
    assert (listed["status"], listed["last_error"]) == ("suspended", "Closed for repairs.")
    assert listed["config"]["syncEnabled"] is False
    assert account.ask("POST", "/stripe/resume", body=ABOUT).status_code == 200
    assert account.data("GET", "/stripe", venueId=OWN)["status"] == "connected"
    assert account.refusal("POST", "/stripe/resume", body=ABOUT) == (409, "CONFLICT")


def test_settings_are_chosen_shown_and_written_down_and_what_does_not_fit_is_refused(account: Desk) -> None:
    config = {
        "syncEnabled": True,
        "syncInterval": 3600,
        "syncDirection": {"customers": "pull"},
        "filters": {"customers": {"country": ["NO", "SE"]}},
    }
    body = ABOUT | {"credentials": {"apiKey": KEY}, "environment": "production", "config": config}
    assert account.ask("POST", "/connect/stripe", body=body).status_code == 200
    shown = account.data("GET", "/stripe/settings", venueId=OWN)["config"]
    assert {name: shown[name] for name in config} == config
    assert (shown["entities"]["customers"], shown["entities"]["products"]) == ("pull", "push")

    off = account.data("PUT", "/stripe/settings", body=ABOUT | {"config": {"syncEnabled": False}})["config"]

    assert (off["syncEnabled"], off["syncInterval"], off["syncDirection"], off["filters"]) == (
        False,
        None,
        "bidirectional",
        {},
    )
    assert account.data("GET", "/stripe", venueId=OWN)["config"] == off
    assert account.refusal("POST", "/sync/stripe/sync", body=ABOUT) == (409, "INTEGRATION_NOT_CONNECTED")
    assert ("change_settings", 200) in account.sql("SELECT action, status FROM sync.audit_log")
    for wrong in (
        {"syncInterval": 1},
        {"syncDirection": {"products": "pull"}},
        {"filters": {"customers": {"shoe_size": ["44"]}}},
        {"filters": {"customers": {"country": ["N\u0000"]}}},
    ):
        answer = account.refusal("PUT", "/stripe/settings", body=ABOUT | {"config": wrong})
        assert answer == (400, "VALIDATION_ERROR"), wrong
    assert account.data("GET", "/stripe", venueId=OWN)["config"] == off


def test_settings_given_with_the_provider_s_page_hold_once_the_venue_is_connected(account: Desk) -> None:
    way_back = agreed(page_of(account, config={"syncDirection": {"customers": "push"}}))
    assert account.ask("GET", way_back).status_code == 302

    assert account.data("GET", "/square", venueId=OWN)["config"]["entities"]["customers"] == "push"


def test_reconnecting_tests_the_account_and_says_when_the_venue_must_act(account: Desk) -> None:
    by_key(account, apiKey=KEY)
    account.sql("UPDATE sync.connections SET status = 'error', last_error = 'It was refused.'")

    assert account.ask("POST", "/stripe/reconnect", body=ABOUT).status_code == 200
    assert account.data("GET", "/stripe", venueId=OWN)["status"] == "connected"

    account.sql("DELETE FROM sync.credentials")
    assert account.refusal("POST", "/stripe/reconnect", body=ABOUT) == (400, "RECONNECTION_FAILED")


def test_a_person_who_agrees_on_the_provider_s_page_is_sent_on_and_the_venue_is_connected(account: Desk) -> None:
    way_back = agreed(page_of(account))

    arrived = requests.get(
        f"{account.address}{V1}{way_back}", headers={"Accept": "text/html"}, allow_redirects=False, timeout=10
    )

    assert arrived.status_code == 302
    assert arrived.headers["location"] == f"/integrations/success?provider=square&venueId={OWN}"
    assert requests.get(f"{account.address}{arrived.headers['location']}", timeout=10).status_code == 200
    assert account.data("GET", "/square", venueId=OWN)["status"] == "connected"
    assert account.sql("SELECT actor, venue_id FROM sync.audit_log WHERE action = 'oauth_callback'") == [
        ("user:ana", OWN)
    ]
    fresh = account.ask("POST", "/oauth/refresh/square", body=ABOUT).json()
    assert fresh["message"] == "Token refreshed successfully"
    assert fresh["data"]["expiresAt"] is not None


def test_a_state_is_good_once_and_a_program_is_answered_in_json(account: Desk) -> None:
    way_back = agreed(page_of(account))
    json = {"Accept": "application/json", "Authorization": ""}

    first = account.ask("GET", way_back, headers=json)
    again = account.ask("GET", way_back, headers=json)

    assert first.json() == {"success": True, "data": {"venueId": OWN, "provider": "square"}}
    assert (again.status_code, again.json()["code"]) == (401, "OAUTH_STATE_INVALID")


def test_a_person_who_says_no_comes_to_a_page_that_says_so_without_repeating_the_address(account: Desk) -> None:
    way_back = agreed(page_of(account), decision="deny")

    arrived = requests.get(f"{account.address}{V1}{way_back}", allow_redirects=False, timeout=10)
    page = requests.get(f"{account.address}{arrived.headers['location']}&message=<script>", timeout=10)

    assert arrived.status_code == 302
    assert parse_qs(urlsplit(arrived.headers["location"]).query)["status"] == ["401"]
    assert "<script>" not in page.text


def test_a_callback_without_code_or_state_is_refused(stage: Desk) -> None:
    json = {"Accept": "application/json"}

    assert stage.refusal("GET", "/oauth/callback/square", headers=json) == (400, "VALIDATION_ERROR")
    assert stage.refusal("GET", "/oauth/callback/square", headers=json, state="x") == (400, "VALIDATION_ERROR")


def test_a_connection_made_with_a_key_has_no_token_to_refresh(account: Desk) -> None:
    by_key(account, apiKey=KEY)

    assert account.refusal("POST", "/oauth/refresh/stripe", body=ABOUT) == (401, "TOKEN_REFRESH_FAILED")


def test_a_venue_whose_provider_hangs_waits_behind_itself_and_not_everybody_behind_it(account: Desk) -> None:
    """Else its requests would hold every thread that serves the others."""
    assert by_key(account, apiKey=KEY).ok
    slow = {"kind": "delay", "seconds": 1.5, "account": "acct_bluenote"}
    account.sim("stripe", "POST", "faults", seed=1, faults=[slow])
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(account.ask, "POST", "/health/stripe/test", body=ABOUT) for _ in range(6)]
        answers = [one.result() for one in asked]
    account.sim("stripe", "DELETE", "faults")

    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503, 503]
    refused = next(answer for answer in answers if not answer.ok)
    assert refused.json()["code"] == "PROVIDER_UNAVAILABLE"
    assert refused.json()["error"] == "2 requests of blue-note wait for Stripe already: wait for their answers."
    assert account.data("POST", "/health/stripe/test", body=ABOUT)["connected"] is True
