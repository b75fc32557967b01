"""The validator of QuickBooks leaves recorded exchanges alone and finds what is planted in them."""

from typing import Any

import pytest

from sync_sims.wire import Response
from tests.conformance.specifications import ABSENT, FOLDER, SPECIFICATIONS
from tests.conformance.violation import Specification
from tests.conformance.wires import changed, json_exchange, said

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=ABSENT)

PLACE = "/v3/company/9341"
SHOWN_PLACE = "/v3/company/{realmId}"
TIME = {"time": "2026-05-05T02:05:12.193-07:00"}
CUSTOMER = {
    "DisplayName": "Ada Lovelace",
    "GivenName": "Ada",
    "PrimaryEmailAddr": {"Address": "ada@example.com"},
    "PrimaryPhone": {"FreeFormNumber": "(555) 555-1234"},
    "BillAddr": {"Line1": "123 Test Street", "City": "Mountain View", "CountrySubDivisionCode": "CA"},
    "Notes": "a note",
}
SHOWN = {
    **CUSTOMER,
    "Taxable": True,
    "Balance": 12.5,
    "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
    "domain": "QBO",
    "sparse": False,
    "Id": "60",
    "SyncToken": "0",
    "MetaData": {"CreateTime": "2026-05-05T02:05:12-07:00", "LastUpdatedTime": "2026-05-05T02:05:12-07:00"},
    "Active": True,
}
INVOICE = {
    "CustomerRef": {"value": "1"},
    "TxnDate": "2024-01-15",
    "Line": [
        {
            "DetailType": "SalesItemLineDetail",
            "Amount": 100,
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 100},
        }
    ],
}
ITEM = {"Name": "Stalls", "Type": "Service", "IncomeAccountRef": {"value": "79"}}
BATCH = {
    "BatchItemRequest": [
        {"bId": "b1", "operation": "create", "Customer": CUSTOMER},
        {"bId": "b2", "Query": "select * from Item"},
    ]
}
FAULT = {
    "Fault": {"Error": [{"Message": "Stale Object Error", "code": "5010", "element": ""}], "type": "ValidationFault"}
}


@pytest.fixture(scope="module")
def quickbooks() -> Specification:
    return SPECIFICATIONS["quickbooks"]()


def test_good_requests_and_answers_are_left_alone(quickbooks: Specification) -> None:
    query = (
        "SELECT * FROM Customer WHERE MetaData.LastUpdatedTime > '2026-05-01T00:00:00-07:00' AND Active IN (true,false)"
    )
    rows = {"QueryResponse": {"Customer": [SHOWN], "startPosition": 1, "maxResults": 1}, **TIME}
    changes = {"CDCResponse": [{"QueryResponse": [{"Customer": [{"status": "Deleted", "Id": "9", "domain": "QBO"}]}]}]}
    good = [
        json_exchange("POST", f"{PLACE}/customer?minorversion=75&requestid=a1", CUSTOMER, answer=_ok(Customer=SHOWN)),
        json_exchange("POST", f"{PLACE}/customer", {"Id": "1", "SyncToken": "3", "sparse": True, "DisplayName": "A"}),
        json_exchange("POST", f"{PLACE}/item", ITEM),
        json_exchange("POST", f"{PLACE}/invoice", INVOICE),
        json_exchange("POST", f"{PLACE}/invoice?operation=delete", {"Id": "1", "SyncToken": "0"}),
        json_exchange(
            "GET", f"{PLACE}/query?minorversion=75&query={query} ORDERBY Id ASC STARTPOSITION 1 MAXRESULTS 1000"
        ),
        json_exchange("GET", f"{PLACE}/query?query=select count(*) from Item", answer=Response(200, rows)),
        json_exchange(
            "GET",
            f"{PLACE}/cdc?entities=Customer&changedSince=2026-05-01T00:00:00-07:00",
            answer=Response(200, changes),
        ),
        json_exchange("GET", f"{PLACE}/companyinfo/9341"),
        json_exchange(
            "POST",
            f"{PLACE}/batch",
            BATCH,
            answer=_ok(BatchItemResponse=[{"bId": "b1", "Customer": SHOWN}, {"bId": "b2", **FAULT}]),
        ),
        json_exchange("POST", f"{PLACE}/customer", CUSTOMER, answer=Response(400, FAULT)),
        json_exchange("GET", f"{PLACE}/customer/1", answer=Response(503, b"<html>")),
    ]
    assert [said(quickbooks, one) for one in good] == [[]] * len(good)


