"""Money that moved: payments and refund receipts, which are read; sales receipts, by which the venue books its orders.

Stays true: a sales receipt carries the order's id in its private note, by which it is found again, and a number made of
it; it has one line, for the whole of the order.
"""

from hashlib import blake2b

from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Remote, Sought, Write
from sync_core.providers.quickbooks.books import Books
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.shapes import VOIDED, Body, is_voided, record_of

MARK = "PrivateNote"
NUMBER = "DocNumber"
"""A receipt's number follows from its order, so that QuickBooks itself refuses a second receipt for one order."""


class PaymentShape:
    """How a received payment looks. A voided one shows the status that the type's own schema knows for it."""

    entity: str = "Payment"
    columns: str = "*"
    where: str = ""

    def remote(self, found: Object) -> Remote:
        """A payment as a record."""
        return record_of(found, {**found, "status": VOIDED} if is_voided(found) else found)


class RefundReceiptShape:
    """How a refund looks. A voided one is no refund any more."""

    entity: str = "RefundReceipt"
    columns: str = "*"
    where: str = ""

    def remote(self, found: Object) -> Remote:
        """A refund receipt as a record."""
        return record_of(found, found, deleted=is_voided(found))


class SalesReceiptShape:
    """How a sale looks that was paid on the spot."""

    entity: str = "SalesReceipt"
    columns: str = "*"
    where: str = ""
    kept: tuple[str, ...] = ("Line",)

    def __init__(self, books: Books) -> None:
        self._books = books

    def remote(self, found: Object) -> Remote:
        """A sales receipt as a record."""
        return record_of(found, found, kept=self.kept)

    def draft(self, write: Write) -> Body:
        """A new receipt over one line of the collective item."""
        fields = self._books.in_home_currency(write.fields)
        body = nest({path: value for path, value in fields.items() if value is not None})
        return {NUMBER: receipt_number(str(body.get(MARK) or write.local_id)), **self._itemised(body)}

    def change(self, write: Write, kept: Object) -> Body:
        """The changed fields; a changed amount is a line that takes the place of the one that is there."""
        fields = self._books.in_home_currency(write.fields)
        body = nest({path: "" if value is None else value for path, value in fields.items()})
        if "Line" in body:
            lines = [line for line in kept.get("Line", ()) if line.get("DetailType") == "SalesItemLineDetail"]
            before = {name: lines[0][name] for name in ("Id",) if lines and name in lines[0]}
            body["Line"] = [before | body["Line"][0] | {"DetailType": "SalesItemLineDetail"}]
        return self._itemised(body)

    def farewell(self) -> tuple[str, Body]:
        """Transactions are deleted for good."""
        return "delete", {}

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """A receipt has no name."""
        del body, local_id

    def is_it(self, found: Object, sought: Sought) -> bool:
        """By the order's id."""
        return found.get(MARK) == (sought.fields.get(MARK) or sought.local_id)

    def _itemised(self, body: Body) -> Body:
        for line in body.get("Line", ()):
            line["SalesItemLineDetail"] = {"ItemRef": {"value": self._books.ticket_item()}}
        return body


def receipt_number(mark: str) -> str:
    """The document number of an order's receipt, always the same one, in 21 characters."""
    return f"VS-{blake2b(mark.encode(), digest_size=9).hexdigest()}"
