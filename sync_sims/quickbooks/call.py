"""One authorised request on its way to an endpoint."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync_sims.quickbooks.books import Books, Row
from sync_sims.quickbooks.pacific import stamp, today
from sync_sims.quickbooks.refusal import INACTIVE, invalid_reference, unsupported_property
from sync_sims.quickbooks.terms import Terms

_NAMES = {
    "Customer": "DisplayName",
    "Vendor": "DisplayName",
    "Employee": "DisplayName",
    "Account": "FullyQualifiedName",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint works with: the company's books, the time and the company's choices."""

    books: Books
    now: datetime
    terms: Terms

    @property
    def stamp(self) -> str:
        """The time of the request as objects bear it."""
        return stamp(self.now)

    @property
    def today(self) -> str:
        """The date of the request as documents bear it."""
        return today(self.now)

    @property
    def currency(self) -> dict[str, str]:
        """The company's home currency as a reference."""
        return self.books.home_currency

    def referred(self, entity: str, reference: Any, *, element: str) -> Row:
        """The living, active row that a reference names.

        Raises:
            Refused: 2010 for what is no reference, 2500 for what it does not find.
        """
        if not isinstance(reference, dict) or "value" not in reference:
            raise unsupported_property(element)
        row = self.books.living(entity, str(reference["value"]))
        if row is None:
            raise invalid_reference(element)
        if row.get("Active") is False:
            raise invalid_reference(element, INACTIVE)
        return row

    def reference(self, entity: str, reference: Any, *, element: str) -> dict[str, str]:
        """The reference as it is shown: with the name of what it refers to.

        Raises:
            Refused: As `referred`.
        """
        row = self.referred(entity, reference, element=element)
        return {"value": row["Id"], "name": row[_NAMES.get(entity, "Name")]}
