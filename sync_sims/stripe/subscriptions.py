"""Subscriptions (docs.stripe.com/billing/subscriptions/overview): begun, changed, renewed, ended.

Their periods are on their items (since API version 2025-03-31). Time passes only when it is told to: `renew` is the
end of the current period, whatever the clock says. No trials, schedules or prorations are simulated.
"""

from typing import Any

from sync_sims.stripe.errors import ApiError, missing_object
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.invoice_draft import draft
from sync_sims.stripe.invoice_lines import line_of_subscription
from sync_sims.stripe.invoices import DAY, collect, finalize_invoice, totalled
from sync_sims.stripe.listing import page_of
from sync_sims.stripe.parameters import Array, Boolean, Choice, Hash, Integer, Metadata, Text, merged_metadata
from sync_sims.stripe.periods import period_from
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

_ENDED = ("canceled", "incomplete_expired")
_STATUSES = ("active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid")
_METHOD = Choice(("charge_automatically", "send_invoice"))
_DETAILS = Hash(
    {
        "comment": Text(clearable=True),
        "feedback": Choice(
            (
                "customer_service",
                "low_quality",
                "missing_features",
                "other",
                "switched_service",
                "too_complex",
                "too_expensive",
                "unused",
            ),
            clearable=True,
        ),
    }
)
_SHARED = Hash(
    {
        "cancel_at_period_end": Boolean(),
        "default_payment_method": Text(),
        "description": Text(longest=500, clearable=True),
        "metadata": Metadata(),
    }
)
CREATE = _SHARED.extended(
    {
        "collection_method": _METHOD,
        "customer": Text(),
        "days_until_due": Integer(least=0),
        "items": Array(Hash({"price": Text(), "quantity": Integer(least=0)}, required=("price",)), most=20),
    },
    required=("customer", "items"),
)
UPDATE = _SHARED.extended({"cancellation_details": _DETAILS})
CANCEL = Hash({"cancellation_details": _DETAILS, "invoice_now": Boolean(), "prorate": Boolean()})
FILTERS = {
    "collection_method": _METHOD,
    "customer": Text(),
    "price": Text(),
    "status": Choice((*_STATUSES, "all", "ended")),
}
RENEWAL = Hash({"subscription": Text()}, required=("subscription",))


def create_subscription(call: Call, given: dict[str, Any]) -> Object:
    """POST /v1/subscriptions: the first period is billed at once; if the card declines, it stays incomplete.

    Raises:
        ApiError: Customer, price or card is unknown, the prices do not go together, or there is nothing to pay with.
    """
    customer = call.named("customers", given["customer"], param="customer")
    prices = [call.named("prices", item["price"], param=f"items[{n}][price]") for n, item in enumerate(given["items"])]
    _check_prices(prices)
    method = given.get("default_payment_method")
    _check_method(call, method, customer=customer["id"])
    automatic = given.get("collection_method", "charge_automatically") == "charge_automatically"
    refuse_unless(
        method is not None or not automatic,
        "This customer has no attached payment source or default payment method. Please consider adding a default "
        "payment method. For more information, visit https://stripe.com/docs/billing/payment-methods-setting.",
        code="resource_missing",
    )
    refuse_unless(
        automatic or "days_until_due" in given,
        "If the collection method is 'send_invoice', you must specify days_until_due.",
        param="days_until_due",
    )
    subscription = _with(call, _blank(call, customer, prices, given), given)
    if customer["currency"] is None:
        call.put("customers", {**customer, "currency": subscription["currency"]})
    call.put("subscriptions", subscription)
    billed = _bill(call, subscription, reason="subscription_create")
    call.put("subscriptions", billed)
    emit(call, "customer.subscription.created", billed)
    return billed


def _check_prices(prices: list[Object]) -> None:
    for price in prices:
        refuse_unless(
            price["recurring"] is not None,
            f"The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`: "
            f"{price['id']}.",
            param="items",
        )
        refuse_unless(
            price["currency"] == prices[0]["currency"],
            "All prices on a subscription must have the same currency.",
            param="items",
        )
        every, first = price["recurring"], prices[0]["recurring"]
        refuse_unless(
            (every["interval"], every["interval_count"]) == (first["interval"], first["interval_count"]),
            "All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.",
            param="items",
        )


