"""Which endpoint answers which path below a company."""

from collections.abc import Mapping
from typing import Any

from sync_sims.quickbooks.batch import answer_batch
from sync_sims.quickbooks.books import ONLY, PREFERENCES
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.changes import answer_changes
from sync_sims.quickbooks.door import json_of
from sync_sims.quickbooks.entities import ENTITIES, Entity
from sync_sims.quickbooks.operations import carry_out, once, operation_of
from sync_sims.quickbooks.query import answer_query
from sync_sims.quickbooks.refusal import Refused, unsupported_operation
from sync_sims.quickbooks.reports import answer_report
from sync_sims.quickbooks.writes import read
from sync_sims.wire import Request

_PREFIX = "/v3/company/{realmId}"


def template_of(rest: str) -> str:
    """The path with its ids replaced."""
    parts = rest.split("/")
    if len(parts) == 2 and parts[0] != "reports":
        parts[1] = "{id}"
    return f"{_PREFIX}/{'/'.join(parts)}"


def answer(call: Call, request: Request, rest: str) -> dict[str, Any]:
    """The body of the answer, without its time.

    Raises:
        Refused: There is no such endpoint, or it refuses.
    """
    parts = rest.split("/")
    query = dict(request.query)
    if len(parts) == 1 and parts[0] in {"query", "cdc", "batch"}:
        return _special(call, request, parts[0], query)
    if len(parts) == 2 and parts[0] == "reports" and request.method == "GET":
        return answer_report(call, parts[1], query)
    entity = ENTITIES.get(parts[0])
    if parts == [PREFERENCES.lower()] and request.method == "GET":
        return {PREFERENCES: read(call, ENTITIES[parts[0]], ONLY)}
    if entity is not None and len(parts) == 2 and request.method == "GET":
        return {entity.name: _one(call, entity, parts[1])}
    if entity is not None and len(parts) == 1 and request.method == "POST":
        return _written(call, request, entity, query)
    raise unsupported_operation(f"{request.method} {rest}")


def _special(call: Call, request: Request, name: str, query: Mapping[str, str]) -> dict[str, Any]:
    match (request.method, name):
        case ("GET", "query"):
            return {"QueryResponse": answer_query(call, query.get("query", ""))}
        case ("POST", "query"):
            return {"QueryResponse": answer_query(call, query.get("query") or _text(request))}
        case ("GET", "cdc"):
            return {"CDCResponse": answer_changes(call, query)}
        case ("POST", "batch"):
            items = answer_batch(call, json_of(request), request_id=query.get("requestid"))
            return {"BatchItemResponse": items}
        case _:
            raise unsupported_operation(f"{request.method} {name}")


def _text(request: Request) -> str:
    """A query in the body, which must say that it is text.

    Raises:
        Refused: 1050.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in {"application/text", "text/plain"}:
        raise Refused("1050", "Invalid Content Type", f"The content type {kind or 'none'} is invalid for a query.")
    return request.body.decode("utf-8", "replace")


def _one(call: Call, entity: Entity, key: str) -> dict[str, Any]:
    """An object by its id; the company's is the company's own."""
    if entity.name == "CompanyInfo" and key == call.books.realm_id:
        key = ONLY
    return read(call, entity, key)


def _written(call: Call, request: Request, entity: Entity, query: Mapping[str, str]) -> dict[str, Any]:
    given = json_of(request)
    operation = operation_of(query)
    return once(
        call,
        query.get("requestid"),
        lambda: {entity.name: carry_out(call, entity, given, operation=operation)},
    )
