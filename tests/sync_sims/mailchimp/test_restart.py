"""What survives a restart, and what the control endpoints arrange."""

import random
from pathlib import Path
from typing import Any

import pytest
import requests

from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.server import running
from sync_sims.wire import Request
from tests.sync_sims.mailchimp.conftest import ACCOUNT, KEY, HandClock

COLLECTIONS = ("lists", "members", "merge_fields", "segments", "stores", "products", "customers", "orders", "campaigns")


def held(simulator: MailchimpSimulator) -> dict[str, Any]:
    return {name: simulator.objects(ACCOUNT, name) for name in COLLECTIONS}


def listed(simulator: MailchimpSimulator, path: str) -> Any:
    headers = {"authorization": f"Bearer {KEY}"}
    return simulator.handle(Request("GET", f"/3.0{path}", (), headers, b"")).body


def test_everything_survives_a_restart(tmp_path: Path, clock: HandClock):
    simulator = MailchimpSimulator(tmp_path, clock=clock, chance=random.Random(1))
    simulator.register(KEY, account_id=ACCOUNT, name="Apollo Hall")
    simulator.register("old-us19", account_id=ACCOUNT, name="Apollo Hall")
    simulator.revoke("old-us19")
    simulator.seed(ACCOUNT, "members", [{"email_address": f"m{n}@hall.test", "tags": ["Season"]} for n in range(3)])
    simulator.seed(ACCOUNT, "members", [{"email_address": "m1@hall.test", "is_deleted": True}])
    simulator.seed(ACCOUNT, "stores", [{"id": "hall", "name": "Hall"}])
    variants = [{"id": "a", "title": "Adult", "price": 5}]
    simulator.seed(ACCOUNT, "products", [{"id": "p", "title": "P", "variants": variants}])
    line = {"id": "1", "product_id": "p", "product_variant_id": "a", "quantity": 1, "price": 5}
    customer = {"id": "c", "email_address": "m0@hall.test", "opt_in_status": True}
    order = {"id": "o", "customer": customer, "currency_code": "USD", "order_total": 5, "lines": [line]}
    simulator.seed(ACCOUNT, "orders", [order])
    simulator.seed(ACCOUNT, "campaigns", [{"subject_line": "Spring", "emails_sent": 2}])
    before, shown = held(simulator), listed(simulator, "/ecommerce/stores/hall/customers/c")
    simulator.close()

    again = MailchimpSimulator(tmp_path, clock=clock, chance=random.Random(1))
    assert held(again) == before
    assert listed(again, "/ecommerce/stores/hall/customers/c") == shown
    assert shown["orders_count"] == 1
    audience = before["lists"][0]["id"]
    assert listed(again, f"/lists/{audience}")["stats"]["member_count"] == 2
    assert listed(again, f"/lists/{audience}/segments")["segments"][0]["member_count"] == 2
    body = b'{"email_address":"m1@hall.test","status":"subscribed"}'
    headers = {"authorization": f"Bearer {KEY}"}
    refused = again.handle(Request("POST", f"/3.0/lists/{audience}/members", (), headers, body))
    assert refused.body["title"] == "Forgotten Email Not Subscribed"
    assert again.account_of(Request("GET", "/3.0/", (), {"authorization": "Bearer old-us19"}, b"")) is None
    campaign = again.seed(ACCOUNT, "campaigns", [{"subject_line": "Summer"}])[0]
    assert campaign["id"] != before["campaigns"][0]["id"]
    again.close()


def test_a_torn_last_line_loses_one_request_as_a_whole(tmp_path: Path, clock: HandClock):
    simulator = MailchimpSimulator(tmp_path, clock=clock)
    simulator.register(KEY, account_id=ACCOUNT, name="Apollo Hall")
    simulator.seed(ACCOUNT, "members", [{"email_address": "a@hall.test"}])
    simulator.seed(ACCOUNT, "members", [{"email_address": "b@hall.test", "tags": ["VIP"]}])
    simulator.close()
    path = tmp_path / "mailchimp.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    again = MailchimpSimulator(tmp_path, clock=clock)
    assert [row["email_address"] for row in again.objects(ACCOUNT, "members")] == ["a@hall.test"]
    assert again.objects(ACCOUNT, "segments") == []
    again.close()


def test_a_reset_forgets_the_journal_too(tmp_path: Path, clock: HandClock):
    simulator = MailchimpSimulator(tmp_path, clock=clock)
    simulator.register(KEY, account_id=ACCOUNT, name="Apollo Hall")
    simulator.reset()
    again = MailchimpSimulator(tmp_path, clock=clock)
    with pytest.raises(KeyError):
        again.objects(ACCOUNT, "members")
    again.close()


def test_the_control_endpoints_arrange_and_judge(simulator: MailchimpSimulator):
    with running(simulator) as address, requests.Session() as http:
        base = f"{address}/_sim/accounts/{ACCOUNT}"
        seeded = http.post(f"{base}/seed/members", json={"rows": [{"email_address": "a@hall.test", "tags": ["VIP"]}]})
        assert seeded.json()["objects"][0]["tags_count"] == 1
        assert http.get(f"{base}/objects/members").json()["objects"][0]["tags"] == ["VIP"]
        assert http.get(f"{base}/objects/tips").status_code == 404
        assert http.post(f"{base}/seed/members", json={"rows": [{"email_address": "a"}]}).status_code == 400
        assert http.post(f"{base}/seed/tips", json={"rows": [{}]}).status_code == 404


def test_a_write_whose_answer_was_lost_was_done(simulator: MailchimpSimulator, audience: str):
    with running(simulator) as address, requests.Session() as http:
        http.post(f"{address}/_sim/faults", json={"faults": [{"kind": "error_after", "status": 502, "times": 1}]})
        body = {"email_address": "a@hall.test", "status": "subscribed"}
        url = f"{address}/3.0/lists/{audience}/members"
        assert http.post(url, auth=("x", KEY), json=body).status_code == 502
        assert http.post(url, auth=("x", KEY), json=body).json()["title"] == "Member Exists"
        assert len(simulator.objects(ACCOUNT, "members")) == 1


def test_what_happened_in_the_past_says_so(simulator: MailchimpSimulator):
    row = {"email_address": "a@hall.test", "at": "2026-01-02T03:04:05+00:00"}
    assert simulator.seed(ACCOUNT, "members", [row])[0]["last_changed"] == "2026-01-02T03:04:05+00:00"
