"""What happens at a seller's counter and dashboard: rows written by the code of the API, without its door.

A row that names an `id` is a change to what exists; the seller sees the current version, so none is needed.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from sync_sims.square import catalog_write, customers, loyalty, orders, payments, refunds
from sync_sims.square.call import Call
from sync_sims.square.catalog_drafts import DATA, read_draft
from sync_sims.square.catalog_shelf import FAMILIES
from sync_sims.square.fields import Fields
from sync_sims.square.inventory_write import read_change, write_change
from sync_sims.square.shelf import Row

Seed = dict[str, Any]


def sow_payment(call: Call, row: Seed) -> Row:
    """`{amount, currency, customer_id?, reference_id?, order_id?, note?, created_at?}` -> a completed card payment."""
    given = {name: value for name, value in row.items() if name in {"customer_id", "reference_id", "note", "order_id"}}
    given |= {
        "source_id": "cnon:card-nonce-ok",
        "amount_money": {"amount": row.get("amount"), "currency": row.get("currency")},
    }
    return payments.take(call, Fields(given), created_at=Fields(row).moment("created_at") or call.stamp)


def sow_refund(call: Call, row: Seed) -> Row:
    """`{payment_id, amount?, reason?}` -> a refund, of all that is left unless an amount is given."""
    payment = payments.living(call, Fields(row).needed_text("payment_id"))
    left = payment["total_money"]["amount"] - refunds.refunded(payment)
    amount = {**payment["total_money"], "amount": row.get("amount", left)}
    given = {"payment_id": payment["id"], "amount_money": amount, "reason": row.get("reason")}
    return refunds.give_back(call, Fields(given))


def sow_customer(call: Call, row: Seed) -> Row:
    """Profile fields -> a profile made in Square's own dashboard; `is_deleted` deletes the one with that `id`."""
    given = Fields(row)
    customer_id = given.text("id")
    if customer_id is None:
        created_at = given.moment("created_at")
        source = given.text("creation_source") or "DIRECTORY"
        return customers.shown(customers.write_new(call, given, created_at=created_at, source=source))
    if given.flag("is_deleted"):
        customers.write_deletion(call, customer_id)
        return customers.shown(call.books.customers.rows[customer_id])
    return customers.shown(customers.write_update(call, customer_id, given))


def sow_object(call: Call, row: Seed) -> Row:
    """A catalog object, of type ITEM unless it says otherwise -> the object; `is_deleted` deletes it."""
    catalog = call.books.catalog
    version = catalog.next_version(call.now)
    if row.get("is_deleted"):
        doomed = catalog.living(Fields(row).needed_text("id"))
        if doomed is None:
            raise KeyError(f"catalog object {row['id']!r}")
        deletion = dataclasses.replace(call, ids=(doomed["id"],))
        catalog_write.delete_object(deletion)
        return catalog.shown(catalog.rows[doomed["id"]])
    given = _with_versions(call, {"type": "ITEM", **row}, temporary="#seed")
    return catalog_write.write_batch(call, [read_draft(Fields(given))], version=version)[0][0]


def _with_versions(call: Call, row: Seed, *, temporary: str) -> Seed:
    """The object with the ids and versions that whoever looks at a dashboard needs not know."""
    object_id = row.get("id", temporary)
    known = call.books.catalog.rows.get(object_id)
    filled = {**row, "id": object_id} if known is None else {**row, "version": known["version"]}
    family = FAMILIES.get(row["type"])
    data = row.get(DATA.get(row["type"], ""))
    if family is None or not isinstance(data, dict) or not isinstance(data.get(family.children), list):
        return filled
    children = [
        _with_versions(call, {"type": family.child_type, **child}, temporary=f"{temporary}-{position}")
        for position, child in enumerate(data[family.children])
    ]
    return {**filled, family.data: {**data, family.children: children}}


def sow_change(call: Call, row: Seed) -> Row:
    """`{catalog_object_id, quantity, state?, occurred_at?}` -> a physical count; with `from_state` and `to_state` an
    adjustment.
    """  # noqa: D205 - one sentence
    given = {"location_id": call.books.location_id, "occurred_at": call.stamp, **row}
    if "to_state" in row:
        change = read_change(call, Fields({"type": "ADJUSTMENT", "adjustment": given}))
    else:
        given = {"state": "IN_STOCK", **given}
        change = read_change(call, Fields({"type": "PHYSICAL_COUNT", "physical_count": given}))
    write_change(call, change)
    return change


def sow_order(call: Call, row: Seed) -> Row:
    """An order's fields -> a sale at the till, without a version as the till's are; `paid` takes the money for it.

    With `api` it is one of an application's, which has a version; with an `id` it is changed by the application, to
    what is sent of `state`, `line_items` and the rest.
    """
    given = {name: value for name, value in row.items() if name not in ("paid", "api", "id", "created_at", "note")}
    if "id" in row:
        known = orders.living(call, row["id"])
        body = {"order": {**given, "version": known["version"]}}
        return orders.write_update(call, row["id"], Fields(body["order"], "order"), Fields(body))
    when = Fields(row).moment("created_at") or call.stamp
    given = {"location_id": call.books.location_id, **given}
    order = orders.write_new(call, Fields(given), created_at=when, source=orders.APPLICATION if row.get("api") else "")
    if not row.get("api"):
        order = {name: value for name, value in order.items() if name not in ("version", "source")}
        order = orders.put(call, {**order, "source": {}})
    if row.get("paid"):
        paid = {"amount": order["total_money"]["amount"], "currency": order["total_money"]["currency"]}
        sow_payment(call, {**paid, "order_id": order["id"], "created_at": when, "note": row.get("note")})
    return call.books.orders.rows[order["id"]]


def sow_account(call: Call, row: Seed) -> Row:
    """`{phone_number, customer_id?, points?}` -> a loyalty account; with an `id`, points by hand for that account."""
    if "id" in row:
        loyalty.write_adjustment(call, row["id"], Fields({"points": row["points"], "reason": row.get("reason")}))
        return loyalty.living(call, row["id"])
    given = {"mapping": {"phone_number": row["phone_number"]}, "customer_id": row.get("customer_id")}
    account = loyalty.write_account(call, Fields(given))
    if row.get("points"):
        loyalty.write_adjustment(call, account["id"], Fields({"points": row["points"]}))
    return loyalty.living(call, account["id"])


SEEDS: dict[str, Callable[[Call, Seed], Row]] = {
    "payments": sow_payment,
    "refunds": sow_refund,
    "customers": sow_customer,
    "catalog": sow_object,
    "inventory_changes": sow_change,
    "orders": sow_order,
    "loyalty_accounts": sow_account,
}
