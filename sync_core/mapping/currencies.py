"""Where a provider's smallest unit of a currency is not ISO 4217's.

Source: docs.stripe.com/currencies, "Special cases" and "Three-decimal currencies". Everything not named here is
the same integer on both sides, whatever the currency's number of decimals.
"""

from sync_core.mapping.cells import Unmappable

# ISK and UGX have no decimals in ISO 4217; Stripe keeps two of them, which must be 00.
HUNDREDFOLD_AT_STRIPE = frozenset({"ISK", "UGX"})
# Stripe takes three decimals of these, the last of which must be 0.
TENS_AT_STRIPE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe_units(amount: int, currency: str) -> int:
    """`amount` in ISO 4217 minor units as Stripe counts it. Raises Unmappable where Stripe cannot express it."""
    if currency in HUNDREDFOLD_AT_STRIPE:
        return amount * 100
    if currency in TENS_AT_STRIPE and amount % 10:
        raise Unmappable(f"must be a multiple of 10 in {currency}")
    return amount


def from_stripe_units(amount: int, currency: str) -> int:
    """Stripe's `amount` in ISO 4217 minor units of `currency`. Raises Unmappable when it is not a whole number."""
    if currency not in HUNDREDFOLD_AT_STRIPE:
        return amount
    if amount % 100:
        raise Unmappable(f"must be a multiple of 100 in {currency}")
    return amount // 100
