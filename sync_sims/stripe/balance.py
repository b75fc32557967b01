"""Balance transactions: the reconciliation stream of charges, refunds, disputes and fees (docs.stripe.com/api/balance_transactions)."""

from typing import Any

from sync_sims.stripe.listing import filtered_page
from sync_sims.stripe.parameters import Currency, Text
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call

PAYOUT_DELAY = 2 * 24 * 3600
DISPUTE_FEE = 1500
"""stripe.com/pricing: 15.00 for each dispute, in the smallest units of its currency here."""
FILTERS = {"currency": Currency(), "payout": Text(), "source": Text(), "type": Text()}


def book_charge(call: Call, *, charge_id: str, amount: int, currency: str, description: str | None) -> Object:
    """Money in, less Stripe's fee."""
    fee = call.world.fees.on(amount)
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return _book(
        call,
        source=charge_id,
        amount=amount,
        currency=currency,
        description=description,
        kind="charge",
        fees=[details],
    )


def book_refund(call: Call, *, refund_id: str, amount: int, currency: str, description: str | None) -> Object:
    """Money out; Stripe keeps the fee of the charge."""
    return _book(
        call, source=refund_id, amount=-amount, currency=currency, description=description, kind="refund", fees=[]
    )


def book_dispute(call: Call, *, dispute_id: str, amount: int, currency: str, charge_id: str) -> Object:
    """Money out when a charge is disputed, with a fee; money in again when the dispute is won, without the fee."""
    lost = amount < 0
    fee = {
        "amount": DISPUTE_FEE,
        "application": None,
        "currency": currency,
        "description": "Dispute fee",
        "type": "stripe_fee",
    }
    return _book(
        call,
        source=dispute_id,
        amount=amount,
        currency=currency,
        description=f"Chargeback {'withdrawal' if lost else 'reversal'} for {charge_id}",
        kind="adjustment",
        category="dispute" if lost else "dispute_reversal",
        fees=[fee] if lost else [],
    )


def _book(
    call: Call,
    *,
    source: str,
    amount: int,
    currency: str,
    description: str | None,
    kind: str,
    fees: list[dict[str, Any]],
    category: str | None = None,
) -> Object:
    fee = sum(part["amount"] for part in fees)
    return call.put(
        "balance_transactions",
        {
            "id": call.new_id("balance_transactions", "txn_"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": call.now + PAYOUT_DELAY,
            "balance_type": "payments",
            "created": call.now,
            "currency": currency,
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fees,
            "net": amount - fee,
            "reporting_category": category or kind,
            "source": source,
            "status": "pending",
            "type": kind,
        },
    )


def _as_of_now(call: Call, transaction: Object) -> Object:
    """The transaction with the status that time has given it."""
    if transaction["status"] == "pending" and transaction["available_on"] <= call.world.clock():
        return {**transaction, "status": "available"}
    return transaction


def get_balance_transaction(call: Call, transaction_id: str) -> Object:
    """GET /v1/balance_transactions/{id}."""
    return _as_of_now(call, call.addressed("balance_transactions", transaction_id))


def list_balance_transactions(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/balance_transactions; no payouts are simulated, so a `payout` filter finds nothing."""
    page = filtered_page(call, "balance_transactions", given, fields=("currency", "payout", "source", "type"))
    return {**page, "data": [_as_of_now(call, entry) for entry in page["data"]]}
