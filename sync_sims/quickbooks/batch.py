"""Batches: up to thirty operations in one request, each of which succeeds or fails alone.

Sources: blogs.intuit.com/2023/07/19 (thirty items), blogs.intuit.com/2015/04/06/15346 (with a request id: 36
characters, and 10 for the id of an item, whose own request id is the two together).
"""

from typing import Any

from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.entities import ENTITIES
from sync_sims.quickbooks.operations import carry_out, once
from sync_sims.quickbooks.query import answer_query
from sync_sims.quickbooks.refusal import Refused, missing, too_long, unsupported_operation, unsupported_property

MOST_ITEMS = 30
_LONGEST_REQUEST_ID = 36
_LONGEST_ITEM_ID = 10
_FRAME = frozenset({"bId", "operation", "optionsData"})


def items_of(body: Any) -> list[Row]:
    """The items of a batch.

    Raises:
        Refused: There are none, too many (1040), or two with the same id.
    """
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise missing("BatchItemRequest")
    if len(items) > MOST_ITEMS:
        raise Refused(
            "1040",
            "Batch size exceeds allowed limit",
            f"The batch size or batch item request size exceeds the allowed limit of {MOST_ITEMS}",
        )
    names = [item.get("bId") for item in items]
    if not all(isinstance(name, str) and name for name in names):
        raise missing("bId")
    if len(set(names)) < len(names):
        raise unsupported_property("bId")
    return items


def answer_batch(call: Call, body: Any, *, request_id: str | None) -> list[Row]:
    """The BatchItemResponse list, in the order of the items.

    Raises:
        Refused: As `items_of`, or 2050 for ids that are too long.
    """
    items = items_of(body)
    if request_id is not None:
        if len(request_id) > _LONGEST_REQUEST_ID:
            raise too_long("requestid", longest=_LONGEST_REQUEST_ID, length=len(request_id))
        for item in items:
            if len(item["bId"]) > _LONGEST_ITEM_ID:
                raise too_long("bId", longest=_LONGEST_ITEM_ID, length=len(item["bId"]))
    return [_answer_item(call, item, request_id) for item in items]


def _answer_item(call: Call, item: Row, request_id: str | None) -> Row:
    try:
        if "Query" in item:
            return {"bId": item["bId"], "QueryResponse": answer_query(call, str(item["Query"]))}
        own = None if request_id is None else f"{request_id}{item['bId']}"
        return {**once(call, own, lambda: _operated(call, item)), "bId": item["bId"]}
    except Refused as refusal:
        return {"bId": item["bId"], "Fault": refusal.fault}


def _operated(call: Call, item: Row) -> Row:
    names = [name for name in item if name not in _FRAME]
    entity = ENTITIES.get(names[0].lower()) if len(names) == 1 else None
    if entity is None:
        raise unsupported_operation(f"{item.get('operation', '')} {' '.join(names)}".strip())
    operation = str(item.get("operation", ""))
    if operation not in {"create", "update", "delete"}:
        raise unsupported_operation(operation)
    if operation == "update" and item.get("optionsData") == "void":
        operation = "void"
    return {entity.name: carry_out(call, entity, item[names[0]], operation=operation)}


def writes(body: Any) -> bool:
    """Whether a batch would change something."""
    items = body.get("BatchItemRequest") if isinstance(body, dict) else None
    return isinstance(items, list) and any(isinstance(item, dict) and "Query" not in item for item in items)