def _ok(**body: Any) -> Response:
    return Response(200, {**body, **TIME})


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ("Nickname", "A", "Nickname: is not in the specification (Finance.xsd Customer)"),
        ("Notes", 5, "Notes: 5 is integer, not string (Finance.xsd Customer)"),
        ("BillAddr.Street", "x", "BillAddr.Street: is not in the specification (Finance.xsd PhysicalAddress)"),
        (
            "PrimaryEmailAddr",
            "ada@example.com",
            "PrimaryEmailAddr: 'ada@example.com' is string, not object (Finance.xsd EmailAddress)",
        ),
        ("CurrencyRef", {"name": "US Dollar"}, "CurrencyRef.value: is missing (Finance.xsd ReferenceType)"),
        (
            "OpenBalanceDate",
            "15.1.2024",
            r"OpenBalanceDate: '15.1.2024' does not match ^\d{4}-\d{2}-\d{2}$ (Finance.xsd Customer)",
        ),
        ("GivenName", "x" * 101, "GivenName: 101 characters, at most 100 (Finance.xsd Customer)"),
    ],
)
def test_a_planted_violation_in_a_customer_is_told_in_one_line(
    quickbooks: Specification, place: str, value: Any, says: str
) -> None:
    exchange = json_exchange("POST", f"{PLACE}/customer", changed(CUSTOMER, place, value))
    assert said(quickbooks, exchange) == [f"quickbooks POST {SHOWN_PLACE}/customer request {says}"]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (
            "invoice",
            changed(INVOICE, "Line.0.Amount", "100"),
            "Line[0].Amount: '100' is string, not number (Finance.xsd Line)",
        ),
        ("invoice", changed(INVOICE, "Line", ...), "Line: is missing (Finance.xsd Invoice)"),
        ("invoice", changed(INVOICE, "Line", []), "Line: is missing (Finance.xsd Invoice)"),
        ("item", changed(ITEM, "IncomeAccountRef", ...), "IncomeAccountRef: is missing (Finance.xsd Item)"),
        ("item", changed(ITEM, "Name", "x" * 101), "Name: 101 characters, at most 100 (Finance.xsd Item)"),
        ("item", {"Id": "1", "sparse": True, "Name": "x"}, "SyncToken: is missing (Finance.xsd Item)"),
        ("customer", {"Notes": "nobody"}, "DisplayName: is missing (Finance.xsd Customer)"),
        ("customer?minorversion=65", CUSTOMER, "minorversion: 65, at least 75 (Finance.xsd)"),
        (f"customer?requestid={'x' * 51}", CUSTOMER, "requestid: 51 characters, at most 50 (Finance.xsd)"),
        (
            "customer?operation=remove",
            CUSTOMER,
            "operation: 'remove' is none of 'update', 'delete', 'void' (Finance.xsd)",
        ),
        ("customer", None, ": the body is missing (Finance.xsd)"),
        (
            "batch",
            changed(BATCH, "BatchItemRequest.1.bId", "b1"),
            "BatchItemRequest: every entry needs a bId of its own (Finance.xsd)",
        ),
        (
            "batch",
            {"BatchItemRequest": [{"bId": str(n), "Query": "select * from Item"} for n in range(31)]},
            "BatchItemRequest: 31 entries, at most 30 (Finance.xsd)",
        ),
        (
            "batch",
            changed(BATCH, "BatchItemRequest.0.operation", "upsert"),
            "BatchItemRequest[0].operation: 'upsert' is none of",
        ),
        (
            "batch",
            changed(BATCH, "BatchItemRequest.0.Customer", {"Notes": "nobody"}),
            "BatchItemRequest[0].Customer.DisplayName: is missing (Finance.xsd Customer)",
        ),
    ],
)
def test_a_planted_violation_in_a_request_is_told(quickbooks: Specification, path: str, body: Any, says: str) -> None:
    lines = said(quickbooks, json_exchange("POST", f"{PLACE}/{path}", body))
    place = f"quickbooks POST {SHOWN_PLACE}/{path.partition('?')[0]} request"
    assert any(line.startswith(f"{place} {says}".replace("request :", "request:")) for line in lines), lines


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT * FROM Person", "query: there is no entity Person"),
        ("SELECT * FROM Customer WHERE Shoe = '1'", "query: Customer has no field Shoe"),
        ("SELECT *, Colour FROM Item", "query: Item has no field Colour"),
        ("SELECT Id, Colour FROM Item", "query: Item has no field Colour"),
        ("SELECT * FROM Item ORDERBY MetaData.Created", "query: Item has no field MetaData.Created"),
        ("SELECT * FROM Item MAXRESULTS 5000", "query: MAXRESULTS 5000, at most 1000"),
        ("SELECT * FROM Item WHERE Name = 'a' OR Name = 'b'", "query: "),
        ("SELECT * FROM Item WHERE Name = 'O'Brien'", "query: "),
    ],
)
def test_a_wrong_query_is_told(quickbooks: Specification, query: str, says: str) -> None:
    (line,) = said(quickbooks, json_exchange("GET", f"{PLACE}/query?query={query}"))
    assert line.startswith(f"quickbooks GET {SHOWN_PLACE}/query request {says}")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (_ok(Customer=changed(SHOWN, "Balance", "12.50")), "Customer.Balance: '12.50' is string, not number"),
        (_ok(Customer=changed(SHOWN, "Active", "true")), "Customer.Active: 'true' is string, not boolean"),
        (_ok(Customer=changed(SHOWN, "SyncToken", 0)), "Customer.SyncToken: 0 is integer, not string"),
        (_ok(Customer=changed(SHOWN, "Colour", "red")), "Customer.Colour: is not in the specification"),
        (
            _ok(Customer=changed(SHOWN, "MetaData.CreateTime", "now")),
            "Customer.MetaData.CreateTime: 'now' is no RFC 3339 time",
        ),
        (_ok(Person=SHOWN), "Person: is not in the specification"),
        (Response(200), ": the body is missing"),
    ],
)
def test_a_planted_violation_in_an_answer_is_told_in_one_line(
    quickbooks: Specification, answer: Response, says: str
) -> None:
    (line,) = said(quickbooks, json_exchange("POST", f"{PLACE}/customer", CUSTOMER, answer=answer))
    assert line.startswith(f"quickbooks POST {SHOWN_PLACE}/customer answer 200 {says}".replace("200 :", "200:"))


