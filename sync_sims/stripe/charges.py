"""Charges: what a payment intent's confirmation leaves behind (docs.stripe.com/api/charges)."""

from typing import Any

from sync_sims.stripe.addresses import SHIPPING, shipping_from
from sync_sims.stripe.balance import book_charge
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.listing import filtered_page
from sync_sims.stripe.parameters import Hash, Metadata, Text, merged_metadata
from sync_sims.stripe.payment_methods import card_details
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call

UPDATE = Hash(
    {
        "customer": Text(),
        "description": Text(clearable=True),
        "metadata": Metadata(),
        "receipt_email": Text(longest=800, clearable=True),
        "shipping": SHIPPING,
        "transfer_group": Text(),
    }
)
FILTERS = {"customer": Text(), "payment_intent": Text(), "transfer_group": Text()}


def charge_intent(call: Call, intent: Object, method: Object) -> Object:
    """Try to take the intent's amount from the card: a succeeded charge, or a failed one where it declines."""
    declined = method["decline_code"]
    charge_id = call.new_id("charges", "ch_")
    transaction = None
    if declined is None:
        transaction = book_charge(
            call,
            charge_id=charge_id,
            amount=intent["amount"],
            currency=intent["currency"],
            description=intent["description"],
        )["id"]
    charge = _charge(call, charge_id, intent=intent, method=method, transaction=transaction)
    call.put("charges", charge)
    emit(call, "charge.succeeded" if declined is None else "charge.failed", charge)
    return charge


def _charge(call: Call, charge_id: str, *, intent: Object, method: Object, transaction: str | None) -> Object:
    paid = transaction is not None
    return {
        "id": charge_id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": transaction,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SIMULATED VENUE",
        "captured": paid,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None if paid else "card_declined",
        "failure_message": None if paid else DECLINED,
        "fraud_details": {},
        "livemode": intent["livemode"],
        "metadata": intent["metadata"],
        "on_behalf_of": None,
        "outcome": _OUTCOME if paid else {**_DECLINED_OUTCOME, "reason": method["decline_code"]},
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": card_details(method, intent["amount"]),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/payment/{charge_id}" if paid else None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source": None,
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded" if paid else "failed",
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
    }


DECLINED = "Your card was declined."
_OUTCOME: dict[str, Any] = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 20,
    "seller_message": "Payment complete.",
    "type": "authorized",
}
_DECLINED_OUTCOME: dict[str, Any] = {
    **_OUTCOME,
    "advice_code": "try_again_later",
    "network_decline_code": "01",
    "network_status": "declined_by_network",
    "seller_message": "The bank did not return any further details with this decline.",
    "type": "issuer_declined",
}


def get_charge(call: Call, charge_id: str) -> Object:
    """GET /v1/charges/{id}."""
    return call.addressed("charges", charge_id)


def update_charge(call: Call, charge_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/charges/{id}: what is written about it, never the money."""
    before = call.addressed("charges", charge_id)
    if "customer" in given:
        call.named("customers", given["customer"], param="customer")
    plain = ("customer", "description", "receipt_email", "transfer_group")
    after = {**before, **{name: given[name] for name in plain if name in given}}
    if "metadata" in given:
        after["metadata"] = merged_metadata(before["metadata"], given["metadata"])
    if "shipping" in given:
        after["shipping"] = shipping_from(given["shipping"])
    call.put("charges", after)
    emit_update(call, "charge.updated", before=before, after=after)
    return after


def list_charges(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/charges."""
    return filtered_page(call, "charges", given, fields=("customer", "payment_intent", "transfer_group"))
