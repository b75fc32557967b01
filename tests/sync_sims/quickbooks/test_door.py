"""What every request meets first: token, company, format, limits; and what outlives the process."""

import random
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from quickbooks import QuickBooks
from quickbooks.exceptions import AuthorizationException
from quickbooks.objects import CompanyInfo, Customer

from sync_sims.limits import Limiter
from sync_sims.quickbooks import LIMITS, QuickBooksSimulator
from sync_sims.server import running
from sync_sims.wire import Request, Response
from tests.sync_sims.quickbooks.conftest import BASE, HEADERS, REALM, TOKEN, HandClock
from tests.sync_sims.quickbooks.test_documents import sold
from tests.sync_sims.quickbooks.test_lists import INVENTORY

Ask = Callable[..., requests.Response]


def test_an_answer_bears_its_time_on_the_pacific_coast_and_an_id_for_support(ask: Ask):
    answer = ask("GET", f"/companyinfo/{REALM}", params={"minorversion": "40"})
    assert answer.json()["time"] == "2026-07-15T12:00:00.250-07:00"
    assert answer.headers["intuit_tid"].startswith("1-")
    assert answer.json()["CompanyInfo"]["CompanyName"] == "Apollo Hall"


def test_the_sdk_reads_the_company(sdk: QuickBooks):
    assert CompanyInfo.get(REALM, qb=sdk).CompanyName == "Apollo Hall"


def test_an_unknown_or_revoked_token_is_401(ask: Ask, sdk: QuickBooks, simulator: QuickBooksSimulator):
    answer = ask("GET", "/customer/1", headers={"Authorization": "Bearer nobody"})
    assert answer.status_code == 401
    assert answer.json()["Fault"]["type"] == "AUTHENTICATION"
    assert answer.json()["Fault"]["Error"][0]["code"] == "3200"
    simulator.terms.gateway_case = "lower"
    answer = ask("GET", "/customer/1", headers={"Authorization": None})
    assert answer.json()["fault"]["error"][0]["code"] == "3200"
    simulator.revoke(TOKEN)
    with pytest.raises(AuthorizationException):
        Customer.all(qb=sdk)


def test_a_token_of_another_company_is_403(ask: Ask, simulator: QuickBooksSimulator):
    simulator.register("other", account_id="42", name="Blue Note")
    answer = ask("GET", "/customer/1", headers={"Authorization": "Bearer other"})
    assert answer.status_code == 403
    assert answer.json()["Fault"]["Error"][0]["code"] == "3100"


def test_who_does_not_ask_for_json_gets_xml(ask: Ask):
    made = ask("POST", "/customer", json={"DisplayName": "Ada & Co"}, headers={"Accept": "*/*"})
    assert made.headers["content-type"] == "application/xml"
    space = "{http://schema.intuit.com/finance/v3}"
    root = ET.fromstring(made.content)
    assert root.tag == f"{space}IntuitResponse"
    assert root.findtext(f"{space}Customer/{space}DisplayName") == "Ada & Co"
    refused = ask("POST", "/customer", json={}, headers={"Accept": None})
    error = ET.fromstring(refused.content).find(f"{space}Fault/{space}Error")
    assert (refused.status_code, error is not None and error.get("code")) == (400, "6080")


def test_a_fault_may_come_with_status_200(ask: Ask, simulator: QuickBooksSimulator):
    simulator.terms.validation_status = 200
    answer = ask("POST", "/customer", json={})
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (200, "6080")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/dragon/1", "500"), ("PUT", "/customer", "500"), ("POST", "/taxcode", "500"), ("GET", "/cdc/1", "500")],
)
def test_what_is_not_simulated_is_refused(ask: Ask, method: str, path: str, code: str):
    assert ask(method, path, json={}).json()["Fault"]["Error"][0]["code"] == code


def test_what_is_no_json_is_refused(ask: Ask):
    assert ask("POST", "/customer", data="{").json()["Fault"]["Error"][0]["code"] == "2010"


