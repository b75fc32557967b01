"""Payment intents (docs.stripe.com/api/payment_intents): created, confirmed with a test card, or cancelled."""

from typing import Any

from sync_sims.stripe.addresses import SHIPPING, shipping_from
from sync_sims.stripe.charges import DECLINED, charge_intent
from sync_sims.stripe.currencies import LARGEST_CHARGE, SMALLEST_CHARGE, WHOLE_HUNDREDS
from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.events import emit
from sync_sims.stripe.listing import filtered_page
from sync_sims.stripe.parameters import (
    Array,
    Boolean,
    Choice,
    Currency,
    Hash,
    Integer,
    Kind,
    Metadata,
    Text,
    merged_metadata,
)
from sync_sims.stripe.payment_methods import payment_method_for
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call

_REASON = Choice(("abandoned", "duplicate", "fraudulent", "requested_by_customer"))
_FUTURE_USE = Choice(("off_session", "on_session"), clearable=True)
_DETAILS: dict[str, Kind] = {
    "amount": Integer(least=1),
    "currency": Currency(),
    "customer": Text(),
    "description": Text(longest=1000, clearable=True),
    "metadata": Metadata(),
    "payment_method": Text(),
    "receipt_email": Text(longest=800, clearable=True),
    "setup_future_usage": _FUTURE_USE,
    "shipping": SHIPPING,
    "statement_descriptor": Text(longest=22),
    "statement_descriptor_suffix": Text(longest=22),
    "transfer_group": Text(),
}
UPDATE = Hash(_DETAILS)
CREATE = UPDATE.extended(
    {
        "allowed_payment_method_types": Array(Text()),
        "automatic_payment_methods": Hash(
            {"allow_redirects": Choice(("always", "never")), "enabled": Boolean()}, required=("enabled",)
        ),
        "capture_method": Choice(("automatic", "automatic_async")),
        "confirm": Boolean(),
        "confirmation_method": Choice(("automatic", "manual")),
        "error_on_requires_action": Boolean(),
        "off_session": Boolean(),
        "return_url": Text(),
    },
    required=("amount", "currency"),
)
CONFIRM = Hash(
    {
        "error_on_requires_action": Boolean(),
        "off_session": Boolean(),
        "payment_method": Text(),
        "receipt_email": Text(longest=800, clearable=True),
        "return_url": Text(),
        "setup_future_usage": _FUTURE_USE,
        "shipping": SHIPPING,
    }
)
CANCEL = Hash({"cancellation_reason": _REASON})
FILTERS = {"customer": Text()}
_PLAIN = (
    "amount",
    "currency",
    "customer",
    "description",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)
_BEFORE_PAYMENT = ("requires_payment_method", "requires_confirmation", "requires_action")


