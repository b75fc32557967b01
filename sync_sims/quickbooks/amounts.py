"""Money and quantities: decimal numbers in major units, as QuickBooks writes them."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sync_sims.quickbooks.refusal import invalid_number

ZERO = Decimal(0)
_CENT = Decimal("0.01")
_MOST = Decimal(10) ** 12


def decimal_of(value: Any, element: str) -> Decimal:
    """A number that a client wrote, as a number or as text.

    Raises:
        Refused: 2090.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise invalid_number(element, value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise invalid_number(element, value) from None
    if not number.is_finite() or abs(number) >= _MOST:
        raise invalid_number(element, value)
    return number


def exact(value: Any) -> Decimal:
    """A number that stands in our own books."""
    return Decimal(str(value))


def cents(number: Decimal) -> Decimal:
    """Rounded half up to two places."""
    return number.quantize(_CENT, rounding=ROUND_HALF_UP)


def shown(number: Decimal) -> int | float:
    """As QuickBooks writes it: 100, 42.4."""
    return int(number) if number == number.to_integral_value() else float(number)
