"""One write as an endpoint or a batch item asks for it: all or nothing, and once per request id.

Source of the request ids: blogs.intuit.com/2015/04/06/15346; a repeated id is answered with the first answer. An
answer that was a Fault is not kept, since nothing was done.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.entities import Entity
from sync_sims.quickbooks.refusal import Refused, too_long, unsupported_operation
from sync_sims.quickbooks.writes import delete, save, void

ANSWERS = "_answers"
LONGEST_REQUEST_ID = 50

Operate = Callable[[Call, Entity, Any], Row]

_OPERATIONS: Mapping[str, Operate] = {"": save, "create": save, "update": save, "delete": delete, "void": void}


def operation_of(query: Mapping[str, str]) -> str:
    """The operation that an endpoint's parameters ask for; `include=void` makes an update a voiding."""
    operation = query.get("operation", "")
    return "void" if operation == "update" and query.get("include") == "void" else operation


def carry_out(call: Call, entity: Entity, given: Any, *, operation: str) -> Row:
    """Do one operation as a whole or not at all.

    Raises:
        Refused: Nothing was done.
    """
    operate = _OPERATIONS.get(operation)
    if operate is None:
        raise unsupported_operation(operation)
    call.books.begin()
    try:
        return operate(call, entity, given)
    except Refused:
        call.books.roll_back()
        raise


def once(call: Call, request_id: str | None, work: Callable[[], Row], *, longest: int = LONGEST_REQUEST_ID) -> Row:
    """Do the work unless the request id was used; then the former answer.

    Raises:
        Refused: 2050 for an id that is too long, or as the work.
    """
    if request_id is None:
        return work()
    if len(request_id) > longest:
        raise too_long("requestid", longest=longest, length=len(request_id))
    known = call.books.rows[ANSWERS].get(request_id)
    if known is not None:
        return known["answer"]
    answer = work()
    call.books.put(ANSWERS, {"Id": request_id, "answer": answer})
    return answer