def _check_method(call: Call, method: str | None, *, customer: str) -> None:
    known = None if method is None else call.shelf("payment_methods").get(method)
    refuse_unless(
        method is None or (known is not None and known["customer"] == customer),
        f"The customer does not have a payment method with the ID {method}. The payment method must be attached to the "
        "customer.",
        param="default_payment_method",
        code="resource_missing",
    )


def _blank(call: Call, customer: Object, prices: list[Object], given: dict[str, Any]) -> Object:
    subscription_id = call.new_id("subscriptions", "sub_")
    every = prices[0]["recurring"]
    start, end = period_from(call.now, call.now, interval=every["interval"], count=every["interval_count"])
    items = [
        _item(call, subscription_id, price, quantity=item.get("quantity", 1), period=(start, end))
        for price, item in zip(prices, given["items"], strict=True)
    ]
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": call.now,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": None, "type": "classic"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
        "collection_method": given.get("collection_method", "charge_automatically"),
        "created": call.now,
        "currency": prices[0]["currency"],
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": given.get("days_until_due"),
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": {
            "object": "list",
            "data": items,
            "has_more": False,
            "url": f"/v1/subscription_items?subscription={subscription_id}",
        },
        "latest_invoice": None,
        "livemode": call.livemode,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": call.now,
        "status": "incomplete",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }


