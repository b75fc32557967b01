"""Payments: taking, completing, cancelling, and reading one.

Every payment belongs to an order. Sources: CreatePayment, CompletePayment, CancelPayment in Square's specification; shapes as in recorded answers.
"""

from datetime import timedelta
from typing import Any

from sync_sims.square import orders
from sync_sims.square.call import Call
from sync_sims.square.fields import Fields
from sync_sims.square.money import money, needed_money
from sync_sims.square.refusal import Refused, error, invalid, not_found
from sync_sims.square.replay import Answer, once
from sync_sims.square.shelf import Row
from sync_sims.square.tender import Tender, read_tender
from sync_sims.square.terms import APPLICATION_ID
from sync_sims.square.timestamps import parsed, stamp

LONGEST_KEY = 45
_DELAY = timedelta(hours=168)
_TEXTS = {
    "order_id": 192,
    "customer_id": 191,
    "reference_id": 40,
    "note": 500,
    "buyer_email_address": 255,
    "statement_description_identifier": 20,
    "team_member_id": 192,
}
_OPEN = ["EDIT_AMOUNT_UP", "EDIT_AMOUNT_DOWN", "EDIT_TIP_AMOUNT_UP", "EDIT_TIP_AMOUNT_DOWN", "EDIT_DELAY_ACTION"]


def create_payment(call: Call) -> Answer:
    """POST /v2/payments."""
    return once(call, lambda: {"payment": take(call, call.body, created_at=call.stamp)}, longest=LONGEST_KEY)


def take(call: Call, body: Fields, *, created_at: str) -> Row:
    """Take a payment as of `created_at`; it completes at once unless `autocomplete` is false.

    Raises:
        Refused: The amount, the source, the location or the customer is not right.
    """
    books = call.books
    texts = {name: body.text(name, longest=longest) for name, longest in _TEXTS.items()}
    amount = needed_money(body, "amount_money", books=books)
    tip = money(body, "tip_money", books=books)
    total = {**amount, "amount": amount["amount"] + (tip or {"amount": 0})["amount"]}
    _check_location(call, body)
    if texts["customer_id"] is not None and texts["customer_id"] not in books.customers.rows:
        detail = f"Customer with ID `{texts['customer_id']}` not found."
        raise Refused(404, error("NOT_FOUND", detail, field=body.path("customer_id")), binds_key=True)
    tender = read_tender(body, amount=total["amount"], books=books, stamp=created_at)
    at_once = body.flag("autocomplete") is not False
    if not at_once and not tender.can_be_delayed:
        raise body.wrong("INVALID_VALUE", "Only card payments can be completed later.", "autocomplete")
    payment: Row = {
        "id": call.identifiers.payment(books.payments.rows),
        "created_at": created_at,
        "updated_at": created_at,
        "amount_money": amount,
        **({} if tip is None else {"tip_money": tip}),
        "status": "APPROVED",
        "source_type": tender.source_type,
        tender.details_name: tender.details,
        "location_id": books.location_id,
        **{name: value for name, value in texts.items() if value is not None},
        "total_money": total,
        "approved_money": total,
        "application_details": {"square_product": "ECOMMERCE_API", "application_id": APPLICATION_ID},
        "version_token": call.identifiers.version_token(),
    }
    order = _order(call, body, payment)
    payment |= {"order_id": order["id"], "receipt_number": payment["id"][:4]}
    payment |= _paperwork(call, tender, created_at=created_at)
    payment = _completed(payment, when=created_at) if at_once else payment
    books.put(books.payments, payment["id"], payment)
    if at_once:
        orders.close(call, order, when=created_at, tender=_tender(payment))
    return payment


def _order(call: Call, body: Fields, payment: Row) -> Row:
    """The order that is paid: the one named, else one that Square makes itself of the amount alone.

    The payment's `reference_id` does not become the order's
    (developer.squareup.com/forums/t/createterminalcheckout-reference-id-and-searchorders/4660).
    """
    order_id = body.text("order_id")
    if order_id is None:
        line = {"quantity": "1", "base_price_money": payment["amount_money"]}
        given = {"location_id": call.books.location_id, "line_items": [line]}
        if "customer_id" in payment:
            given["customer_id"] = payment["customer_id"]
        return orders.write_new(call, Fields(given), created_at=payment["created_at"])
    order = orders.living(call, order_id)
    if order["state"] != "OPEN" or order["net_amount_due_money"]["amount"] != payment["amount_money"]["amount"]:
        raise invalid("BAD_REQUEST", "The payment does not come to what is due of the order.", field="order_id")
    return order


