"""How a payment is paid: cash, outside of Square, or one of the sandbox's test cards.

Sources: CreatePaymentRequest, CashPaymentDetails and ExternalPaymentDetails in Square's specification; the card is
that of a recorded answer.
"""

from dataclasses import dataclass
from typing import Any

from sync_sims.square.books import Books
from sync_sims.square.fields import Fields
from sync_sims.square.money import money, needed_money
from sync_sims.square.refusal import Refused, error, not_found

_EXTERNAL_TYPES = frozenset(
    {
        "CHECK",
        "BANK_TRANSFER",
        "OTHER_GIFT_CARD",
        "CRYPTO",
        "SQUARE_CASH",
        "SOCIAL",
        "EXTERNAL",
        "EMONEY",
        "CARD",
        "STORED_BALANCE",
        "FOOD_VOUCHER",
        "OTHER",
    }
)
_DECLINES = {
    "cnon:card-nonce-declined": "GENERIC_DECLINE",
    "cnon:card-nonce-rejected-cvv": "CVV_FAILURE",
    "cnon:card-nonce-rejected-postalcode": "ADDRESS_VERIFICATION_FAILURE",
    "cnon:card-nonce-rejected-expiration": "INVALID_EXPIRATION",
}
_CARD = {
    "card_brand": "VISA",
    "last_4": "5858",
    "exp_month": 7,
    "exp_year": 2028,
    "fingerprint": "sq-1-simulated",
    "card_type": "CREDIT",
    "prepaid_type": "NOT_PREPAID",
    "bin": "453275",
}


@dataclass(frozen=True, slots=True)
class Tender:
    """`source_type` and the details Square stores under `details_name`; only cards can be held back."""

    source_type: str
    details_name: str
    details: dict[str, Any]

    @property
    def can_be_delayed(self) -> bool:
        """Whether the payment may be approved now and completed later."""
        return self.source_type == "CARD"


def read_tender(body: Fields, *, amount: int, books: Books, stamp: str) -> Tender:
    """Read `source_id` and what belongs to it.

    Raises:
        Refused: The source is unknown, declined, or lacks its details.
    """
    source = body.needed_text("source_id")
    if source == "CASH":
        return _cash(body, amount=amount, books=books)
    if source == "EXTERNAL":
        return _external(body, books=books)
    if source in _DECLINES:
        detail = "Authorization error: '" + _DECLINES[source] + "'"
        raise Refused(402, error(_DECLINES[source], detail, category="PAYMENT_METHOD_ERROR"), binds_key=True)
    if source != "cnon:card-nonce-ok":
        raise not_found("Card nonce not found in this application environment.", field="source_id")
    details = {
        "status": "AUTHORIZED",
        "card": _CARD,
        "entry_method": "KEYED",
        "cvv_status": "CVV_ACCEPTED",
        "avs_status": "AVS_ACCEPTED",
        "statement_description": "SQ *DEFAULT TEST ACCOUNT",
        "card_payment_timeline": {"authorized_at": stamp},
    }
    return Tender("CARD", "card_details", details)


def _cash(body: Fields, *, amount: int, books: Books) -> Tender:
    given = body.needed_inner("cash_details")
    supplied = needed_money(given, "buyer_supplied_money", books=books)
    change = supplied["amount"] - amount
    if change < 0:
        raise given.wrong(
            "VALUE_TOO_LOW", "The buyer supplied less than the amount due.", "buyer_supplied_money.amount"
        )
    details = {
        "buyer_supplied_money": supplied,
        "change_back_money": {"amount": change, "currency": supplied["currency"]},
    }
    return Tender("CASH", "cash_details", details)


def _external(body: Fields, *, books: Books) -> Tender:
    given = body.needed_inner("external_details")
    given.needed_text("type", longest=50)
    details = {"type": given.choice("type", _EXTERNAL_TYPES), "source": given.needed_text("source", longest=255)}
    source_id = given.text("source_id", longest=255)
    fee = money(given, "source_fee_money", books=books)
    if source_id is not None:
        details["source_id"] = source_id
    return Tender("EXTERNAL", "external_details", details if fee is None else {**details, "source_fee_money": fee})
