"""From a request to the provider's call that came of it, in whatever process and how much later: one trace."""

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import requests

from sync_core.store import connections
from sync_core.sync.asked import work_off
from sync_core.webhooks.addresses import open_address, set_secret
from sync_core.webhooks.apply import drain
from tests.sync_api.desk import OWN, Desk
from tests.sync_core.webhooks.signing import signed
from tests.tracing import Spans, caught

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
KEY = "sk_test_the_key_of_blue_note"
ADA = {"name": "Ada Lovelace", "email": "ada@example.com"}


@pytest.fixture
def spans() -> Iterator[Spans]:
    with caught() as spans:
        yield spans


@pytest.fixture
def connected(stage: Desk) -> Desk:
    """Blue-note is connected with Stripe."""
    stage.sim("stripe", "PUT", "accounts", credential=KEY, account_id="acct_bluenote", name="Blue Note")
    stage.engine.connect(OWN, "stripe", {"api_key": KEY}, environment="production")
    return stage


def at_stripe(desk: Desk, **fields: str) -> dict[str, Any]:
    base = desk.engine.settings.bases["STRIPE_API_BASE"]
    answer = requests.post(f"{base}/v1/customers", data=fields, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def test_a_sync_that_was_asked_for_is_of_the_caller_s_trace_down_to_the_last_call(
    connected: Desk, spans: Spans
) -> None:
    at_stripe(connected, **ADA)
    traceparent = {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-Id": "from-the-portal"}
    answer = connected.ask(
        "POST", "/sync/stripe/sync", body={"venueId": OWN, "syncType": "customers"}, headers=traceparent
    )
    assert answer.status_code == 202, answer.text
    work_off(connected.engine, run_id="worker", quiet_seconds=0)

    asked = spans.one("POST /api/v1/integrations/sync/{provider}/sync", correlation="from-the-portal")
    assert (asked.trace, asked.parent, asked.kind) == (TRACE, CALLER, "SERVER")
    assert (asked.attributes["http.response.status_code"], asked.error) == (202, False)
    done = spans.one("process work", correlation="from-the-portal")
    assert (done.trace, done.parent, done.links) == (TRACE, asked.id, ((TRACE, asked.id),))
    calls = [one for one in spans.all if one.kind == "CLIENT"]
    assert calls
    for call in calls:
        assert call.trace == TRACE
        assert spans.way(call)[:3] == [asked.name, "process work", "sync stripe/customers"]
    assert "ovelace" not in spans.said
    assert KEY not in spans.said


def test_a_webhook_is_of_one_trace_with_the_reading_that_it_caused(connected: Desk, spans: Spans) -> None:
    with connected.engine.database.begin() as conn:
        connection = connections.find(conn, OWN, "stripe")
        assert connection is not None
        url = open_address(conn, connected.engine.vault, connection, base=connected.address)
        set_secret(conn, connected.engine.vault, connection, secret="whsec_own")
    ada = at_stripe(connected, **ADA)
    body = orjson.dumps({"id": "evt_1", "object": "event", "type": "customer.updated", "data": {"object": ada}})
    headers = signed("stripe", body, secret="whsec_own", now=time.time()) | {"Content-Type": "application/json"}
    requests.post(url, data=body, headers=headers, timeout=10).raise_for_status()
    drain(connected.engine, run_id="drain", quiet_seconds=0)

    brought = spans.one("POST /webhooks/{provider}/{token}")
    done = spans.one("process webhook_events", correlation="drain")
    assert (done.trace, done.parent, done.links) == (brought.trace, brought.id, ((brought.trace, brought.id),))
    call = spans.one("GET /v1/customers/{id}")
    assert spans.way(call) == [brought.name, done.name, "read again stripe/customers", call.name]
    assert call.trace == brought.trace
    assert connected.sql("SELECT given_name FROM venue.customers") == [("Ada",)]
    for word in ("ovelace", "ada@", KEY, "whsec", url.rpartition("/")[2], ada["id"]):
        assert word not in spans.said


def test_a_request_that_is_refused_or_led_nowhere_tells_no_address(connected: Desk, spans: Spans) -> None:
    connected.ask("GET", "/oauth/callback/square", code="sq0cgp-a-code", state="the-state")
    requests.request("PROPFIND", f"{connected.address}/a-secret-path?key=sk_test_1", timeout=10)
    connected.ask("GET", "/sync/requests/12", headers={"traceparent": "00-nonsense"}, token="no token")

    assert {one.name for one in spans.all} >= {"GET /api/v1/integrations/oauth/callback/{provider}", "HTTP"}
    assert {one.parent for one in spans.all} == {None}
    assert not [one for one in spans.all if one.error]
    for word in ("sq0cgp", "the-state", "a-secret-path", "PROPFIND", "sk_test"):
        assert word not in spans.said