def create_intent(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/payment_intents, confirmed at once where `confirm` says so.

    Raises:
        ApiError: The amount is too small or too large, the customer is unknown, or the card declines (402).
    """
    _check_amount(given["amount"], given["currency"])
    if "customer" in given:
        call.named("customers", given["customer"], param="customer")
    intent_id = call.new_id("payment_intents", "pi_")
    intent = _with(call, _blank(call, intent_id, given), given)
    call.put("payment_intents", intent)
    emit(call, "payment_intent.created", intent)
    return _pay(call, intent) if given.get("confirm") else intent


def check_whole(amount: int, currency: str) -> None:
    """Refuse a fraction of what has no fractions any more.

    Raises:
        ApiError: It is one.
    """
    if currency in WHOLE_HUNDREDS and amount % 100:
        raise ApiError(
            f"Invalid amount. Currency {currency.upper()} has become effectively zero-decimal and charged amounts must "
            "be evenly divisible by 100. See https://stripe.com/docs/currencies#special-cases for more information.",
            code="invalid_charge_amount_no_decimal_compatible",
            param="amount",
        )


def _check_amount(amount: int, currency: str) -> None:
    check_whole(amount, currency)
    least = SMALLEST_CHARGE.get(currency, 1)
    if amount < least:
        raise ApiError(f"Amount must be at least {least} {currency}", code="amount_too_small", param="amount")
    if amount > LARGEST_CHARGE:
        raise ApiError("Amount must be no more than $999,999.99", code="amount_too_large", param="amount")


def _blank(call: Call, intent_id: str, given: dict[str, Any]) -> Object:
    automatic = given.get("automatic_payment_methods", {"enabled": True})
    return {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": given.get("allowed_payment_method_types"),
        "amount": given["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", **automatic},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": given.get("capture_method", "automatic_async"),
        "client_secret": call.world.new_id(f"{intent_id}_secret_", length=25),
        "confirmation_method": given.get("confirmation_method", "automatic"),
        "created": call.now,
        "currency": given["currency"],
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": call.livemode,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": _METHOD_OPTIONS,
        "payment_method_types": ["card"],
        "payment_record": None,
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


_METHOD_OPTIONS: dict[str, Any] = {
    "card": {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
}


def _with(call: Call, intent: Object, given: dict[str, Any]) -> Object:
    changed = {**intent, **{name: given[name] for name in _PLAIN if name in given}}
    if "metadata" in given:
        changed["metadata"] = merged_metadata(intent["metadata"], given["metadata"])
    if "shipping" in given:
        changed["shipping"] = shipping_from(given["shipping"])
    if "payment_method" in given:
        method = payment_method_for(call, given["payment_method"], customer=changed["customer"])
        changed["payment_method"] = method["id"]
        changed["status"] = "requires_confirmation"
    return changed


def _pay(call: Call, intent: Object) -> Object:
    """Charge the intent's card.

    Raises:
        ApiError: There is no card yet (400), or it declines (402).
    """
    if intent["payment_method"] is None:
        raise ApiError(
            "You cannot confirm this PaymentIntent because it's missing a payment method. To confirm the PaymentIntent "
            f"with {intent['id']}, specify a payment method attached to this customer along with the customer ID.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent},
        )
    method = call.named("payment_methods", intent["payment_method"], param="payment_method")
    charge = charge_intent(call, intent, method)
    if charge["paid"]:
        paid = {
            **intent,
            "amount_received": intent["amount"],
            "latest_charge": charge["id"],
            "last_payment_error": None,
            "status": "succeeded",
        }
        call.put("payment_intents", paid)
        emit(call, "payment_intent.succeeded", paid)
        return paid
    error = {
        "charge": charge["id"],
        "code": "card_declined",
        "decline_code": method["decline_code"],
        "message": DECLINED,
        "type": "card_error",
    }
    failed = {
        **intent,
        "latest_charge": charge["id"],
        "last_payment_error": error,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    call.put("payment_intents", failed)
    emit(call, "payment_intent.payment_failed", failed)
    extra = {"charge": charge["id"], "decline_code": method["decline_code"], "payment_intent": failed}
    raise ApiError(DECLINED, status=402, type="card_error", code="card_declined", extra=extra)


def get_intent(call: Call, intent_id: str) -> Object:
    """GET /v1/payment_intents/{id}."""
    return call.addressed("payment_intents", intent_id)


def update_intent(call: Call, intent_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/payment_intents/{id}: after payment only what is written about it.

    Raises:
        ApiError: The intent's status does not allow the change.
    """
    before = call.addressed("payment_intents", intent_id)
    settled = before["status"] not in _BEFORE_PAYMENT
    frozen = sorted(set(given) & {"amount", "currency", "customer", "payment_method"})
    if settled and frozen:
        raise _unexpected_state(before, f"{frozen[0]} could not be updated")
    if "amount" in given or "currency" in given:
        _check_amount(given.get("amount", before["amount"]), given.get("currency", before["currency"]))
    if "customer" in given:
        call.named("customers", given["customer"], param="customer")
    return call.put("payment_intents", _with(call, before, given))


def confirm_intent(call: Call, intent_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/payment_intents/{id}/confirm.

    Raises:
        ApiError: The status does not allow it, there is no card, or the card declines (402).
    """
    intent = call.addressed("payment_intents", intent_id)
    if intent["status"] not in _BEFORE_PAYMENT:
        raise _unexpected_state(intent, "it could not be confirmed")
    return _pay(call, _with(call, intent, given))


def cancel_intent(call: Call, intent_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/payment_intents/{id}/cancel.

    Raises:
        ApiError: It is paid or cancelled already.
    """
    intent = call.addressed("payment_intents", intent_id)
    if intent["status"] not in _BEFORE_PAYMENT:
        raise _unexpected_state(intent, "it could not be canceled")
    reason = given.get("cancellation_reason")
    after = {**intent, "canceled_at": call.now, "cancellation_reason": reason, "status": "canceled"}
    call.put("payment_intents", after)
    emit(call, "payment_intent.canceled", after)
    return after


def _unexpected_state(intent: Object, what: str) -> ApiError:
    return ApiError(
        f"This PaymentIntent's status is {intent['status']}; {what}.",
        code="payment_intent_unexpected_state",
        extra={"payment_intent": intent},
    )


def list_intents(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/payment_intents."""
    return filtered_page(call, "payment_intents", given, fields=("customer",))
