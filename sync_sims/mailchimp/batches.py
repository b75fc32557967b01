"""Many requests sent as one, which Mailchimp carries out later.

Source: the specification's /batches and the guide to batch operations: an account has at most 500 batches waiting, one
runs at a time, "finished" says nothing about success, and the results are a gzipped tar of JSON files behind a URL that
is good for ten minutes, to be had for seven days.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson

from sync_sims.mailchimp.books import Books
from sync_sims.mailchimp.call import Call
from sync_sims.mailchimp.errors import ApiError, not_found
from sync_sims.mailchimp.moments import stamp
from sync_sims.mailchimp.shape import OBJECT, TEXT, Shape, choice, several, within
from sync_sims.mailchimp.shelf import Row

Perform = Callable[[Row], tuple[int, Any]]
MOST_WAITING = 500
RESULTS = "/mailchimp-api-batch/"
_OPERATION = Shape(
    {
        "method": choice("GET", "POST", "PUT", "PATCH", "DELETE"),
        "path": TEXT,
        "operation_id": TEXT,
        "params": OBJECT,
        "body": TEXT,
    },
    required=("method", "path"),
)
SHAPE = Shape({"operations": several(within(_OPERATION))}, required=("operations",))
_STATES = ("pending", "preprocessing", "started", "finalizing", "finished")


def advance(books: Books, now: float, *, perform: Perform) -> None:
    """Carry out the batches whose turn has come, in the order they were sent."""
    for batch_id, row in list(books.waiting.items()):
        if now < row["begins"] + row["seconds"]:
            return
        results = [_result(operation, perform(operation)) for operation in row["operations"]]
        books.put(books.results, batch_id, {"id": batch_id, "results": results})
        books.put(books.batches, batch_id, {**row, "operations": [], "done": True})


def _result(operation: Row, answer: tuple[int, Any]) -> Row:
    status, body = answer
    text = "" if body is None else orjson.dumps(body).decode()
    return {"status_code": status, "operation_id": operation.get("operation_id"), "response": text}


def create_batch(call: Call) -> Row:
    """POST /batches."""
    operations = call.given(SHAPE)["operations"]
    waiting = call.books.waiting
    if len(waiting) >= MOST_WAITING:
        raise ApiError(429, "TooManyRequests", f"You have more than {MOST_WAITING} pending batches.")
    seconds = call.terms.batch_seconds
    last = next(reversed(call.books.batches.rows.values()), None)
    turn = 0.0 if last is None else last["begins"] + 3 * last["seconds"]
    row: Row = {
        "id": call.identifiers.short(call.books.batches.rows),
        "submitted": call.now,
        "begins": max(call.now + seconds, turn),
        "seconds": seconds,
        "operations": operations,
        "total": len(operations),
        "done": False,
        "secret": call.identifiers.contact(),
    }
    call.books.put(call.books.batches, row["id"], row)
    return _shown(call, row, state="pending")


def _state(row: Row, now: float) -> str:
    if now < row["begins"]:
        return "pending"
    if not row["seconds"]:
        return "finished"
    return _STATES[min(1 + int((now - row["begins"]) / row["seconds"]), 4)]


def _shown(call: Call, row: Row, *, state: str) -> Row:
    results = call.books.results.rows.get(row["id"], {"results": []})["results"]
    finished = state == "finished"
    ended = row["begins"] + 3 * row["seconds"]
    kept = finished and call.now < ended + call.terms.results_kept_seconds
    answer: Row = {
        "id": row["id"],
        "status": state,
        "total_operations": row["total"],
        "finished_operations": len(results),
        "errored_operations": sum(result["status_code"] >= 400 for result in results),
        "submitted_at": stamp(row["submitted"]),
        "completed_at": stamp(ended) if finished else "",
        "response_body_url": _results_url(call, row) if kept else "",
    }
    return call.linked(answer, f"/batches/{row['id']}", "Batches")


def _results_url(call: Call, row: Row) -> str:
    expires = int(call.now + call.terms.results_url_seconds)
    signature = _signature(row, str(expires))
    query = f"AccountId={call.books.account_id}&Expires={expires}&Signature={signature}"
    return f"{call.address}{RESULTS}{row['id']}-response.tar.gz?{query}"


def _signature(row: Row, expires: str) -> str:
    return hashlib.blake2b(f"{row['id']} {expires} {row['secret']}".encode(), digest_size=16).hexdigest()


def results_behind(books: Books, name: str, *, expires: str, signature: str, now: float) -> list[Row] | None:
    """The results that a URL opens; None when it opens nothing, or no longer."""
    row = books.batches.rows.get(name.removesuffix("-response.tar.gz"))
    if row is None or signature != _signature(row, expires) or now >= int(expires):
        return None
    return books.results.rows[row["id"]]["results"]


def read_batches(call: Call) -> Row:
    """GET /batches: those of the last seven days."""
    oldest = call.now - call.terms.results_kept_seconds
    rows = [row for row in call.books.batches.rows.values() if row["submitted"] > oldest]
    page = [_shown(call, row, state=_state(row, call.now)) for row in call.asking.page(rows)]
    return call.collection("batches", page, total=len(rows), path="/batches")


def _living(call: Call) -> Row:
    row = call.books.batches.rows.get(call.ids[0])
    if row is None:
        raise not_found()
    return row


def read_batch(call: Call) -> Row:
    """GET /batches/{batch_id}, with a fresh URL of the results."""
    row = _living(call)
    return _shown(call, row, state=_state(row, call.now))


def delete_batch(call: Call) -> None:
    """DELETE /batches/{batch_id}: what has not been done yet is never done, and there are no results."""
    row = _living(call)
    call.books.remove(call.books.batches, row["id"])
    call.books.remove(call.books.results, row["id"])
