"""QuickBooks items: what a company sells, priced in its home currency and booked to an income account.

Stays true: the price of an item is in the home currency, which the record shows beside it; a price in another currency
is refused, never converted. A price of 0 is how QuickBooks writes that there is none.
"""

from typing import Any

from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Json, Remote, Sought, Write
from sync_core.providers.quickbooks.books import TICKET_SALES, Books
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.names import with_suffix
from sync_core.providers.quickbooks.shapes import Body, present, record_of

_SOLD = frozenset({"Inventory", "NonInventory", "Service"})
_PRICE = "UnitPrice"


class ItemShape:
    """How an item looks. Categories and bundles are not things that are sold, and neither is our own collective item."""

    entity: str = "Item"
    columns: str = "*, Sku"
    where: str = "Active IN (true,false)"
    kept: tuple[str, ...] = ("Active",)

    def __init__(self, books: Books) -> None:
        self._books = books

    def remote(self, found: Object) -> Remote | None:
        """An item as a record, with the currency of its price."""
        if found.get("Type", "Service") not in _SOLD or found.get("Name") == TICKET_SALES:
            return None
        shown: dict[str, Json] = {**found, "CurrencyRef": {"value": self._books.home_currency()}}
        if not shown.get(_PRICE):
            shown.pop(_PRICE, None)
        return record_of(found, shown, kept=self.kept, deleted=found.get("Active") is False)

    def draft(self, write: Write) -> Body:
        """A new item, booked to the income account."""
        body = nest(present(self._books.in_home_currency(write.fields)))
        return {**body, "IncomeAccountRef": {"value": self._books.income_account()}}

    def change(self, write: Write, kept: Object) -> tuple[str, Body]:
        """The changed fields; an empty text clears one, and an item without a price has the price 0."""
        fields = self._books.in_home_currency(write.fields)
        body = nest({path: _cleared(path) if value is None else value for path, value in fields.items()})
        return "update", {**body, "Active": True} if kept.get("Active") is False else body

    def farewell(self) -> tuple[str, Body]:
        """Items are never deleted, only taken out of use."""
        return "update", {"Active": False}

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """The same item with the short local id behind its name."""
        return {**body, "Name": with_suffix(body["Name"], local_id)} if "Name" in body else None

    def is_it(self, found: Object, sought: Sought) -> bool:
        """By the name that only this record can have, else by its plain name and article number, or description."""
        name = str(sought.fields.get("Name"))
        if found.get("Name") == with_suffix(name, sought.local_id):
            return True
        part = "Sku" if sought.fields.get("Sku") else "Description"
        return found.get("Name") == name and (found.get(part) or None) == sought.fields.get(part)


def _cleared(path: str) -> Any:
    return 0 if path == _PRICE else ""
