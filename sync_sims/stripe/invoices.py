"""Invoices (docs.stripe.com/invoicing/overview): drafted, finalized, then paid, voided or given up as uncollectible.

What pays one is a payment intent with its charge, as everywhere. A real invoice for automatic collection rests as a
draft for an hour; here it is finalized when it is told to be, or at once where a subscription makes it.
"""

from typing import Any

from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.intents import create_intent
from sync_sims.stripe.invoice_draft import draft
from sync_sims.stripe.invoice_lines import ITEM, line_of_item, lines_of, new_item, shown_lines
from sync_sims.stripe.listing import page_of
from sync_sims.stripe.parameters import Array, Boolean, Choice, Currency, Hash, Integer, Metadata, Text, merged_metadata
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

_METHOD = Choice(("charge_automatically", "send_invoice"))
_STATUSES = ("draft", "open", "paid", "uncollectible", "void")
_SHARED = Hash(
    {
        "auto_advance": Boolean(),
        "collection_method": _METHOD,
        "days_until_due": Integer(least=0),
        "default_payment_method": Text(),
        "description": Text(longest=1500, clearable=True),
        "due_date": Integer(),
        "footer": Text(clearable=True),
        "metadata": Metadata(),
    }
)
CREATE = _SHARED.extended(
    {
        "currency": Currency(),
        "customer": Text(),
        "pending_invoice_items_behavior": Choice(("exclude", "include")),
    },
    required=("customer",),
)
UPDATE = _SHARED
FINALIZE = Hash({"auto_advance": Boolean()})
PAY = Hash({"paid_out_of_band": Boolean(), "payment_method": Text()})
FILTERS = {
    "collection_method": _METHOD,
    "customer": Text(),
    "status": Choice(_STATUSES),
    "subscription": Text(),
}
SEEDED = CREATE.extended({"lines": Array(ITEM), "status": Choice(("draft", "open", "paid"))})
"""An invoice with its lines as the outside world writes it; open unless it says otherwise."""
CHANGED = UPDATE.extended({"status": Choice(("open", "paid", "uncollectible", "void"))})
_PLAIN = ("auto_advance", "collection_method", "default_payment_method", "description", "due_date", "footer")
DAY = 24 * 3600


