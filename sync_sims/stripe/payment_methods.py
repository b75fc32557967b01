"""Test cards by their token (docs.stripe.com/testing): which of them pay, which are declined."""

from typing import Any

from sync_sims.stripe.errors import missing_object
from sync_sims.stripe.parameters import Hash, Text
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

ATTACH = Hash({"customer": Text()}, required=("customer",))
_CARDS: dict[str, tuple[str, str, str, str | None]] = {
    "pm_card_visa": ("visa", "4242", "credit", None),
    "pm_card_visa_debit": ("visa", "5556", "debit", None),
    "pm_card_mastercard": ("mastercard", "4444", "credit", None),
    "pm_card_amex": ("amex", "8431", "credit", None),
    "pm_card_visa_chargeDeclined": ("visa", "0002", "credit", "generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("visa", "9995", "credit", "insufficient_funds"),
}


def payment_method_for(call: Call, token: str, *, customer: str | None) -> Object:
    """The payment method behind a test token, made anew as Stripe does, or one made before.

    Raises:
        ApiError: The token is neither.
    """
    if token not in _CARDS:
        known = call.shelf("payment_methods").get(token)
        if known is None:
            raise missing_object("PaymentMethod", token, param="payment_method", status=400)
        return known
    brand, last4, funding, decline = _CARDS[token]
    method: Object = {
        "id": call.new_id("payment_methods", "pm_"),
        "object": "payment_method",
        "billing_details": no_billing_details(),
        "card": {
            "brand": brand,
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": funding,
            "last4": last4,
        },
        "created": call.now,
        "customer": customer,
        "decline_code": decline,
        "livemode": call.livemode,
        "metadata": {},
        "type": "card",
    }
    return call.put("payment_methods", method)


def attach_payment_method(call: Call, token: str, given: dict[str, Any]) -> Object:
    """POST /v1/payment_methods/{id}/attach: the card is the customer's from now on, for payments without them.

    Raises:
        ApiError: There is no such card or customer, or it is another customer's.
    """
    customer = call.named("customers", given["customer"], param="customer")["id"]
    method = payment_method_for(call, token, customer=customer)
    refuse_unless(
        method["customer"] in (None, customer),
        "The payment method you provided has already been attached to a customer.",
    )
    return shown_payment_method(call.put("payment_methods", {**method, "customer": customer}))


def shown_payment_method(method: Object) -> Object:
    """A payment method without what only this simulator knows of it."""
    plain = {name: value for name, value in method.items() if name != "decline_code"}
    return {**plain, "card": {**method["card"], **_ON_FILE}, "customer_account": None}


_ON_FILE: dict[str, Any] = {
    "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
    "display_brand": "visa",
    "generated_from": None,
    "networks": {"available": ["visa"], "preferred": None},
    "regulated_status": "unregulated",
    "three_d_secure_usage": {"supported": True},
    "wallet": None,
}


def no_billing_details() -> dict[str, Any]:
    """Billing details of which nothing is known."""
    return {"address": dict(_NO_ADDRESS), "email": None, "name": None, "phone": None, "tax_id": None}


_NO_ADDRESS: dict[str, None] = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def card_details(method: Object, amount: int) -> dict[str, Any]:
    """What a charge says about the card that paid it."""
    more = {"amount_authorized": amount, "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"}}
    return {"card": {**_CARD_DETAILS, **method["card"], **more}, "type": "card"}


_CARD_DETAILS: dict[str, Any] = {
    "authorization_code": "123456",
    "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
    "electronic_commerce_indicator": None,
    "extended_authorization": {"status": "disabled"},
    "fingerprint": "Xt5EWLLDS7FJjR1c",
    "incremental_authorization": {"status": "unavailable"},
    "installments": None,
    "mandate": None,
    "multicapture": {"status": "unavailable"},
    "network": "visa",
    "network_token": {"used": False},
    "network_transaction_id": None,
    "regulated_status": "unregulated",
    "three_d_secure": None,
    "transaction_link_id": None,
    "wallet": None,
}
