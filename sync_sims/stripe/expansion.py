"""expand[]: ids replaced by their objects, at most four levels deep (docs.stripe.com/api/expanding_objects)."""

from typing import Any

from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.listing import filtered_page
from sync_sims.stripe.payment_methods import shown_payment_method
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import COLLECTION_OF_PREFIX, Call

DEEPEST = 4
_EXPANDABLE: dict[str, frozenset[str]] = {
    "product": frozenset({"default_price", "tax_code"}),
    "price": frozenset({"product"}),
    "customer": frozenset({"default_source", "test_clock"}),
    "payment_intent": frozenset(
        {"customer", "latest_charge", "payment_method", "application", "on_behalf_of", "review"}
    ),
    "charge": frozenset({"customer", "payment_intent", "balance_transaction", "application", "on_behalf_of", "review"}),
    "refund": frozenset({"charge", "payment_intent", "balance_transaction"}),
    "balance_transaction": frozenset({"source"}),
    "subscription": frozenset({"customer", "default_payment_method", "latest_invoice"}),
    "invoice": frozenset({"customer", "default_payment_method"}),
    "dispute": frozenset({"charge", "payment_intent"}),
}
# Lists that Stripe leaves out unless asked for.
_INCLUDABLE = {"customer": frozenset({"sources", "subscriptions", "tax_ids"}), "charge": frozenset({"refunds"})}


def expanded(call: Call, answer: Object, paths: list[str]) -> Object:
    """The answer with every path expanded; stored objects stay as they are.

    Raises:
        ApiError: A path is too deep or names a field that cannot be expanded.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise ApiError(f"You cannot expand more than {DEEPEST} levels of a property ({path}).", param="expand")
        answer = _along(call, answer, steps, path=path)
    return answer


def _along(call: Call, node: Object, steps: list[str], *, path: str) -> Object:
    name, rest = steps[0], steps[1:]
    kind = node.get("object", "")
    if kind in ("list", "search_result"):
        if name == "total_count" and kind == "search_result":
            return node
        if name != "data":
            raise _cannot(path)
        return {**node, "data": [_along(call, entry, rest, path=path) for entry in node["data"]]} if rest else node
    value = _value(call, node, name, path=path)
    if rest and isinstance(value, dict) and not value.get("deleted"):
        value = _along(call, value, rest, path=path)
    return {**node, name: value}


def _value(call: Call, node: Object, name: str, *, path: str) -> Any:
    kind = node.get("object", "")
    if name in _INCLUDABLE.get(kind, ()):
        return _included(call, node, name)
    if name not in _EXPANDABLE.get(kind, ()):
        raise _cannot(path)
    value = node.get(name)
    return _object(call, value) if isinstance(value, str) else value


def _object(call: Call, object_id: str) -> Any:
    """The object behind an id; a deleted one shows as Stripe shows it."""
    prefix = object_id.split("_", 1)[0]
    entry = call.shelf(COLLECTION_OF_PREFIX.get(prefix, "products")).get(object_id)
    if entry is None:
        return object_id
    if prefix == "pm":
        return shown_payment_method(entry)
    return deleted_stub(entry) if entry.get("deleted") else entry


def deleted_stub(entry: Object) -> Object:
    """What remains visible of a deleted object."""
    return {"id": entry["id"], "object": entry["object"], "deleted": True}


def _included(call: Call, node: Object, name: str) -> Object:
    if name == "refunds":
        page = filtered_page(call, "refunds", {"charge": node["id"]}, fields=("charge",))
        return {**page, "url": f"/v1/charges/{node['id']}/refunds"}
    return {"object": "list", "url": f"/v1/customers/{node['id']}/{name}", "has_more": False, "data": []}


def _cannot(path: str) -> ApiError:
    return ApiError(
        f"This property cannot be expanded ({path}). You may want to try expanding a different property.",
        param="expand",
    )
