"""Batches and request ids: many operations in one request, and each at most once."""

from collections.abc import Callable
from typing import Any

import requests
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.objects import Customer

from tests.sync_sims.quickbooks.test_documents import sold
from tests.sync_sims.quickbooks.test_lists import fault

Ask = Callable[..., requests.Response]
Seed = Callable[..., dict[str, Any]]


def create(number: int, **customer: Any) -> dict[str, Any]:
    """One item that makes a customer."""
    return {"bId": f"b{number}", "operation": "create", "Customer": customer}


def send(ask: Ask, items: list[dict[str, Any]], **params: str) -> requests.Response:
    return ask("POST", "/batch", json={"BatchItemRequest": items}, params=params)


def test_the_sdk_creates_in_batches_and_learns_which_failed(sdk: QuickBooks):
    customers = [Customer.from_json({"DisplayName": name}) for name in ("Ada", "Bea", "Ada")]
    result = batch_create(customers, qb=sdk)
    assert [made.DisplayName for made in result.successes] == ["Ada", "Bea"]
    assert [error.code for failed in result.faults for error in failed.Error] == ["6240"]


def test_items_succeed_and_fail_alone_inside_an_answer_200(ask: Ask, seed: Seed):
    ada = seed("customers", DisplayName="Ada")
    ticket = seed("items", Name="Ticket", Type="Service", IncomeAccountRef={"value": "1"})
    invoice = seed("invoices", CustomerRef={"value": ada["Id"]}, Line=[sold(ticket, 5)])
    other = seed("invoices", CustomerRef={"value": ada["Id"]}, Line=[sold(ticket, 7)])
    items = [
        create(1, DisplayName="Bea"),
        create(2, DisplayName="A:B"),
        {"bId": "b3", "Query": "SELECT COUNT(*) FROM Customer"},
        {"bId": "b4", "operation": "update", "Customer": {"Id": ada["Id"], "SyncToken": "7", "sparse": True}},
        {"bId": "b5", "operation": "delete", "Invoice": {"Id": invoice["Id"], "SyncToken": "0"}},
        {
            "bId": "b6",
            "operation": "update",
            "optionsData": "void",
            "Invoice": {"Id": other["Id"], "SyncToken": "0", "sparse": True},
        },
        {"bId": "b7", "Query": "SELECT nothing"},
        {"bId": "b8", "operation": "merge", "Customer": {}},
    ]
    answer = send(ask, items)
    responses = answer.json()["BatchItemResponse"]
    assert answer.status_code == 200
    assert [response["bId"] for response in responses] == [item["bId"] for item in items]
    assert responses[0]["Customer"]["DisplayName"] == "Bea"
    assert responses[2]["QueryResponse"] == {"totalCount": 2}
    assert responses[4]["Invoice"]["status"] == "Deleted"
    assert responses[5]["Invoice"]["PrivateNote"] == "Voided"
    codes = {response["bId"]: response["Fault"]["Error"][0]["code"] for response in responses if "Fault" in response}
    assert codes == {"b2": "2040", "b4": "5010", "b7": "4000", "b8": "500"}


def test_a_batch_has_at_most_thirty_items_each_with_an_id_of_its_own(ask: Ask):
    assert len(send(ask, [create(number, DisplayName=f"C{number}") for number in range(30)]).json()) == 2
    error = fault(send(ask, [create(number, DisplayName=f"D{number}") for number in range(31)]))
    assert error["code"] == "1040"
    assert fault(send(ask, [create(1, DisplayName="E"), create(1, DisplayName="F")]))["element"] == "bId"
    assert fault(send(ask, []))["element"] == "BatchItemRequest"
    found = ask("GET", "/query", params={"query": "SELECT COUNT(*) FROM Customer"}).json()
    assert found["QueryResponse"]["totalCount"] == 30


def test_a_request_id_makes_a_write_happen_once(ask: Ask, simulator: Any):
    first = ask("POST", "/customer", json={"DisplayName": "Ada"}, params={"requestid": "r-1"}).json()
    again = ask("POST", "/customer", json={"DisplayName": "Ada"}, params={"requestid": "r-1"}).json()
    assert again["Customer"] == first["Customer"]
    assert len(simulator.objects("9341457021722202", "customers")) == 1
    long = ask("POST", "/customer", json={"DisplayName": "Bea"}, params={"requestid": "r" * 51})
    assert fault(long)["element"] == "requestid"


def test_a_request_id_of_a_refused_write_may_be_used_again(ask: Ask):
    assert fault(ask("POST", "/customer", json={}, params={"requestid": "r-1"}))["code"] == "6080"
    made = ask("POST", "/customer", json={"DisplayName": "Ada"}, params={"requestid": "r-1"})
    assert made.json()["Customer"]["DisplayName"] == "Ada"


def test_the_request_id_of_a_batch_counts_for_each_item_with_its_own(ask: Ask, simulator: Any):
    items = [create(1, DisplayName="Ada"), create(2, DisplayName="A:B")]
    first = send(ask, items, requestid="r-1").json()["BatchItemResponse"]
    items[1] = create(2, DisplayName="Bea")
    again = send(ask, items, requestid="r-1").json()["BatchItemResponse"]
    assert again[0] == first[0]
    assert (first[1]["Fault"]["Error"][0]["code"], again[1]["Customer"]["DisplayName"]) == ("2040", "Bea")
    assert len(simulator.objects("9341457021722202", "customers")) == 2
    assert fault(send(ask, items, requestid="r" * 37))["element"] == "requestid"
    items[0]["bId"] = "b" * 11
    assert fault(send(ask, items, requestid="r-2"))["element"] == "bId"