def test_a_refusal_without_a_fault_an_unknown_path_and_an_xml_client_are_told(quickbooks: Specification) -> None:
    headers = {"accept": "*/*"}
    assert said(quickbooks, json_exchange("GET", f"{PLACE}/customer/1", answer=Response(404, {**TIME}))) == [
        f"quickbooks GET {SHOWN_PLACE}/customer/{{id}} answer 404 Fault: is missing (Finance.xsd IntuitResponse)"
    ]
    assert said(quickbooks, json_exchange("GET", f"{PLACE}/person/1")) == [
        f"quickbooks GET {PLACE}/person/1 request: the path is not in the specification (Finance.xsd)"
    ]
    assert said(quickbooks, json_exchange("GET", f"{PLACE}/customer/1", headers=headers)) == [
        f"quickbooks GET {SHOWN_PLACE}/customer/{{id}} request accept: is not application/json: the answer would be XML (Finance.xsd)"
    ]


REPORT = {
    "Header": {
        "Time": "2026-05-05T02:05:12-07:00",
        "ReportName": "ProfitAndLoss",
        "ReportBasis": "Accrual",
        "StartPeriod": "2026-04-01",
        "EndPeriod": "2026-04-30",
        "Option": [{"Name": "NoReportData", "Value": "false"}],
    },
    "Columns": {"Column": [{"ColTitle": "", "ColType": "Account"}, {"ColTitle": "Total", "ColType": "Money"}]},
    "Rows": {
        "Row": [
            {
                "type": "Section",
                "group": "Income",
                "Rows": {"Row": [{"type": "Data", "ColData": [{"value": "Services", "id": "1"}, {"value": "5.00"}]}]},
                "Summary": {"ColData": [{"value": "Total Income"}, {"value": "5.00"}]},
            }
        ]
    },
}
OF_APRIL = f"{PLACE}/reports/ProfitAndLoss?start_date=2026-04-01&end_date=2026-04-30&minorversion=75"


def test_a_report_is_left_alone(quickbooks: Specification) -> None:
    assert said(quickbooks, json_exchange("GET", OF_APRIL, answer=Response(200, REPORT))) == []


@pytest.mark.parametrize(
    ("path", "answer", "says"),
    [
        (OF_APRIL, {**REPORT, **TIME}, "time"),
        (OF_APRIL, {"Report": REPORT}, "Report"),
        (OF_APRIL, changed(REPORT, "Rows.Row.0.type", "Chapter"), "Chapter"),
        (OF_APRIL, changed(REPORT, "Header.ReportBasis", "Guesswork"), "Guesswork"),
        (OF_APRIL.replace("2026-04-30", "30 April"), REPORT, "end_date"),
        (OF_APRIL.replace("start_date", "first_day"), REPORT, "first_day"),
        (OF_APRIL.replace("ProfitAndLoss", "Dragons"), REPORT, "not in the specification"),
    ],
)
def test_a_planted_violation_in_a_report_is_told(
    quickbooks: Specification, path: str, answer: dict[str, Any], says: str
) -> None:
    told = said(quickbooks, json_exchange("GET", path, answer=Response(200, answer)))
    assert says in told[0]
