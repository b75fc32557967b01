"""Orders: made open, changed by sparse updates that name their version, closed by their payment or called off.

Sources: CreateOrder, UpdateOrder, PayOrder, BatchRetrieveOrders and RetrieveOrder in Square's specification;
developer.squareup.com/docs/orders-api/manage-orders/update-orders; the refusals of an old or absent version with HTTP 400
as shown in developer.squareup.com/forums/t/order-is-not-showing-up-in-dashboard/855 and
/t/update-order-created-via-payment-link/13601. A closed order takes what it sold from the stock
(developer.squareup.com/docs/orders-api/how-it-works).
"""

import re
from typing import Any

from sync_sims.square.call import Call
from sync_sims.square.fields import Fields
from sync_sims.square.inventory_write import read_change, write_change
from sync_sims.square.order_sheet import read_line, read_metadata, refuse_what_is_not_simulated, summed
from sync_sims.square.refusal import Refused, error, invalid, missing, not_found
from sync_sims.square.replay import Answer, once, once_if_keyed
from sync_sims.square.shelf import Row

LONGEST_KEY = 192
APPLICATION = "Sandbox application"
_MOST = 100
_TEXTS = {"reference_id": 40, "customer_id": 191, "ticket_name": 30}
_LINE = re.compile(r"line_items\[([^\]]+)\]")


def create_order(call: Call) -> Answer:
    """POST /v2/orders."""

    def work() -> Answer:
        return {"order": write_new(call, call.body.needed_inner("order"))}

    return once_if_keyed(call, work, scope=call.endpoint, longest=LONGEST_KEY)


def write_new(call: Call, given: Fields, *, created_at: str | None = None, source: str = APPLICATION) -> Row:
    """Make an order, open unless it is a draft, as of `created_at`, else of the call."""
    refuse_what_is_not_simulated(given)
    _check_location(call, given)
    state = given.choice("state", {"OPEN", "DRAFT"}) or "OPEN"
    when = created_at or call.stamp
    texts = {name: given.text(name, longest=longest) for name, longest in _TEXTS.items()}
    order: Row = {
        "id": call.identifiers.payment(call.books.orders.rows),
        "location_id": call.books.location_id,
        "source": {"name": source},
        **{name: value for name, value in texts.items() if value},
        "line_items": [
            read_line(call, line, uid=line.text("uid", longest=60) or f"line-{position}")
            for position, line in enumerate(given.objects("line_items"), start=1)
        ],
        **({"metadata": kept} if (kept := read_metadata(given)) else {}),
        "created_at": when,
        "updated_at": when,
        "state": state,
        "version": 1,
    }
    return put(call, order)


def living(call: Call, order_id: str) -> Row:
    """The order.

    Raises:
        Refused: 404.
    """
    order = call.books.orders.rows.get(order_id)
    if order is None:
        raise not_found(f"Order not found for id {order_id}", field="order_id")
    return order


def retrieve_order(call: Call) -> dict[str, Any]:
    """GET /v2/orders/{id}."""
    return {"order": living(call, call.ids[0])}


def batch_retrieve(call: Call) -> dict[str, Any]:
    """POST /v2/orders/batch-retrieve: what is not there is passed over."""
    call.body.needed_array("order_ids", most=_MOST)
    rows = call.books.orders.rows
    found = [rows[one] for one in call.body.texts("order_ids") or () if one in rows]
    return {"orders": found} if found else {}


def update_order(call: Call) -> Answer:
    """PUT /v2/orders/{id}: only what is sent changes, and what `fields_to_clear` names goes."""

    def work() -> Answer:
        return {"order": write_update(call, call.ids[0], call.body.needed_inner("order"), call.body)}

    return once_if_keyed(call, work, scope=f"{call.endpoint} {call.ids[0]}", longest=LONGEST_KEY)


def write_update(call: Call, order_id: str, given: Fields, body: Fields) -> Row:
    """Change an order.

    Raises:
        Refused: It is closed, another version, or would be closed without its payment.
    """
    order = living(call, order_id)
    _check_version(order, given)
    refuse_what_is_not_simulated(given)
    if order["state"] in ("COMPLETED", "CANCELED"):
        raise invalid("BAD_REQUEST", f"The order is {order['state']} and cannot be updated.", field="order.state")
    changed = {**order, **{name: value for name in _TEXTS if (value := given.text(name, longest=_TEXTS[name]))}}
    if given.values.get("metadata") is not None:
        changed["metadata"] = {**order.get("metadata", {}), **read_metadata(given)}
    changed = _cleared(changed, body)
    changed["line_items"] = _merged(call, changed.get("line_items", []), given)
    changed = summed(changed, currency=call.books.currency or "USD")
    state = given.choice("state", {"OPEN", "COMPLETED", "CANCELED", "DRAFT"}) or order["state"]
    if state == "COMPLETED" and changed["net_amount_due_money"]["amount"]:
        raise invalid("BAD_REQUEST", "An order that is not paid cannot be completed.", field="order.state")
    return touch(call, {**changed, "state": state})


