"""Disputes (docs.stripe.com/disputes/how-disputes-work): opened and decided by banks, answered by the account.

The money goes at once, with a fee that stays lost; it comes back if the dispute is won. Evidence is a draft until it is
submitted, which happens once (docs.stripe.com/disputes/responding). Stripe documents no wording for what it refuses of
a dispute that is closed or answered; the wording here is this simulator's.
"""

from typing import Any

from sync_sims.stripe.balance import book_dispute
from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.listing import filtered_page
from sync_sims.stripe.parameters import Boolean, Choice, Hash, Integer, Metadata, Text, merged_metadata
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

_TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)
_REASONS = (
    "credit_not_processed",
    "duplicate",
    "fraudulent",
    "general",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
UPDATE = Hash(
    {
        "evidence": Hash({name: Text(longest=20_000, clearable=True) for name in _TEXTS}),
        "metadata": Metadata(),
        "submit": Boolean(),
    }
)
CLOSE = Hash({})
FILTERS = {"charge": Text(), "payment_intent": Text()}
OPENING = Hash({"amount": Integer(least=1), "charge": Text(), "reason": Choice(_REASONS)}, required=("charge",))
"""What the payer's bank says when it opens a dispute; the whole charge unless it says less."""
DECISION = Hash({"status": Choice(("won", "lost"))}, required=("status",))
"""What the payer's bank decides."""
ANSWERABLE = "needs_response"
DAYS_TO_ANSWER = 9
_DECIDED_BY_EVIDENCE = {"winning_evidence": "won", "losing_evidence": "lost"}
"""docs.stripe.com/testing#disputes: what decides a dispute at once in a sandbox, as its uncategorized text."""


def open_dispute(call: Call, given: dict[str, Any]) -> Object:
    """A payer contests a charge: the money is gone until the dispute is won.

    Raises:
        ApiError: There is no such charge, it took no money, or it is disputed already.
    """
    charge = call.named("charges", given["charge"], param="charge")
    refuse_unless(charge["paid"], f"Charge {charge['id']} took no money to be disputed.", param="charge")
    refuse_unless(not charge["disputed"], f"Charge {charge['id']} is disputed already.", param="charge")
    dispute_id = call.new_id("disputes", "dp_")
    amount, currency = given.get("amount", charge["amount"]), charge["currency"]
    taken = book_dispute(call, dispute_id=dispute_id, amount=-amount, currency=currency, charge_id=charge["id"])
    dispute: Object = {
        "id": dispute_id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [taken],
        "charge": charge["id"],
        "created": call.now,
        "currency": currency,
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_TEXTS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": call.now + DAYS_TO_ANSWER * 24 * 3600,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": False,
        "livemode": charge["livemode"],
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "chargeback",
                "network": "visa",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": given.get("reason", "fraudulent"),
        "status": ANSWERABLE,
    }
    call.put("charges", {**charge, "disputed": True})
    call.put("disputes", dispute)
    emit(call, "charge.dispute.created", dispute)
    emit(call, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def update_dispute(call: Call, dispute_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/disputes/{id}: evidence as a draft, or to the bank, which is what happens unless `submit` says no.

    Raises:
        ApiError: It is closed, or its evidence was submitted.
    """
    before = call.addressed("disputes", dispute_id)
    if "evidence" in given or given.get("submit"):
        _refuse_unless_answerable(before)
    after: Object = {**before, "metadata": merged_metadata(before["metadata"], given.get("metadata", {}))}
    after["evidence"] = {**before["evidence"], **given.get("evidence", {})}
    filled = any(after["evidence"][name] for name in _TEXTS)
    after["evidence_details"] = {**before["evidence_details"], "has_evidence": filled}
    if ("evidence" in given or "submit" in given) and given.get("submit", True):
        count = before["evidence_details"]["submission_count"] + 1
        sent = {"submission_count": count, "submission_method": "manual"}
        after = {**after, "evidence_details": {**after["evidence_details"], **sent}, "status": "under_review"}
    call.put("disputes", after)
    emit_update(call, "charge.dispute.updated", before=before, after=after)
    decision = _DECIDED_BY_EVIDENCE.get(after["evidence"]["uncategorized_text"] or "")
    if decision is not None and after["status"] == "under_review":
        return _closed(call, after, status=decision)
    return after


def _refuse_unless_answerable(dispute: Object) -> None:
    if dispute["status"] in ("won", "lost"):
        raise ApiError("This dispute is already closed.")
    if dispute["status"] != ANSWERABLE:
        raise ApiError("The evidence of this dispute has already been submitted.")


def close_dispute(call: Call, dispute_id: str, _: dict[str, Any]) -> Object:
    """POST /v1/disputes/{id}/close: the account gives in.

    Raises:
        ApiError: It is closed or under review already.
    """
    dispute = call.addressed("disputes", dispute_id)
    _refuse_unless_answerable(dispute)
    return _closed(call, dispute, status="lost")


def decide_dispute(call: Call, dispute_id: str, given: dict[str, Any]) -> Object:
    """The bank's decision.

    Raises:
        ApiError: It is decided already.
    """
    dispute = call.addressed("disputes", dispute_id)
    refuse_unless(dispute["status"] not in ("won", "lost"), "This dispute is already closed.")
    return _closed(call, dispute, status=given["status"])


def _closed(call: Call, dispute: Object, *, status: str) -> Object:
    after = {**dispute, "status": status}
    if status == "won":
        back = book_dispute(
            call,
            dispute_id=dispute["id"],
            amount=dispute["amount"],
            currency=dispute["currency"],
            charge_id=dispute["charge"],
        )
        after["balance_transactions"] = [*dispute["balance_transactions"], back]
    call.put("disputes", after)
    if status == "won":
        emit(call, "charge.dispute.funds_reinstated", after)
    emit(call, "charge.dispute.closed", after)
    return after


def get_dispute(call: Call, dispute_id: str) -> Object:
    """GET /v1/disputes/{id}."""
    return call.addressed("disputes", dispute_id)


def list_disputes(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/disputes."""
    return filtered_page(call, "disputes", given, fields=("charge", "payment_intent"))
