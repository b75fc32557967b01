"""QuickBooks Online, by its XML schemas; its paths, which no file lists, by its developer documentation.

Sources: developer.intuit.com, "Explore the QuickBooks Online API" (create, read, query, batch, change data capture),
"All entities" (what creating needs), "Minor versions".
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from sync_sims.wire import Request, Response
from tests.conformance.openapi_spec import EDGE, JSON, as_sent, of_content_type
from tests.conformance.recorder import Exchange
from tests.conformance.routes import Operation, Routes
from tests.conformance.schemas import ANSWER, JSON_REQUEST, TEXT_REQUEST, Schema, Schemas, below
from tests.conformance.violation import Complaint, Violation
from tests.conformance.xsd_query import query_complaints
from tests.conformance.xsd_schemas import read_schemas

COMPANY = "/v3/company/{realmId}"
FILE = "Finance.xsd"
MINOR_VERSION = 75
MOST_IN_A_BATCH = 30
REPORTS = ("ProfitAndLoss", "BalanceSheet", "CashFlow")
_NAMES = ("DisplayName", "Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
# Per entity, what a create must hold: one of the names of each group.
NEEDED: Mapping[str, Sequence[Sequence[str]]] = {
    "Customer": [_NAMES],
    "Vendor": [_NAMES],
    "Item": [["Name"], ["Type"]],
    "Invoice": [["CustomerRef"], ["Line"]],
    "SalesReceipt": [["Line"]],
    "RefundReceipt": [["Line"], ["DepositToAccountRef"]],
    "CreditMemo": [["CustomerRef"], ["Line"]],
    "Payment": [["CustomerRef"], ["TotalAmt"]],
    "InventoryAdjustment": [["AdjustAccountRef"], ["Line"]],
    "JournalEntry": [["Line"]],
}
# Items that can be sold name their account; categories and groups have none.
ACCOUNTLESS = ("Category", "Group")
_COMMON: Mapping[str, Schema] = {
    "minorversion": {"type": "integer", "minimum": MINOR_VERSION},
    "requestid": {"type": "string", "minLength": 1, "maxLength": 50},
}
_OPERATION: Mapping[str, Schema] = {
    "operation": {"type": "string", "enum": ["update", "delete", "void"]},
    "include": {"type": "string", "enum": ["void"]},
}
_DAY: Schema = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_REPORT: Mapping[str, Schema] = {
    "start_date": _DAY,
    "end_date": _DAY,
    "accounting_method": {"$ref": "/ReportBasisEnum"},
    "summarize_column_by": {"$ref": "/SummarizeColumnsByEnum"},
    "date_macro": {"$ref": "/DateMacro"},
}


class QuickBooksSpecification:
    """Requests and answers against the XML schemas."""

    def __init__(self, folder: Path) -> None:
        named, entities = read_schemas(folder)
        self.provider = "quickbooks"
        self.file = FILE
        self.version = f"minor version {MINOR_VERSION}"
        self._entities = entities
        self._schemas = Schemas(named)
        self._routes = Routes(_paths(entities))

    def endpoint(self, exchange: Exchange) -> str:
        """Method and template."""
        found = self._routes.find(exchange)
        return found[0].name if found else f"{exchange.request.method} {exchange.request.path}"

    def violations(self, exchange: Exchange) -> Sequence[Violation]:
        """Everything wrong with the request and the answer."""
        endpoint = self.endpoint(exchange)
        found = self._routes.find(exchange)
        operation = found[0] if found else None
        wrong = [("request", one) for one in self._request(exchange, operation)]
        response = exchange.response
        if response is not None:
            whole = "IntuitResponse" if operation is None or response.status >= 300 else operation.definition["answer"]
            wrong.extend((f"answer {response.status}", one) for one in self._answer(response, whole))
        return [Violation(self.provider, endpoint, side, one, self.file) for side, one in wrong]

    def _request(self, exchange: Exchange, operation: Operation | None) -> Iterator[Complaint]:
        request = exchange.request
        if request.headers.get("accept", "").partition(";")[0] != JSON:
            yield Complaint("accept", "is not application/json: the answer would be XML")
        if operation is None:
            yield from self._routes.unknown(exchange)
            return
        yield from self._parameters(request, operation)
        if operation.definition.get("body") is not None:
            yield from self._body(request, operation)
        elif request.body:
            yield Complaint("", "takes no body")

    def _parameters(self, request: Request, operation: Operation) -> Iterator[Complaint]:
        known: Mapping[str, Schema] = operation.definition["query"]
        given = dict(request.query)
        if len(given) < len(request.query):
            yield Complaint("", "a parameter is given more than once")
        schema = {"type": "object", "properties": known, "required": operation.definition["needed"]}
        yield from self._schemas.complaints(given, schema, place="", within="", reading=TEXT_REQUEST)
        if "query" in given and "query" in known:
            yield from query_complaints(given["query"], self._entities, self._schemas)

    def _body(self, request: Request, operation: Operation) -> Iterator[Complaint]:
        if not request.body:
            yield Complaint("", "the body is missing")
            return
        yield from of_content_type(request, JSON)
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            yield Complaint("", "the body is no JSON")
            return
        name: str = operation.definition["body"]
        yield from self._schemas.complaints(body, {"$ref": f"/{name}"}, place="", within="", reading=JSON_REQUEST)
        if name == "IntuitBatchRequest":
            yield from self._batch(body)
        elif isinstance(body, dict):
            yield from _needed(name, body, dict(request.query).get("operation", ""))

    def _batch(self, body: Any) -> Iterator[Complaint]:
        items = body.get("BatchItemRequest", []) if isinstance(body, dict) else []
        if len(items) > MOST_IN_A_BATCH:
            yield Complaint("BatchItemRequest", f"{len(items)} entries, at most {MOST_IN_A_BATCH}")
        ids = [item.get("bId") for item in items]
        if None in ids or len(set(ids)) < len(ids):
            yield Complaint("BatchItemRequest", "every entry needs a bId of its own")
        for position, item in enumerate(items):
            place = f"BatchItemRequest[{position}]"
            if "Query" in item:
                for one in query_complaints(item["Query"], self._entities, self._schemas):
                    yield Complaint(below(place, one.place), one.says, one.schema)
            for name in set(item) & set(self._entities):
                for one in _needed(name, item[name], str(item.get("operation", ""))):
                    yield Complaint(below(place, f"{name}.{one.place}"), one.says, one.schema)

    def _answer(self, response: Response, whole: str) -> Iterator[Complaint]:
        body = as_sent(response)
        if response.status in EDGE and (body is None or isinstance(body, str)):
            return
        if body is None:
            yield Complaint("", "the body is missing")
            return
        yield from self._schemas.complaints(body, {"$ref": f"/{whole}"}, place="", within="", reading=ANSWER)
        if response.status >= 400 and not (isinstance(body, dict) and "Fault" in body):
            yield Complaint("Fault", "is missing", "IntuitResponse")


def _paths(entities: Sequence[str]) -> dict[str, dict[str, Any]]:
    def operation(
        query: Mapping[str, Schema] | None = None,
        *,
        body: str | None = None,
        needed: Sequence[str] = (),
        answer: str = "IntuitResponse",
    ) -> dict[str, Any]:
        return {"body": body, "needed": list(needed), "query": {**_COMMON, **(query or {})}, "answer": answer}

    text: Schema = {"type": "string", "minLength": 1}
    moment: Schema = {"type": "string", "format": "date-time", "description": "RFC 3339"}
    paths: dict[str, dict[str, Any]] = {
        f"{COMPANY}/query": {"get": operation({"query": text}, needed=["query"])},
        f"{COMPANY}/cdc": {
            "get": operation({"entities": text, "changedSince": moment}, needed=["entities", "changedSince"])
        },
        f"{COMPANY}/batch": {"post": operation(body="IntuitBatchRequest")},
    }
    # A report is an answer of its own and not a member of one (developer.intuit.com, report-entities).
    paths |= {f"{COMPANY}/reports/{name}": {"get": operation(_REPORT, answer="Report")} for name in REPORTS}
    for name in entities:
        place = f"{COMPANY}/{name.lower()}"
        paths[place] = {"post": operation(_OPERATION, body=name), "get": operation()}
        paths[f"{place}/{{id}}"] = {"get": operation()}
    return paths


def _needed(name: str, body: Mapping[str, Any], operation: str) -> Iterator[Complaint]:
    """What the documentation demands of a create, and of a change: the id and the version of what is changed."""
    if body.get("Id") or operation in ("update", "delete", "void"):
        for field in ("Id", "SyncToken"):
            if not body.get(field):
                yield Complaint(field, "is missing", name)
        return
    for group in NEEDED.get(name, ()):
        if all(body.get(field) in (None, "", []) for field in group):
            yield Complaint(group[0], "is missing", name)
    if name == "Item" and body.get("Type") not in ACCOUNTLESS and not body.get("IncomeAccountRef"):
        yield Complaint("IncomeAccountRef", "is missing", name)
