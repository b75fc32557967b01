"""Amounts as decimals of the currency, the way Mailchimp and QuickBooks write them; the digits are those of ISO 4217."""

from decimal import Decimal

DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Digits behind the point where they are not two."""


def major(minor: int, currency: str) -> Decimal:
    """An amount of the venue's tables as a decimal, without zeros at its end."""
    return Decimal(minor).scaleb(-DIGITS.get(currency, 2)).normalize()


def decimal(shown: float | str) -> Decimal:
    """An amount as a provider shows it in major units, without zeros at its end."""
    return Decimal(str(shown)).normalize()
