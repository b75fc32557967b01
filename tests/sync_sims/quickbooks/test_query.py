"""Queries and change data capture: what is found, in which order, in which pages, and what is no query."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ValidationException
from quickbooks.objects import Customer, Invoice, Item

from sync_sims.quickbooks.refusal import Refused
from sync_sims.quickbooks.statement import parse
from tests.sync_sims.quickbooks.conftest import HandClock
from tests.sync_sims.quickbooks.test_documents import sold
from tests.sync_sims.quickbooks.test_lists import fault

Ask = Callable[..., requests.Response]
Seed = Callable[..., dict[str, Any]]


def names(answer: requests.Response) -> list[str]:
    """The names of the customers found."""
    assert answer.status_code == 200, answer.text
    return [row["DisplayName"] for row in answer.json()["QueryResponse"].get("Customer", [])]


@pytest.fixture
def find(ask: Ask) -> Callable[[str], requests.Response]:
    def send(query: str) -> requests.Response:
        return ask("GET", "/query", params={"query": query, "minorversion": "75"})

    return send


Find = Callable[[str], requests.Response]


@pytest.fixture
def three(seed: Seed, clock: HandClock) -> None:
    for name in ("Cleo's Bar", "Ada", "Bea"):
        seed("customers", DisplayName=name, PrimaryEmailAddr={"Address": f"{name[0].lower()}@example.com"})
        clock.advance(60)


def test_the_sdk_finds_pages_and_counts(sdk: QuickBooks, three: None):
    assert [row.DisplayName for row in Customer.all(qb=sdk, order_by="DisplayName")] == ["Ada", "Bea", "Cleo's Bar"]
    assert [row.DisplayName for row in Customer.filter(DisplayName="Cleo's Bar", qb=sdk)] == ["Cleo's Bar"]
    assert [row.DisplayName for row in Customer.where("DisplayName LIKE '%A%'", qb=sdk)] == ["Cleo's Bar", "Ada", "Bea"]
    page = Customer.all(qb=sdk, order_by="DisplayName DESC", start_position="2", max_results=1)
    assert [row.DisplayName for row in page] == ["Bea"]
    assert Customer.count(qb=sdk) == 3
    assert [row.DisplayName for row in Customer.choose(["Ada", "Bea"], field="DisplayName", qb=sdk)] == ["Ada", "Bea"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("WHERE DisplayName = 'Cleo\\'s Bar'", ["Cleo's Bar"]),
        ("where displayname in ('Ada', 'Bea') orderby displayname desc", ["Bea", "Ada"]),
        ("WHERE PrimaryEmailAddr = 'b@example.com'", ["Bea"]),
        ("WHERE Metadata.LastUpdatedTime >= '2026-07-15T12:01:00-07:00'", ["Ada", "Bea"]),
        ("WHERE MetaData.CreateTime > '2026-07-15T19:01:00Z' AND Active = true", ["Bea"]),
        ("WHERE MetaData.LastUpdatedTime < '2026-07-15T12:01:00'", ["Cleo's Bar"]),
        ("WHERE Balance > '0'", []),
        ("WHERE Balance >= 0 AND DisplayName LIKE 'A%'", ["Ada"]),
        ("ORDER BY DisplayName ASC MAXRESULTS 2 STARTPOSITION 2", ["Bea", "Cleo's Bar"]),
        ("STARTPOSITION 3 MAXRESULTS 1000", ["Bea"]),
        ("STARTPOSITION 4", []),
        ("WHERE Id = '2'", ["Ada"]),
    ],
)
def test_conditions_order_and_pages(find: Find, three: None, where: str, found: list[str]):
    assert names(find(f"SELECT * FROM Customer {where}")) == found


def test_an_answer_tells_its_position_and_an_empty_one_nothing(find: Find, three: None):
    answer = find("SELECT Id, DisplayName FROM Customer STARTPOSITION 2 MAXRESULTS 5").json()
    assert answer["QueryResponse"] == {
        "Customer": [
            {"Id": "2", "DisplayName": "Ada", "domain": "QBO", "sparse": True},
            {"Id": "3", "DisplayName": "Bea", "domain": "QBO", "sparse": True},
        ],
        "startPosition": 2,
        "maxResults": 2,
    }
    assert find("SELECT * FROM Customer STARTPOSITION 9").json()["QueryResponse"] == {}
    assert find("SELECT COUNT(*) FROM Customer").json()["QueryResponse"] == {"totalCount": 3}


def test_the_inactive_are_found_only_when_asked_for(find: Find, seed: Seed, three: None):
    seed("customers", Id="2", Active=False)
    assert names(find("SELECT * FROM Customer")) == ["Cleo's Bar", "Bea"]
    assert names(find("SELECT * FROM Customer WHERE Active = false")) == ["Ada (deleted)"]
    assert len(names(find("SELECT * FROM Customer WHERE Active IN (true, false)"))) == 3


def test_a_hundred_are_a_page_unless_asked_otherwise(find: Find, simulator: Any):
    simulator.seed("9341457021722202", "customers", [{"DisplayName": f"C{number}"} for number in range(130)])
    assert len(names(find("SELECT * FROM Customer"))) == 100
    assert len(names(find("SELECT * FROM Customer MAXRESULTS 1000"))) == 130


def test_a_stock_keeping_unit_must_be_asked_for_by_name(sdk: QuickBooks, find: Find, seed: Seed):
    seed("items", Name="Ticket", Type="Service", IncomeAccountRef={"value": "1"}, Sku="T-1")
    assert "Sku" not in find("SELECT * FROM Item").json()["QueryResponse"]["Item"][0]
    assert Item.all(qb=sdk)[0].Sku == "T-1"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "4000"),
        ("SELECT * FROM", "4000"),
        ("SELECT * FROM Customer WHERE DisplayName = 'Cleo's'", "4000"),
        ("SELECT * FROM Customer WHERE Id = '1' OR Id = '2'", "4000"),
        ("SELECT * FROM Customer GROUP BY Id", "4000"),
        ("SELECT * FROM Customer WHERE Id = #1", "4000"),
        ("SELECT * FROM Customer WHERE MetaData.CreateTime > 'noon'", "4000"),
        ("SELECT * FROM Customer MAXRESULTS 1001", "4001"),
        ("SELECT * FROM Customer WHERE Shoes = '1'", "4001"),
        ("SELECT * FROM Invoice WHERE Line = '1'", "4001"),
        ("SELECT * FROM Dragon", "4001"),
    ],
)
def test_what_is_no_query_is_refused(find: Find, query: str, code: str):
    assert fault(find(query))["code"] == code


def test_a_query_by_post_must_say_that_it_is_text(ask: Ask, three: None):
    query = "SELECT * FROM Customer WHERE DisplayName = 'Ada'"
    assert names(ask("POST", "/query", data=query, headers={"Content-Type": "application/text"})) == ["Ada"]
    assert fault(ask("POST", "/query", data=query, headers={"Content-Type": "application/json"}))["code"] == "1050"


@given(st.text(max_size=60))
def test_no_text_makes_the_parser_fail_otherwise_than_by_refusing(text: str):
    for query in (text, f"SELECT * FROM Customer WHERE DisplayName = '{text}'"):
        try:
            parse(query)
        except Refused as refusal:
            assert refusal.error["code"] in {"4000", "4001"}  # noqa: PT017 - most texts are refused, some are not


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40))
def test_every_text_can_be_asked_for_when_it_is_escaped(text: str):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    assert parse(f"SELECT * FROM Customer WHERE DisplayName = '{escaped}'").conditions[0].values == (text,)


def test_the_sdk_is_told_what_changed_and_what_was_deleted(
    sdk: QuickBooks, seed: Seed, three: None, clock: HandClock, ask: Ask
):
    ticket = seed("items", Name="Ticket", Type="Service", IncomeAccountRef={"value": "1"})
    invoice = seed("invoices", CustomerRef={"value": "2"}, Line=[sold(ticket, 5)])
    clock.advance(60)
    since = datetime.fromtimestamp(clock.now).astimezone()
    seed("invoices", Id=invoice["Id"], status="Deleted")
    seed("customers", Id="3", Active=False)
    changed: Any = change_data_capture([Customer, Invoice, Item], since.isoformat(timespec="seconds"), qb=sdk)
    told = [(row.DisplayName, row.Active, row.Balance) for row in changed.Customer._object_list]
    assert told == [("Ada", True, 0), ("Bea (deleted)", False, 0)]
    assert [(row.Id, row.status) for row in changed.Invoice._object_list] == [(invoice["Id"], "Deleted")]
    assert not hasattr(changed, "Item")


def test_changes_reach_thirty_days_back_and_a_thousand_objects_far(ask: Ask, simulator: Any, clock: HandClock):
    simulator.seed("9341457021722202", "customers", [{"DisplayName": f"C{number}"} for number in range(1005)])
    now = datetime.fromtimestamp(clock.now).astimezone()
    since = {"entities": "Customer,Vendor", "changedSince": (now - timedelta(days=29)).isoformat()}
    answer = ask("GET", "/cdc", params=since).json()["CDCResponse"][0]["QueryResponse"]
    assert (len(answer[0]["Customer"]), answer[0]["maxResults"], answer[1]) == (1000, 1000, {})
    since["changedSince"] = (now - timedelta(days=31)).isoformat()
    assert fault(ask("GET", "/cdc", params=since))["code"] == "4001"
    assert fault(ask("GET", "/cdc", params={"entities": "Customer"}))["element"] == "changedSince"


def test_changes_of_an_entity_that_cannot_be_told_are_a_fault_inside_an_answer_200(ask: Ask, three: None):
    params = {"entities": "Customer,TaxCode", "changedSince": "2026-07-15"}
    answer = ask("GET", "/cdc", params=params)
    told, refused = answer.json()["CDCResponse"]
    assert answer.status_code == 200
    assert len(told["QueryResponse"][0]["Customer"]) == 3
    assert refused["Fault"]["Error"][0]["code"] == "500"


def test_the_sdk_knows_a_refused_query(sdk: QuickBooks):
    with pytest.raises(ValidationException, match="Error parsing query"):
        Customer.where("DisplayName = 'O'Neil'", qb=sdk)
