"""Prices (docs.stripe.com/api/prices): the amount never changes and a price is never deleted, only archived."""

from decimal import Decimal as Number
from typing import Any

from sync_sims.stripe.errors import ApiError, missing_parameter
from sync_sims.stripe.events import emit, emit_update
from sync_sims.stripe.listing import page_of
from sync_sims.stripe.parameters import (
    Array,
    Boolean,
    Choice,
    Currency,
    Decimal,
    Hash,
    Integer,
    Metadata,
    Text,
    merged_metadata,
)
from sync_sims.stripe.shelf import Object
from sync_sims.stripe.world import Call, refuse_unless

_TAX_BEHAVIOR = Choice(("exclusive", "inclusive", "unspecified"))
_RECURRING = Hash(
    {
        "interval": Choice(("day", "month", "week", "year")),
        "interval_count": Integer(least=1),
        "meter": Text(),
        "trial_period_days": Integer(least=0),
        "usage_type": Choice(("licensed", "metered")),
    },
    required=("interval",),
)
PRICE_TERMS = Hash(
    {
        "currency": Currency(),
        "metadata": Metadata(),
        "recurring": _RECURRING,
        "tax_behavior": _TAX_BEHAVIOR,
        "unit_amount": Integer(least=0),
        "unit_amount_decimal": Decimal(),
    },
    required=("currency",),
)
CREATE = PRICE_TERMS.extended(
    {
        "active": Boolean(),
        "billing_scheme": Choice(("per_unit",)),
        "lookup_key": Text(longest=200),
        "nickname": Text(longest=250, clearable=True),
        "product": Text(),
        "product_data": Hash(
            {
                "active": Boolean(),
                "id": Text(longest=255),
                "metadata": Metadata(),
                "name": Text(),
                "statement_descriptor": Text(longest=22),
                "tax_code": Text(),
                "unit_label": Text(longest=12),
            },
            required=("name",),
        ),
        "transfer_lookup_key": Boolean(),
    }
)
UPDATE = Hash(
    {
        "active": Boolean(),
        "lookup_key": Text(longest=200, clearable=True),
        "metadata": Metadata(),
        "nickname": Text(longest=250, clearable=True),
        "tax_behavior": _TAX_BEHAVIOR,
        "transfer_lookup_key": Boolean(),
    }
)
FILTERS = {
    "active": Boolean(),
    "currency": Currency(),
    "lookup_keys": Array(Text(), most=10),
    "product": Text(),
    "recurring": Hash({"interval": Choice(("day", "month", "week", "year")), "usage_type": Text(), "meter": Text()}),
    "type": Choice(("one_time", "recurring")),
}


def new_price(call: Call, given: dict[str, Any]) -> Object:
    """A price of an existing product.

    Raises:
        ApiError: No amount is given, the product is unknown, or the lookup key is taken.
    """
    amount, spelled = _amounts(given)
    call.named("products", given["product"], param="product")
    _claim_lookup_key(call, given, own_id=None)
    recurring = given.get("recurring")
    price: Object = {
        "id": call.new_id("prices", "price_"),
        "object": "price",
        "active": given.get("active", True),
        "billing_scheme": "per_unit",
        "created": call.now,
        "currency": given["currency"],
        "custom_unit_amount": None,
        "livemode": call.livemode,
        "lookup_key": given.get("lookup_key"),
        "metadata": merged_metadata({}, given.get("metadata", {})),
        "nickname": given.get("nickname"),
        "product": given["product"],
        "recurring": None if recurring is None else _recurring(recurring),
        "tax_behavior": given.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time" if recurring is None else "recurring",
        "unit_amount": amount,
        "unit_amount_decimal": spelled,
    }
    call.put("prices", price)
    emit(call, "price.created", price)
    return price


def _amounts(given: dict[str, Any]) -> tuple[int | None, str]:
    """The amount in minor units and as a decimal; a fraction of a minor unit has no whole amount."""
    if "unit_amount" in given and "unit_amount_decimal" in given:
        raise ApiError("You may only specify one of these parameters: unit_amount, unit_amount_decimal.")
    if "unit_amount" in given:
        return given["unit_amount"], str(given["unit_amount"])
    if "unit_amount_decimal" not in given:
        raise missing_parameter("unit_amount")
    number = Number(given["unit_amount_decimal"])
    refuse_unless(number >= 0, "This value must be greater than or equal to 0.", param="unit_amount_decimal")
    return (int(number) if number == number.to_integral_value() else None), given["unit_amount_decimal"]


def _recurring(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count", 1),
        "meter": given.get("meter"),
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": given.get("usage_type", "licensed"),
    }


def _claim_lookup_key(call: Call, given: dict[str, Any], *, own_id: str | None) -> None:
    """Make sure that no other price holds the lookup key, taking it away where the caller asks for that.

    Raises:
        ApiError: Another price holds it.
    """
    lookup_key = given.get("lookup_key")
    if lookup_key is None:
        return
    for other in list(call.shelf("prices").newest_first(term=("lookup_key", lookup_key))):
        if other["lookup_key"] != lookup_key or other["id"] == own_id:
            continue
        if not given.get("transfer_lookup_key"):
            raise ApiError(f"A price (`{other['id']}`) already uses that lookup key.", param="lookup_key")
        after = call.put("prices", {**other, "lookup_key": None})
        emit_update(call, "price.updated", before=other, after=after)


def get_price(call: Call, price_id: str) -> Object:
    """GET /v1/prices/{id}."""
    return call.addressed("prices", price_id)


def update_price(call: Call, price_id: str, given: dict[str, Any]) -> Object:
    """POST /v1/prices/{id}: all but the amount.

    Raises:
        ApiError: A product's default price would be archived, or the lookup key is taken.
    """
    before = call.addressed("prices", price_id)
    product = call.shelf("products").get(before["product"])
    archived = given.get("active") is False
    refuse_unless(
        not archived or product is None or product["default_price"] != price_id,
        "This price cannot be archived because it is the default price of its product.",
        param="active",
    )
    _claim_lookup_key(call, given, own_id=price_id)
    plain = ("active", "lookup_key", "nickname", "tax_behavior")
    after = {**before, **{name: given[name] for name in plain if name in given}}
    if "metadata" in given:
        after["metadata"] = merged_metadata(before["metadata"], given["metadata"])
    call.put("prices", after)
    emit_update(call, "price.updated", before=before, after=after)
    return after


def list_prices(call: Call, given: dict[str, Any]) -> Object:
    """GET /v1/prices: active ones unless asked otherwise."""
    equal = [(name, given[name]) for name in ("currency", "product", "type") if name in given]
    active = given.get("active", True)
    keys = given.get("lookup_keys")
    recurring = given.get("recurring") or {}

    def wanted(price: Object) -> bool:
        return (
            price["active"] == active
            and (keys is None or price["lookup_key"] in keys)
            and all(price[name] == value for name, value in equal)
            and all((price["recurring"] or {}).get(name) == value for name, value in recurring.items())
        )

    term = ("product", given["product"]) if "product" in given else None
    return page_of(call, "prices", given, wanted=wanted, term=term)
