"""Where Stripe's smallest unit of a currency is not ISO 4217's.

Source: docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal currencies" and "Special cases".
Everything not named here is the same integer on both sides, whatever the currency's number of decimals.
"""

from sync_core.mapping.cells import Unmappable

# No decimals in ISO 4217; Stripe counts hundredths of them, which must be whole.
HUNDREDTHS_AT_STRIPE = frozenset({"ISK", "UGX"})
# Two decimals in ISO 4217 and none at Stripe.
WHOLE_AT_STRIPE = frozenset({"MGA"})
# Three decimals on both sides, but Stripe wants the last one to be 0.
TENS_AT_STRIPE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe_units(amount: int, currency: str) -> int:
    """`amount` in ISO 4217 minor units as Stripe counts it. Raises Unmappable where Stripe cannot express it."""
    if currency in HUNDREDTHS_AT_STRIPE:
        return amount * 100
    if currency in WHOLE_AT_STRIPE:
        return _divided(amount, 100, currency)
    if currency in TENS_AT_STRIPE:
        return _divided(amount, 10, currency) * 10
    return amount


def from_stripe_units(amount: int, currency: str) -> int:
    """Stripe's `amount` in ISO 4217 minor units of `currency`. Raises Unmappable when that is not a whole number."""
    if currency in HUNDREDTHS_AT_STRIPE:
        return _divided(amount, 100, currency)
    if currency in WHOLE_AT_STRIPE:
        return amount * 100
    return amount


def _divided(amount: int, by: int, currency: str) -> int:
    if amount % by:
        raise Unmappable(f"must be a multiple of {by} in {currency}")
    return amount // by