def _item(call: Call, subscription_id: str, price: Object, *, quantity: int, period: tuple[int, int]) -> Object:
    return {
        "id": call.world.new_id("si_", length=14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": call.now,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "current_trial": None,
        "discounts": [],
        "metadata": {},
        "plan": _plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": subscription_id,
        "tax_rates": [],
    }


def _plan(price: Object) -> Object:
    """The price in the words of the API's past, in which items still show it."""
    same = ("active", "billing_scheme", "created", "currency", "id", "livemode", "metadata", "nickname", "product")
    return {
        **{name: price[name] for name in same},
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "meter": price["recurring"]["meter"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": price["recurring"]["usage_type"],
    }


def _with(call: Call, subscription: Object, given: dict[str, Any]) -> Object:
    plain = ("default_payment_method", "description")
    changed = {**subscription, **{name: given[name] for name in plain if name in given}}
    if "metadata" in given:
        changed["metadata"] = merged_metadata(subscription["metadata"], given["metadata"])
    if "cancellation_details" in given:
        changed["cancellation_details"] = {**subscription["cancellation_details"], **given["cancellation_details"]}
    if given.get("cancel_at_period_end", subscription["cancel_at_period_end"]) != subscription["cancel_at_period_end"]:
        ends = given["cancel_at_period_end"]
        changed["cancel_at_period_end"] = ends
        changed["cancel_at"] = _period_end(subscription) if ends else None
        changed["canceled_at"] = call.now if ends else None
        reason = "cancellation_requested" if ends else None
        changed["cancellation_details"] = {**changed["cancellation_details"], "reason": reason}
    return changed


def _period_end(subscription: Object) -> int:
    return subscription["items"]["data"][0]["current_period_end"]


def _bill(call: Call, subscription: Object, *, reason: str) -> Object:
    """Ask for the current period's money; the subscription with the invoice, and what became of it."""
    customer = call.named("customers", subscription["customer"], param="customer")
    invoice = draft(call, customer, currency=subscription["currency"], reason=reason, subscription=subscription)
    invoice["default_payment_method"] = subscription["default_payment_method"]
    for item in subscription["items"]["data"]:
        line_of_subscription(call, item, invoice=invoice["id"], currency=subscription["currency"])
    if subscription["days_until_due"] is not None:
        invoice["due_date"] = call.now + subscription["days_until_due"] * DAY
    invoice = call.put("invoices", totalled(call, invoice))
    emit(call, "invoice.created", invoice)
    invoice = finalize_invoice(call, invoice["id"], {})
    after = {**subscription, "latest_invoice": invoice["id"], "status": "active"}
    if invoice["status"] == "paid" or subscription["collection_method"] == "send_invoice":
        return after
    try:
        collect(call, invoice, method=subscription["default_payment_method"])
    except ApiError as error:
        if error.status != 402:
            raise
        after["status"] = "incomplete" if reason == "subscription_create" else "past_due"
    return after


def update_subscription(call: Call, subscription_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/subscriptions/{id}.

    Raises:
        ApiError: It has ended, or the card is not the customer's.
    """
    before = call.addressed("subscriptions", subscription_id)
    refuse_unless(
        before["status"] not in _ENDED or not set(given) - {"cancellation_details", "metadata"},
        "A canceled subscription can only update its cancellation_details and metadata.",
    )
    _check_method(call, given.get("default_payment_method"), customer=before["customer"])
    after = call.put("subscriptions", _with(call, before, given))
    emit_update(call, "customer.subscription.updated", before=before, after=after)
    return after


def cancel_subscription(call: Call, subscription_id: str, given: dict[str, Any]) -> Object:
    """DELETE /v1/subscriptions/{id}: it ends now, and stays to be seen.

    Raises:
        ApiError: 404, it has ended already.
    """
    before = call.addressed("subscriptions", subscription_id)
    if before["status"] in _ENDED:
        raise missing_object("subscription", subscription_id, param="id", status=404)
    details = {name: given[name] for name in ("cancellation_details",) if name in given}
    after = {**_with(call, before, details), "canceled_at": call.now}
    return _end(call, after, at=call.now)


def _end(call: Call, subscription: Object, *, at: int) -> Object:
    details = {**subscription["cancellation_details"], "reason": "cancellation_requested"}
    ended = {**subscription, "cancellation_details": details, "ended_at": at, "status": "canceled"}
    call.put("subscriptions", ended)
    emit(call, "customer.subscription.deleted", ended)
    return ended


def renew(call: Call, given: dict[str, Any]) -> Object:
    """The current period is over: the next one is billed, or the subscription ends where that was wished for.

    Raises:
        ApiError: It has ended, or never began.
    """
    before = call.named("subscriptions", given["subscription"], param="subscription")
    refuse_unless(before["status"] in ("active", "past_due"), f"It is {before['status']} and does not renew.")
    if before["cancel_at_period_end"]:
        return _end(call, before, at=_period_end(before))
    every = before["items"]["data"][0]["price"]["recurring"]
    start, end = period_from(
        before["billing_cycle_anchor"],
        _period_end(before),
        interval=every["interval"],
        count=every["interval_count"],
    )
    period = {"current_period_start": start, "current_period_end": end}
    items = [{**item, **period} for item in before["items"]["data"]]
    moved = {**before, "items": {**before["items"], "data": items}}
    after = call.put("subscriptions", _bill(call, moved, reason="subscription_cycle"))
    emit_update(call, "customer.subscription.updated", before=before, after=after)
    return after


def get_subscription(call: Call, subscription_id: str) -> Object:
    """GET /v1/subscriptions/{id}: ended ones too."""
    return call.addressed("subscriptions", subscription_id)


def list_subscriptions(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/subscriptions: all that have not been canceled, unless asked otherwise."""
    status, price = given.get("status"), given.get("price")
    equal = [(name, given[name]) for name in ("collection_method", "customer") if name in given]
    wanted_statuses = {"all": _STATUSES, "ended": _ENDED, None: tuple(s for s in _STATUSES if s != "canceled")}

    def wanted(subscription: Object) -> bool:
        prices = [item["price"]["id"] for item in subscription["items"]["data"]]
        return (
            subscription["status"] in wanted_statuses.get(status, (status,))
            and (price is None or price in prices)
            and all(subscription[name] == value for name, value in equal)
        )

    return page_of(call, "subscriptions", given, wanted=wanted)