def _tender(payment: Row) -> Row:
    """How an order shows its payment."""
    kinds = {"CARD": "CARD", "CASH": "CASH"}
    return {
        "id": payment["id"],
        "location_id": payment["location_id"],
        "transaction_id": payment["order_id"],
        "created_at": payment["created_at"],
        "amount_money": payment["amount_money"],
        "type": kinds.get(payment["source_type"], "OTHER"),
        "payment_id": payment["id"],
        **({"customer_id": payment["customer_id"]} if "customer_id" in payment else {}),
    }


def _check_location(call: Call, body: Fields) -> None:
    location_id = body.text("location_id")
    if location_id is not None and location_id != call.books.location_id:
        raise not_found(f"Location with ID `{location_id}` not found.", field=body.path("location_id"))


def _paperwork(call: Call, tender: Tender, *, created_at: str) -> dict[str, Any]:
    """What Square adds to a card payment by itself: the terms of a delayed capture."""
    if not tender.can_be_delayed:
        return {}
    created = parsed(created_at) or call.now
    return {
        "delay_action": "CANCEL",
        "delay_duration": "PT168H",
        "delayed_until": stamp(created + _DELAY),
        "capabilities": _OPEN,
        "risk_evaluation": {"created_at": created_at, "risk_level": "NORMAL"},
    }


def _completed(payment: Row, *, when: str) -> Row:
    done = {**payment, "status": "COMPLETED", "receipt_url": f"https://squareup.com/receipt/preview/{payment['id']}"}
    done.pop("capabilities", None)
    return {**done, **_card_status(payment, "CAPTURED", {"captured_at": when})}


def _card_status(payment: Row, status: str, happened: dict[str, str]) -> dict[str, Any]:
    card = payment.get("card_details")
    if card is None:
        return {}
    timeline = {**card["card_payment_timeline"], **happened}
    return {"card_details": {**card, "status": status, "card_payment_timeline": timeline}}


def living(call: Call, payment_id: str) -> Row:
    """The payment.

    Raises:
        Refused: 404.
    """
    payment = call.books.payments.rows.get(payment_id)
    if payment is None:
        raise not_found(f"Could not find payment with id: {payment_id}", field="payment_id")
    return payment


def change(call: Call, payment: Row) -> Row:
    """Write a changed payment: new `updated_at`, new `version_token`."""
    changed = {**payment, "updated_at": call.stamp, "version_token": call.identifiers.version_token()}
    call.books.put(call.books.payments, changed["id"], changed)
    return changed


def retrieve_payment(call: Call) -> dict[str, Any]:
    """GET /v2/payments/{id}."""
    return {"payment": living(call, call.ids[0])}


def complete_payment(call: Call) -> dict[str, Any]:
    """POST /v2/payments/{id}/complete; an optional `version_token` must be the payment's."""
    payment = change(call, _completed(_approved(call), when=call.stamp))
    orders.close(call, orders.living(call, payment["order_id"]), when=call.stamp, tender=_tender(payment))
    return {"payment": payment}


def cancel_payment(call: Call) -> dict[str, Any]:
    """POST /v2/payments/{id}/cancel."""
    payment = _approved(call)
    cancelled = {**payment, "status": "CANCELED", **_card_status(payment, "VOIDED", {"voided_at": call.stamp})}
    cancelled.pop("capabilities", None)
    cancelled.pop("approved_money", None)
    return {"payment": change(call, cancelled)}


def _approved(call: Call) -> Row:
    payment = living(call, call.ids[0])
    check_token(payment, call.body.text("version_token"), field="version_token")
    if payment["status"] != "APPROVED":
        raise invalid("BAD_REQUEST", f"Invalid payment state: {payment['status']}; expected APPROVED.")
    return payment


def check_token(payment: Row, token: str | None, *, field: str) -> None:
    """Refuse a token that is not the payment's; none is no condition.

    Raises:
        Refused: 409 VERSION_MISMATCH.
    """
    if token is not None and token != payment["version_token"]:
        raise Refused(409, error("VERSION_MISMATCH", "The version token does not match the payment's.", field=field))