def test_ten_requests_a_second_and_forty_batches_a_minute(clock: HandClock):
    simulator = QuickBooksSimulator(clock=clock)
    simulator.register(TOKEN, account_id=REALM, name="Apollo Hall")
    with running(simulator) as address, requests.Session() as http:
        answers = [http.get(f"{address}{BASE}/companyinfo/{REALM}", headers=HEADERS) for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    assert refused[0].status_code == 429
    assert refused[0].json()["Fault"]["Error"][0] == {
        "Message": "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "Detail": "The request limit was reached.",
        "code": "3001",
        "element": "",
    }


def test_the_published_limits_are_by_the_second_and_by_the_minute():
    simulator = QuickBooksSimulator()
    batch = simulator.endpoint(Request("POST", f"{BASE}/batch", (), {}, b""))
    hand = HandClock(0.0)
    limiter = Limiter(LIMITS, monotonic=hand)
    passed = 0
    for _ in range(59):
        hand.advance(1)
        passed += sum(limiter.take(REALM, batch) is None for _ in range(2))
    assert passed == 40
    hand.advance(100)
    passed = 0
    for _ in range(59):
        hand.advance(1)
        passed += sum(limiter.take(REALM, "GET x") is None for _ in range(12))
    assert passed == 500


def test_calls_are_known_as_reads_and_writes(simulator: QuickBooksSimulator):
    def is_write(method: str, path: str, body: Any = None) -> bool:
        return simulator.is_write(Request(method, f"{BASE}{path}", (), {}, orjson.dumps(body)))

    assert is_write("POST", "/customer", {})
    assert is_write("POST", "/batch", {"BatchItemRequest": [{"bId": "1", "operation": "create", "Customer": {}}]})
    assert not is_write("POST", "/batch", {"BatchItemRequest": [{"bId": "1", "Query": "SELECT * FROM Item"}]})
    assert not is_write("POST", "/query")
    assert not is_write("GET", "/customer/1")
    assert simulator.endpoint(Request("GET", f"{BASE}/customer/1", (), {}, b"")) == (
        "GET /v3/company/{realmId}/customer/{id}"
    )


def send(simulator: QuickBooksSimulator, path: str, body: Any, **query: str) -> Response:
    """One POST, straight to the rules."""
    request = Request(
        "POST", f"{BASE}{path}", tuple(query.items()), {k.lower(): v for k, v in HEADERS.items()}, orjson.dumps(body)
    )
    return simulator.handle(request)


COLLECTIONS = ("companyinfos", "preferences", "customers", "items", "accounts", "invoices", "payments", "salesreceipts")


def held(simulator: QuickBooksSimulator) -> bytes:
    return orjson.dumps({name: simulator.objects(REALM, name) for name in COLLECTIONS})


def test_everything_survives_a_restart(tmp_path: Path, clock: HandClock):
    first = QuickBooksSimulator(tmp_path, clock=clock, chance=random.Random(1))
    first.register(TOKEN, account_id=REALM, name="Apollo Hall")
    first.register("old", account_id=REALM, name="Apollo Hall")
    first.revoke("old")
    first.seed(REALM, "preferences", [{"CurrencyPrefs": {"HomeCurrency": {"value": "KWD"}}}])
    ada = first.seed(REALM, "customers", [{"DisplayName": "Ada", "BillAddr": {"Country": "US"}}])[0]
    shirt = first.seed(REALM, "items", [INVENTORY])[0]
    rows = [{"CustomerRef": {"value": ada["Id"]}, "Line": [sold(shirt, 15, Qty=1)]}] * 3
    invoices = first.seed(REALM, "invoices", rows)
    first.seed(REALM, "invoices", [{"Id": invoices[1]["Id"], "status": "Deleted"}])
    line = {"Amount": 5, "LinkedTxn": [{"TxnId": invoices[0]["Id"], "TxnType": "Invoice"}]}
    first.seed(REALM, "payments", [{"CustomerRef": {"value": ada["Id"]}, "TotalAmt": 5, "Line": [line]}])
    assert send(first, "/customer", {"DisplayName": "Ada"}).status == 400
    kept = send(first, "/customer", {"DisplayName": "Bea"}, requestid="r-1").body
    before = held(first)
    first.close()

    again = QuickBooksSimulator(tmp_path, clock=clock, chance=random.Random(1))
    assert held(again) == before
    assert again.objects(REALM, "accounts")[0]["CurrencyRef"]["value"] == "KWD"
    assert send(again, "/customer", {"DisplayName": "Bea"}, requestid="r-1").body["Customer"] == kept["Customer"]
    assert send(again, "/customer", {"DisplayName": "ADA"}).body["Fault"]["Error"][0]["code"] == "6240"
    new = send(again, "/customer", {"DisplayName": "Cleo"}).body["Customer"]
    assert new["Id"] not in {row["Id"] for row in orjson.loads(before)["customers"]}
    assert again.account_of(Request("GET", f"{BASE}/item/1", (), {"authorization": "Bearer old"}, b"")) is None
    payment = {"Id": "4", "SyncToken": "0"}
    assert send(again, "/payment", payment, operation="delete").status == 200
    assert again.objects(REALM, "invoices")[0]["Balance"] == 15
    again.reset()
    assert not (tmp_path / "quickbooks.jsonl").exists()
    with pytest.raises(KeyError):
        again.objects(REALM, "customers")


def test_seeds_say_what_they_do_not_know(simulator: QuickBooksSimulator):
    with pytest.raises(KeyError, match="dragons"):
        simulator.seed(REALM, "dragons", [{}])
    with pytest.raises(KeyError, match="Customer '9'"):
        simulator.seed(REALM, "customers", [{"Id": "9"}])
    with pytest.raises(ValueError, match="Row 1 of customers is refused: 6240"):
        simulator.seed(REALM, "customers", [{"DisplayName": "Ada"}, {"DisplayName": "Ada"}])
    assert len(simulator.objects(REALM, "customers")) == 1


def test_a_fault_after_a_write_leaves_the_write_done_and_its_request_id_kept(ask: Ask, address: str):
    fault = {"kind": "error_after", "status": 503, "method": "POST", "times": 1}
    requests.post(f"{address}/_sim/faults", json={"faults": [fault]}, timeout=5)
    broken = ask("POST", "/customer", json={"DisplayName": "Ada"}, params={"requestid": "r-1"})
    assert (broken.status_code, broken.json()["Fault"]["type"]) == (503, "SystemFault")
    again = ask("POST", "/customer", json={"DisplayName": "Ada"}, params={"requestid": "r-1"})
    assert again.json()["Customer"]["Id"] == "1"
