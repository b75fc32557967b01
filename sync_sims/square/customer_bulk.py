"""Customers by the hundred: every entry has its own outcome under its own key, and the answer is always 200.

Sources: BulkCreateCustomers, BulkUpdateCustomers, BulkRetrieveCustomers and BulkDeleteCustomers in Square's
specification.
"""

from collections.abc import Callable
from typing import Any

from sync_sims.square.call import Call
from sync_sims.square.customers import KEYS, LONGEST_KEY, living, shown, write_deletion, write_new, write_update
from sync_sims.square.fields import Fields
from sync_sims.square.refusal import Refused, invalid
from sync_sims.square.replay import Answer, once_for

_MOST = 100


def bulk_create(call: Call) -> dict[str, Any]:
    """POST /v2/customers/bulk-create: `customers` maps idempotency keys to profiles."""

    def create(key: str, given: Fields) -> Answer:
        if len(key) > LONGEST_KEY:
            raise invalid("MAP_KEY_LENGTH_TOO_LONG", f"Key must not be longer than {LONGEST_KEY} characters.")

        def work() -> Answer:
            return {"customer": shown(write_new(call, given))}

        return once_for(call.books, f"{KEYS} {key}", work, content=given.values)

    return _each(_entries(call), create)


def bulk_update(call: Call) -> dict[str, Any]:
    """POST /v2/customers/bulk-update: `customers` maps customer ids to sparse updates."""
    return _each(_entries(call), lambda key, given: {"customer": shown(write_update(call, key, given))})


def bulk_retrieve(call: Call) -> dict[str, Any]:
    """POST /v2/customers/bulk-retrieve."""
    return _each(_ids(call), lambda key, _: {"customer": shown(living(call, key))})


def bulk_delete(call: Call) -> dict[str, Any]:
    """POST /v2/customers/bulk-delete; an entry that went well is empty."""

    def delete(key: str, _: Fields) -> Answer:
        write_deletion(call, key)
        return {}

    return _each(_ids(call), delete)


def _entries(call: Call) -> dict[str, Fields]:
    """The `customers` map of a request, 1 to 100 entries."""
    customers = call.body.needed_inner("customers")
    if not customers.values:
        raise call.body.wrong("VALUE_EMPTY", "Map must not be empty.", "customers")
    if len(customers.values) > _MOST:
        raise call.body.wrong("TOO_MANY_MAP_ENTRIES", f"Map must not contain more than {_MOST} entries.", "customers")
    return {key: customers.needed_inner(key) for key in customers.values}


def _ids(call: Call) -> dict[str, Fields]:
    """The `customer_ids` of a request, 1 to 100, with nothing to say about each."""
    call.body.needed_array("customer_ids", most=_MOST)
    return {key: Fields({}, key) for key in call.body.texts("customer_ids") or ()}


def _each(entries: dict[str, Fields], work: Callable[[str, Fields], Answer]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for key, given in entries.items():
        try:
            responses[key] = work(key, Fields(given.values))
        except Refused as refusal:
            responses[key] = refusal.body
    return {"responses": responses}
