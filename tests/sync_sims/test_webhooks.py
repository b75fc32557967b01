"""Simulators that tell of every change: signed as the provider signs, and badly where it is asked for."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from sync_core.errors import SignatureError
from sync_core.webhooks import Event, parse, verify
from sync_sims.mailchimp.simulator import MailchimpSimulator
from sync_sims.quickbooks.simulator import QuickBooksSimulator
from sync_sims.server import running
from sync_sims.square.simulator import SquareSimulator
from sync_sims.stripe.simulator import StripeSimulator

SECRET = "whsec_sim"  # pragma: allowlist secret - of nobody
SIMULATORS: dict[str, Any] = {
    "stripe": StripeSimulator,
    "square": SquareSimulator,
    "quickbooks": QuickBooksSimulator,
    "mailchimp": MailchimpSimulator,
}
KEYS = {"stripe": "sk_test_1", "square": "EAAA-1", "quickbooks": "token-1", "mailchimp": "key-us19"}


class Listener:
    """Somebody who is told: every webhook that came, and how many times to answer with an error first, and how slowly."""

    def __init__(self) -> None:
        self.url = ""
        self.failures = 0
        self.seconds = 0.0
        self.at_once, self.most_at_once = 0, 0
        self.came: list[tuple[bytes, dict[str, str]]] = []

    def good(self, provider: str) -> list[Event]:
        """The events whose signature is good, in the order in which they came."""
        return [event for body, headers in list(self.came) for event in self._read(provider, body, headers)]

    def _read(self, provider: str, body: bytes, headers: dict[str, str]) -> list[Event]:
        try:
            verify(provider, body=body, headers=headers, secrets=[SECRET], url=self.url, now=time.time())
        except SignatureError:
            return []
        return parse(provider, body, headers["Content-Type"])

    def wait_for(self, number: int) -> None:
        """Until so many came, for ten seconds at most."""
        deadline = time.monotonic() + 10
        while len(self.came) < number and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.came) >= number


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.at_once += 1
            heard.most_at_once = max(heard.most_at_once, heard.at_once)
            time.sleep(heard.seconds)
            heard.at_once -= 1
            heard.failures -= 1
            if heard.failures < 0:
                heard.came.append((body, dict(self.headers)))
            self.send_response(500 if heard.failures >= 0 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    heard.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def subscribed(provider: str, listener: Listener, **how: Any) -> Iterator[str]:
    """A simulator with one account that tells `listener`; its address."""
    with running(SIMULATORS[provider]()) as base:
        account = {"credential": KEYS[provider], "account_id": "acct_1", "name": "One"}
        requests.put(f"{base}/_sim/accounts", json=account, timeout=5).raise_for_status()
        given = {"url": listener.url, "secret": SECRET, **how}
        requests.put(f"{base}/_sim/webhooks", json=given, timeout=5).raise_for_status()
        yield base


def stripe(base: str, method: str = "POST", path: str = "customers", **data: str) -> Any:
    headers = {"Authorization": f"Bearer {KEYS['stripe']}"}
    return requests.request(method, f"{base}/v1/{path}", data=data, headers=headers, timeout=5).json()


def test_stripe_tells_of_what_is_made_changed_and_deleted(listener: Listener) -> None:
    with subscribed("stripe", listener) as base:
        ann = stripe(base, name="Ann")["id"]
        stripe(base, path=f"customers/{ann}", name="Ann B")
        stripe(base, "DELETE", f"customers/{ann}")
        stripe(base, "GET", f"customers/{ann}")
        listener.wait_for(3)

    events = listener.good("stripe")
    assert [(e.type, e.account_id, e.object_id) for e in events] == [
        ("customer.created", "acct_1", ann),
        ("customer.updated", "acct_1", ann),
        ("customer.deleted", "acct_1", ann),
    ]


def test_square_tells_of_profiles_whole_and_of_the_catalogue_by_its_version(listener: Listener) -> None:
    headers = {"Authorization": f"Bearer {KEYS['square']}"}
    with subscribed("square", listener) as base:
        made = requests.post(
            f"{base}/v2/customers", json={"given_name": "Ann", "idempotency_key": "k"}, headers=headers, timeout=5
        ).json()["customer"]["id"]
        requests.delete(f"{base}/v2/customers/{made}", headers=headers, timeout=5)
        variation = {
            "type": "ITEM_VARIATION",
            "id": "#v",
            "item_variation_data": {"name": "R", "pricing_type": "VARIABLE_PRICING"},
        }
        item = {"type": "ITEM", "id": "#i", "item_data": {"name": "Mug", "variations": [variation]}}
        body = {"idempotency_key": "k2", "object": item}
        requests.post(f"{base}/v2/catalog/object", json=body, headers=headers, timeout=5).raise_for_status()
        listener.wait_for(3)

    events = listener.good("square")
    assert [(e.type, e.account_id, e.object_id) for e in events] == [
        ("customer.created", "acct_1", made),
        ("customer.deleted", "acct_1", made),
        ("catalog.version.updated", "acct_1", None),
    ]
    assert events[0].payload["data"]["object"]["customer"]["given_name"] == "Ann"


@pytest.mark.parametrize("old_form", [False, True])
def test_quickbooks_tells_in_both_forms(listener: Listener, old_form: bool) -> None:
    with subscribed("quickbooks", listener, old_form=old_form) as base:
        made = requests.post(
            f"{base}/v3/company/acct_1/customer?minorversion=75",
            json={"DisplayName": "Ann"},
            headers={"Authorization": f"Bearer {KEYS['quickbooks']}", "Accept": "application/json"},
            timeout=5,
        ).json()["Customer"]
        listener.wait_for(1)

    (event,) = listener.good("quickbooks")
    assert (event.type, event.account_id, event.object_id) == ("customer.created", "acct_1", made["Id"])
    assert event.derived_id == old_form


def test_mailchimp_tells_by_form_of_who_comes_changes_moves_and_goes(listener: Listener) -> None:
    auth = ("any", KEYS["mailchimp"])
    with subscribed("mailchimp", listener) as base:
        lists = requests.get(f"{base}/3.0/lists", auth=auth, timeout=5).json()["lists"]
        members = f"{base}/3.0/lists/{lists[0]['id']}/members"
        new = {"email_address": "ann@x.example", "status": "subscribed"}
        made = requests.post(members, json=new, auth=auth, timeout=5).json()
        for change in ({"merge_fields": {"FNAME": "Ann"}}, {"email_address": "eve@x.example"}):
            answer = requests.patch(f"{members}/{made['id']}", json=change, auth=auth, timeout=5)
            made = answer.json()
        requests.patch(f"{members}/{made['id']}", json={"status": "unsubscribed"}, auth=auth, timeout=5)
        listener.wait_for(4)

    kinds = [event.type for event in listener.good("mailchimp")]
    assert kinds == ["subscribe", "profile", "upemail", "upemail", "unsubscribe"]
    assert {event.account_id for event in listener.good("mailchimp")} == {lists[0]["id"]}


def test_mailchimp_without_a_secret_signs_nothing(listener: Listener) -> None:
    with subscribed("mailchimp", listener, secret="") as base:
        rows = [{"email_address": "a@x.example", "status": "subscribed"}]
        requests.post(f"{base}/_sim/accounts/acct_1/seed/members", json={"rows": rows}, timeout=5).raise_for_status()
        listener.wait_for(1)

    assert not any("signature" in name.lower() for name in listener.came[0][1])


def test_misbehaviour_is_what_was_asked_for_and_nothing_is_lost(listener: Listener) -> None:
    listener.failures = 2
    how = {"duplicates": 0.5, "reordered": 0.5, "bad_signatures": 0.3, "seed": 3}
    with subscribed("stripe", listener, **how) as base:
        made = [stripe(base, name=f"P{number}")["id"] for number in range(20)]
        deadline = time.monotonic() + 10
        standing: dict[str, Any] = {"waiting": 1}
        while standing["waiting"] and time.monotonic() < deadline:
            time.sleep(0.05)
            standing = requests.get(f"{base}/_sim/webhooks", timeout=5).json()

    told = [event.object_id for event in listener.good("stripe")]
    assert set(told) == set(made)
    assert len(told) > 20, "some came twice"
    assert list(dict.fromkeys(told)) != made, "some were overtaken"
    assert len(listener.came) > len(told), "some were forged"
    assert standing["retried"] == 2
    assert standing["delivered"] == len(told)
    assert standing["subscription"]["secret"] is None


def test_without_a_subscription_nothing_is_sent_and_a_wrong_one_is_refused(listener: Listener) -> None:
    with subscribed("stripe", listener) as base:
        requests.delete(f"{base}/_sim/webhooks", timeout=5).raise_for_status()
        stripe(base, name="Ann")
        for wrong in ({}, {"url": 7}, {"url": listener.url, "colour": "red"}):
            assert requests.put(f"{base}/_sim/webhooks", json=wrong, timeout=5).status_code == 400
        time.sleep(0.2)
    assert listener.came == []


def test_requests_do_not_wait_for_a_listener_that_is_slow_or_gone(listener: Listener) -> None:
    with subscribed("stripe", listener) as base:
        requests.put(f"{base}/_sim/webhooks", json={"url": "http://127.0.0.1:9/none"}, timeout=5)
        began = time.monotonic()
        for number in range(20):
            stripe(base, name=f"P{number}")
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("at_once", [1, 8])
def test_as_many_are_on_their_way_at_once_as_was_asked_for(listener: Listener, at_once: int) -> None:
    listener.seconds = 0.2
    with subscribed("stripe", listener, at_once=at_once) as base:
        for number in range(8):
            stripe(base, name=f"P{number}")
        listener.wait_for(8)
        wrong = {"url": listener.url, "at_once": 0}
        assert requests.put(f"{base}/_sim/webhooks", json=wrong, timeout=5).status_code == 400
    assert (listener.most_at_once > 1) == (at_once > 1)