def _merged(call: Call, lines: list[Row], given: Fields) -> list[Row]:
    """The lines after a sparse update: one with a known uid takes that line's place, another is added."""
    merged = {line["uid"]: line for line in lines}
    for position, line in enumerate(given.objects("line_items"), start=1):
        uid = line.text("uid", longest=60) or f"line-{call.stamp}-{position}"
        known = merged.get(uid, {})
        merged[uid] = read_line(call, Fields({**_as_sent(known), **line.values}, line.at), uid=uid)
    return list(merged.values())


def _as_sent(line: Row) -> Row:
    kept = ("name", "quantity", "note", "catalog_object_id", "base_price_money", "metadata")
    return {name: line[name] for name in kept if name in line}


def _cleared(order: Row, body: Fields) -> Row:
    cleared = dict(order)
    for path in body.texts("fields_to_clear") or ():
        match = _LINE.fullmatch(path)
        if match is not None:
            cleared["line_items"] = [line for line in cleared.get("line_items", ()) if line["uid"] != match[1]]
        elif path in {*_TEXTS, "line_items", "metadata"}:
            cleared.pop(path, None)
        else:
            raise body.wrong("INVALID_VALUE", f"The simulator cannot clear `{path}`.", "fields_to_clear")
    return cleared


def pay_order(call: Call) -> Answer:
    """POST /v2/orders/{id}/pay: by approved payments that come to the total, by none where the total is 0."""
    return once(call, lambda: {"order": _pay(call)}, longest=LONGEST_KEY)


def _pay(call: Call) -> Row:
    order = living(call, call.ids[0])
    if call.body.texts("payment_ids"):
        raise Refused(501, error("NOT_IMPLEMENTED", "The simulator pays for orders at once.", field="payment_ids"))
    if order["net_amount_due_money"]["amount"]:
        raise invalid("BAD_REQUEST", "The payments do not come to the order's total.", field="payment_ids")
    return close(call, order, when=call.stamp)


def close(call: Call, order: Row, *, when: str, tender: Row | None = None) -> Row:
    """Complete an order by a tender, as of `when`; what it sold leaves the stock that is counted."""
    paid = {**order, "tenders": [*order.get("tenders", ()), tender]} if tender is not None else order
    done = touch(call, {**paid, "state": "COMPLETED", "closed_at": when}, when=when)
    for line in done.get("line_items", ()):
        if "catalog_object_id" in line and call.books.is_counted(line["catalog_object_id"]):
            sold = {
                "catalog_object_id": line["catalog_object_id"],
                "location_id": call.books.location_id,
                "from_state": "IN_STOCK",
                "to_state": "SOLD",
                "quantity": line["quantity"],
                "occurred_at": call.stamp,
            }
            write_change(call, read_change(call, Fields({"type": "ADJUSTMENT", "adjustment": sold})))
    return done


def touch(call: Call, order: Row, *, when: str | None = None) -> Row:
    """Write a changed order: new `updated_at`, next version."""
    version = {"version": order["version"] + 1} if "version" in order else {}
    return put(call, {**order, "updated_at": when or call.stamp, **version})


def put(call: Call, order: Row) -> Row:
    """Write an order as it is, with its sums."""
    known = next((line["total_money"]["currency"] for line in order.get("line_items", ())), None)
    row = summed(order, currency=known or call.books.currency or "USD")
    if not row.get("line_items"):
        row.pop("line_items", None)
    call.books.put(call.books.orders, row["id"], row)
    return row


def _check_location(call: Call, given: Fields) -> None:
    location_id = given.needed_text("location_id")
    if location_id != call.books.location_id:
        raise not_found(f"Location with ID `{location_id}` not found.", field=given.path("location_id"))


def _check_version(order: Row, given: Fields) -> None:
    if "version" not in order:
        raise invalid("BAD_REQUEST", "Only orders made through the API can be updated.", field="order_id")
    version = given.whole("version")
    if version is None:
        raise missing(given.path("version"))
    if version != order["version"]:
        detail = (
            f"Supplied version {version} does not match the current version {order['version']} of order {order['id']}."
        )
        raise invalid("VERSION_MISMATCH", detail, field=given.path("version"))