def create_invoice(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/invoices: a draft, with the customer's pending items where they are asked for.

    Raises:
        ApiError: The customer is unknown, or it is to be sent without saying when it is due.
    """
    customer = call.named("customers", given["customer"], param="customer")
    refuse_unless(
        given.get("collection_method") != "send_invoice" or "days_until_due" in given or "due_date" in given,
        "If the collection method is 'send_invoice', you must specify due_date or days_until_due.",
        param="days_until_due",
    )
    currency = given.get("currency") or customer["currency"] or "usd"
    blank = draft(call, customer, currency=currency, reason="manual")
    invoice = call.put("invoices", _with(call, blank, given))
    emit(call, "invoice.created", invoice)
    if given.get("pending_invoice_items_behavior") == "include":
        waiting = list(call.shelf("invoiceitems").newest_first(term=("customer", customer["id"])))
        for item in waiting:
            if item["invoice"] is None and item["currency"] == currency:
                invoice = _take_in(call, invoice, item)
    return invoice


def create_item(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/invoiceitems: a line for the draft that it names, or for the customer's next invoice.

    Raises:
        ApiError: The invoice is no draft any more, or the customer or price is unknown.
    """
    if "invoice" not in given:
        customer = call.named("customers", given.get("customer", ""), param="customer")
        item = new_item(call, given, customer=customer["id"], currency=given.get("currency") or "usd")
        emit(call, "invoiceitem.created", item)
        return item
    invoice = call.named("invoices", given["invoice"], param="invoice")
    _refuse_unless_status(invoice, "draft", "This invoice is no longer editable")
    item = new_item(call, given, customer=invoice["customer"], currency=invoice["currency"])
    emit(call, "invoiceitem.created", item)
    _take_in(call, invoice, item)
    return item


def _with(call: Call, invoice: Object, given: dict[str, Any]) -> Object:
    changed = {**invoice, **{name: given[name] for name in _PLAIN if name in given}}
    if "days_until_due" in given:
        changed["due_date"] = call.now + given["days_until_due"] * DAY
    if "metadata" in given:
        changed["metadata"] = merged_metadata(invoice["metadata"], given["metadata"])
    return changed


def _take_in(call: Call, invoice: Object, item: Object) -> Object:
    line_of_item(call, item, invoice=invoice["id"])
    call.put("invoiceitems", {**item, "invoice": invoice["id"]})
    after = call.put("invoices", totalled(call, invoice))
    emit_update(call, "invoice.updated", before=invoice, after=after)
    return after


def totalled(call: Call, invoice: Object) -> Object:
    """The invoice with its lines added up; nothing of it is paid yet."""
    lines = lines_of(call, invoice["id"])
    total = sum(line["amount"] for line in lines)
    sums = ("amount_due", "amount_remaining", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax")
    return {**invoice, **dict.fromkeys(sums, total), "lines": shown_lines(lines, invoice["id"])}


def _refuse_unless_status(invoice: Object, status: str, message: str) -> None:
    if invoice["status"] != status:
        raise ApiError(f"{message} (its status is {invoice['status']}).", code="invoice_not_editable")


def finalize_invoice(call: Call, invoice_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/invoices/{id}/finalize: from now on its lines stand; what costs nothing is paid thereby.

    Raises:
        ApiError: It is finalized already, or has no lines.
    """
    before = call.addressed("invoices", invoice_id)
    _refuse_unless_status(before, "draft", "This invoice is already finalized")
    refuse_unless(
        before["lines"]["data"], "You cannot finalize an invoice without lines.", code="invoice_no_customer_line_items"
    )
    customer = call.named("customers", before["customer"], param="customer")
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    call.put("customers", {**customer, "next_invoice_sequence": customer["next_invoice_sequence"] + 1})
    address = f"https://invoice.stripe.com/i/{call.holdings.account_id}/{invoice_id}"
    after: Object = {
        **before,
        **given,
        "effective_at": call.now,
        "ending_balance": 0,
        "hosted_invoice_url": address,
        "invoice_pdf": f"{address}/pdf",
        "number": number,
        "status": "open",
        "status_transitions": {**before["status_transitions"], "finalized_at": call.now},
    }
    call.put("invoices", after)
    emit(call, "invoice.finalized", after)
    return after if after["total"] > 0 else _paid(call, after)


def pay_invoice(call: Call, invoice_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/invoices/{id}/pay, by its card or one that is named.

    Raises:
        ApiError: It is not open, there is no card, or the card declines (402).
    """
    invoice = call.addressed("invoices", invoice_id)
    if invoice["status"] == "paid":
        raise ApiError("Invoice is already paid", code="invoice_already_paid")
    refuse_unless(
        invoice["status"] in ("open", "uncollectible"),
        f"This invoice's status is {invoice['status']}; it cannot be paid.",
        code="invoice_not_editable",
    )
    if given.get("paid_out_of_band"):
        return _paid(call, invoice)
    method = given.get("payment_method") or invoice["default_payment_method"]
    refuse_unless(
        method,
        "There is no default_payment_method set on this Customer or Invoice. Please set a default_payment_method or "
        "provide a payment method.",
    )
    return collect(call, invoice, method=method)


def collect(call: Call, invoice: Object, *, method: str) -> Object:
    """Take the money for an open invoice.

    Raises:
        ApiError: The card declines (402); the invoice stays open and says that it was tried.
    """
    tried = {**invoice, "attempt_count": invoice["attempt_count"] + 1, "attempted": True}
    payment = {
        "amount": invoice["amount_remaining"],
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": f"Payment for invoice {invoice['number']}",
        "payment_method": method,
        "confirm": True,
    }
    try:
        create_intent(call, payment)
    except ApiError as error:
        if error.status == 402:
            call.put("invoices", tried)
            emit(call, "invoice.payment_failed", tried)
        raise
    return _paid(call, tried)


def _paid(call: Call, invoice: Object) -> Object:
    after = {
        **invoice,
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "status": "paid",
        "status_transitions": {**invoice["status_transitions"], "paid_at": call.now},
    }
    call.put("invoices", after)
    emit(call, "invoice.paid", after)
    emit(call, "invoice.payment_succeeded", after)
    return after


def void_invoice(call: Call, invoice_id: str, _: dict[str, Any]) -> Object:
    """POST /v1/invoices/{id}/void: as if it had never been asked for.

    Raises:
        ApiError: It is a draft, paid or void.
    """
    return _given_up(call, invoice_id, status="void", stamp="voided_at", event="invoice.voided")


def mark_uncollectible(call: Call, invoice_id: str, _: dict[str, Any]) -> Object:
    """POST /v1/invoices/{id}/mark_uncollectible.

    Raises:
        ApiError: It is not open.
    """
    event = "invoice.marked_uncollectible"
    return _given_up(call, invoice_id, status="uncollectible", stamp="marked_uncollectible_at", event=event)


def _given_up(call: Call, invoice_id: str, *, status: str, stamp: str, event: str) -> Object:
    before = call.addressed("invoices", invoice_id)
    allowed = ("open", "uncollectible") if status == "void" else ("open",)
    refuse_unless(
        before["status"] in allowed,
        f"You can only pass in open invoices. This invoice isn't open: its status is {before['status']}.",
        code="invoice_not_editable",
    )
    remaining = 0 if status == "void" else before["amount_remaining"]
    stamps = {**before["status_transitions"], stamp: call.now}
    after = {**before, "amount_remaining": remaining, "status": status, "status_transitions": stamps}
    call.put("invoices", after)
    emit(call, event, after)
    return after


def update_invoice(call: Call, invoice_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/invoices/{id}: everything in a draft, later only metadata.

    Raises:
        ApiError: It is finalized, and more than metadata shall change.
    """
    before = call.addressed("invoices", invoice_id)
    if set(given) - {"metadata"}:
        _refuse_unless_status(before, "draft", "Finalized invoices can't be updated in this way")
    after = call.put("invoices", _with(call, before, given))
    emit_update(call, "invoice.updated", before=before, after=after)
    return after


def delete_invoice(call: Call, invoice_id: str) -> Object:
    """DELETE /v1/invoices/{id}: a draft that no subscription made, for good.

    Raises:
        ApiError: It is no such draft.
    """
    before = call.addressed("invoices", invoice_id)
    refuse_unless(
        before["status"] == "draft" and before["parent"] is None,
        "You can only delete draft invoices that were not made by a subscription.",
        code="invoice_not_editable",
    )
    call.put("invoices", {**before, "deleted": True})
    emit(call, "invoice.deleted", before)
    return {"id": invoice_id, "object": "invoice", "deleted": True}


def get_invoice(call: Call, invoice_id: str) -> Object:
    """GET /v1/invoices/{id}."""
    return call.addressed("invoices", invoice_id)


def list_invoices(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/invoices."""
    equal = [(name, given[name]) for name in ("collection_method", "customer", "status") if name in given]
    subscription = given.get("subscription")

    def wanted(invoice: Object) -> bool:
        made_by = ((invoice["parent"] or {}).get("subscription_details") or {}).get("subscription")
        return all(invoice[name] == value for name, value in equal) and subscription in (None, made_by)

    return page_of(call, "invoices", given, wanted=wanted)


def bill(call: Call, given: dict[str, Any]) -> Object:
    """An invoice with its lines as a person writes it in the dashboard: see `SEEDED`."""
    status = given.pop("status", "open")
    lines = given.pop("lines", [])
    invoice = create_invoice(call, given)
    for line in lines:
        create_item(call, {**line, "invoice": invoice["id"]})
    if status == "draft":
        return get_invoice(call, invoice["id"])
    return change_invoice(call, invoice["id"], {"status": "open"} if status == "open" else {"status": status})


def change_invoice(call: Call, invoice_id: str, given: dict[str, Any]) -> Object:
    """A change in the dashboard, that of the status included; paid means outside of Stripe: see `CHANGED`."""
    status = given.pop("status", None)
    invoice = update_invoice(call, invoice_id, given) if given else call.addressed("invoices", invoice_id)
    if status in ("open", "paid") and invoice["status"] == "draft":
        invoice = finalize_invoice(call, invoice_id, {})
    if status == "paid" and invoice["status"] != "paid":
        return pay_invoice(call, invoice_id, {"paid_out_of_band": True})
    if status == "void":
        return void_invoice(call, invoice_id, {})
    return mark_uncollectible(call, invoice_id, {}) if status == "uncollectible" else invoice
