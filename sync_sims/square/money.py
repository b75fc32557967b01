"""Money in a request: integer minor units and the seller's own currency."""

from typing import Any

from sync_sims.square.books import Books
from sync_sims.square.fields import Fields
from sync_sims.square.refusal import missing

# Square names no limit; this one keeps sums within what JSON readers take for an integer.
_LARGEST = 10**12


def money(fields: Fields, name: str, *, books: Books) -> dict[str, Any] | None:
    """Read `{"amount", "currency"}`; None when absent.

    A seller trades in one currency. One that has none yet takes the first it is asked to trade in.
    """
    given = fields.inner(name)
    if given is None:
        return None
    amount = given.whole("amount")
    if amount is None:
        raise missing(given.path("amount"))
    if amount < 0:
        raise given.wrong("VALUE_TOO_LOW", "Field must be greater than or equal to 0", "amount")
    if amount > _LARGEST:
        raise given.wrong("VALUE_TOO_HIGH", f"Field must be less than or equal to {_LARGEST}", "amount")
    currency = given.needed_text("currency")
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise given.wrong(
            "INVALID_ENUM_VALUE", f"`{currency}` is not a valid enum value for `{given.path('currency')}`.", "currency"
        )
    if books.currency is None:
        books.describe(currency=currency)
    elif currency != books.currency:
        raise given.wrong(
            "INVALID_VALUE",
            f"This merchant can only process payments in {books.currency}, but amount was provided in {currency}",
            "currency",
        )
    return {"amount": amount, "currency": currency}


def needed_money(fields: Fields, name: str, *, books: Books) -> dict[str, Any]:
    """Read money that must be there."""
    given = money(fields, name, books=books)
    if given is None:
        raise missing(fields.path(name))
    return given
