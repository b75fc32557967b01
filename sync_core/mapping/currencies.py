"""Amounts as providers count them: Stripe's smallest units, and decimal numbers of major units.

Where Stripe's smallest unit is not ISO 4217's: docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal
currencies" and "Special cases"; everything not named here is the same integer on both sides.
Stays true: no amount passes through binary arithmetic; a float is only ever read or written by its shortest text.
"""

from decimal import Decimal

from sync_core.mapping.cells import Unmappable

# No decimals in ISO 4217; Stripe counts hundredths of them, which must be whole.
HUNDREDTHS_AT_STRIPE = frozenset({"ISK", "UGX"})
# Two decimals in ISO 4217 and none at Stripe.
WHOLE_AT_STRIPE = frozenset({"MGA"})
# Three decimals on both sides, but Stripe wants the last one to be 0.
TENS_AT_STRIPE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


# ISO 4217 gives all others two decimals.
NO_DECIMALS = frozenset(
    {
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    }
)
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
FOUR_DECIMALS = frozenset({"CLF", "UYW"})
DECIMALS = {**dict.fromkeys(NO_DECIMALS, 0), **dict.fromkeys(THREE_DECIMALS, 3), **dict.fromkeys(FOUR_DECIMALS, 4)}
MOST_DIGITS = 15
"""Every decimal number of so many digits survives a double-precision float (IEEE 754)."""


def to_major_units(amount: int, currency: str) -> float:
    """`amount` in ISO 4217 minor units as a number of major units: 12.5 of 1250 in EUR."""
    if abs(amount) >= 10**MOST_DIGITS:
        raise Unmappable(f"must have at most {MOST_DIGITS} digits")
    return float(Decimal(amount).scaleb(-DECIMALS.get(currency, 2)))


def from_major_units(amount: float, currency: str) -> int:
    """`amount` of major units in ISO 4217 minor units. Raises Unmappable when that is not a whole number."""
    decimals = DECIMALS.get(currency, 2)
    minor = Decimal(repr(amount)).scaleb(decimals)
    if minor != minor.to_integral_value():
        raise Unmappable(f"must have at most {decimals} decimals in {currency}")
    return int(minor)


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
