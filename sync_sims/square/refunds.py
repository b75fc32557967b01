"""Refunds of completed payments, in part or in whole.

Sources: RefundPayment and PaymentRefund in Square's specification; the refusal of too large an amount as recorded.
"""

from typing import Any

from sync_sims.square.call import Call
from sync_sims.square.fields import Fields
from sync_sims.square.money import needed_money
from sync_sims.square.payments import LONGEST_KEY, change, check_token, living
from sync_sims.square.refusal import Refused, error, missing, not_found
from sync_sims.square.replay import Answer, once
from sync_sims.square.shelf import Row


def refund_payment(call: Call) -> Answer:
    """POST /v2/refunds."""
    return once(call, lambda: {"refund": give_back(call, call.body)}, longest=LONGEST_KEY)


def give_back(call: Call, body: Fields) -> Row:
    """Refund a payment; the payment shows it in `refunded_money` and `refund_ids`.

    Raises:
        Refused: There is no such payment, it is not completed, or less than the amount is left of it.
    """
    if body.flag("unlinked"):
        raise Refused(501, error("NOT_IMPLEMENTED", "The simulator has no unlinked refunds.", field="unlinked"))
    payment_id = body.text("payment_id")
    if payment_id is None:
        raise missing(body.path("payment_id"))
    reason = body.text("reason", longest=192)
    amount = needed_money(body, "amount_money", books=call.books)
    payment = living(call, payment_id)
    check_token(payment, body.text("payment_version_token"), field="payment_version_token")
    _check_refundable(payment, amount["amount"])
    refund: Row = {
        "id": call.identifiers.refund(payment_id, call.books.refunds.rows),
        "status": "COMPLETED",
        "amount_money": amount,
        "payment_id": payment_id,
        "order_id": payment["order_id"],
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "location_id": payment["location_id"],
        **({} if not reason else {"reason": reason}),
        "destination_type": payment["source_type"],
    }
    call.books.put(call.books.refunds, refund["id"], refund)
    returned = refunded(payment) + amount["amount"]
    change(
        call,
        {
            **payment,
            "refunded_money": {**amount, "amount": returned},
            "refund_ids": [*payment.get("refund_ids", ()), refund["id"]],
        },
    )
    return refund


def refunded(payment: Row) -> int:
    """What was refunded so far, in minor units."""
    return payment.get("refunded_money", {"amount": 0})["amount"]


def _check_refundable(payment: Row, amount: int) -> None:
    if payment["status"] == "APPROVED":
        raise _refused("REFUND_ERROR_PAYMENT_NEEDS_COMPLETION", "The payment must be completed before it is refunded.")
    if payment["status"] != "COMPLETED":
        raise _refused("PAYMENT_NOT_REFUNDABLE", f"A payment with status {payment['status']} cannot be refunded.")
    if amount < 1:
        raise _refused("REFUND_AMOUNT_INVALID", "The refund amount must be greater than zero.", "amount_money.amount")
    if amount > payment["total_money"]["amount"] - refunded(payment):
        detail = "The requested refund amount exceeds the amount available to refund."
        raise _refused("REFUND_AMOUNT_INVALID", detail, "amount_money.amount")


def _refused(code: str, detail: str, field: str | None = None) -> Refused:
    return Refused(400, error(code, detail, field=field, category="REFUND_ERROR"), binds_key=True)


def retrieve_refund(call: Call) -> dict[str, Any]:
    """GET /v2/refunds/{id}."""
    refund = call.books.refunds.rows.get(call.ids[0])
    if refund is None:
        raise not_found(f"Could not find refund with id: {call.ids[0]}", field="refund_id")
    return {"refund": refund}
