"""Refunds (docs.stripe.com/api/refunds): whole or in parts, never more than is left of the charge."""

from collections.abc import Iterator
from typing import Any

from sync_sims.stripe.balance import book_refund
from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.intents import check_whole
from sync_sims.stripe.listing import filtered_page
from sync_sims.stripe.parameters import Choice, Hash, Integer, Metadata, Text, merged_metadata
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call

CREATE = Hash(
    {
        "amount": Integer(least=1),
        "charge": Text(),
        "metadata": Metadata(),
        "payment_intent": Text(),
        "reason": Choice(("duplicate", "fraudulent", "requested_by_customer")),
    }
)
UPDATE = Hash({"metadata": Metadata()})
FILTERS = {"charge": Text(), "payment_intent": Text()}


def create_refund(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/refunds of a charge, or of the charge of a payment intent.

    Raises:
        ApiError: There is no such charge, it is refunded already, or the amount is more than is left.
    """
    charge = _charge_to_refund(call, given)
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = given.get("amount", left)
    check_whole(amount, charge["currency"])
    if amount > left:
        raise ApiError(
            f"Refund amount ({amount} {charge['currency']}) is greater than unrefunded amount on charge "
            f"({left} {charge['currency']})",
            param="amount",
        )
    refund_id = call.new_id("refunds", "re_")
    about = charge["description"]
    description = "REFUND FOR CHARGE" if about is None else f"REFUND FOR CHARGE ({about})"
    transaction = book_refund(
        call, refund_id=refund_id, amount=amount, currency=charge["currency"], description=description
    )
    refund = _refund(call, refund_id, charge=charge, amount=amount, transaction=transaction["id"], given=given)
    call.put("refunds", refund)
    refunded = charge["amount_refunded"] + amount
    after = {**charge, "amount_refunded": refunded, "refunded": refunded == charge["amount"]}
    call.put("charges", after)
    emit(call, "refund.created", refund)
    emit_update(call, "charge.refunded", before=charge, after=after)
    return refund


def _charge_to_refund(call: Call, given: dict[str, Any]) -> Object:
    if "charge" in given:
        charge = call.named("charges", given["charge"], param="charge")
    elif "payment_intent" in given:
        intent = call.named("payment_intents", given["payment_intent"], param="payment_intent")
        if intent["status"] != "succeeded":
            raise ApiError(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = call.named("charges", intent["latest_charge"], param="payment_intent")
    else:
        raise ApiError(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    if charge["status"] != "succeeded":
        raise ApiError(f"Charge {charge['id']} has not succeeded and cannot be refunded.", param="charge")
    if charge["disputed"] and any(dispute["status"] != "won" for dispute in _disputes(call, charge)):
        raise ApiError(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    return charge


def _disputes(call: Call, charge: Object) -> Iterator[Object]:
    return call.shelf("disputes").newest_first(term=("charge", charge["id"]))


def _refund(
    call: Call, refund_id: str, *, charge: Object, amount: int, transaction: str, given: dict[str, Any]
) -> Object:
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": transaction,
        "charge": charge["id"],
        "created": call.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": _DESTINATION,
        "metadata": merged_metadata({}, given.get("metadata", {})),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": given.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


_DESTINATION: dict[str, Any] = {
    "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
    "type": "card",
}


def get_refund(call: Call, refund_id: str) -> Object:
    """GET /v1/refunds/{id}."""
    return call.addressed("refunds", refund_id)


def update_refund(call: Call, refund_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/refunds/{id}: metadata only."""
    before = call.addressed("refunds", refund_id)
    after = before
    if "metadata" in given:
        after = {**before, "metadata": merged_metadata(before["metadata"], given["metadata"])}
    call.put("refunds", after)
    emit_update(call, "refund.updated", before=before, after=after)
    return after


def list_refunds(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/refunds."""
    return filtered_page(call, "refunds", given, fields=("charge", "payment_intent"))
