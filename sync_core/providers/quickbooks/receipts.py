"""Receipts: sales that were paid on the spot, by which the venue books its orders, and refunds, which go both ways.

Stays true: the number of a receipt follows from the venue's id, so that QuickBooks itself refuses a second one for the
same order or refund.
"""

from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Remote, Sought, Write
from sync_core.providers.quickbooks.books import Books
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.faults import Refused
from sync_core.providers.quickbooks.lines import KEPT_OF_LINES, booked
from sync_core.providers.quickbooks.marks import MARK, NOTE, is_marked_for, number_of, signed, with_mark
from sync_core.providers.quickbooks.shapes import (
    PAID,
    STATUS,
    VOIDED,
    Body,
    cleared,
    is_voided,
    present,
    record_of,
)

NUMBER = "DocNumber"
DONE = "Completed"
"""The status that a refund's record shows; QuickBooks has no word for it, because what is booked is done."""


class SalesReceiptShape:
    """How a sale looks that was paid on the spot. Its note is the order's id and nothing else.

    An order is booked when it is completed, and voided when it is canceled afterwards.
    """

    entity: str = "SalesReceipt"
    columns: str = "*"
    where: str = ""
    kept: tuple[str, ...] = (*KEPT_OF_LINES, NOTE)

    def __init__(self, books: Books) -> None:
        self._books = books

    def remote(self, found: Object) -> Remote:
        """A sales receipt as a record."""
        return record_of(found, found, kept=self.kept)

    def draft(self, write: Write) -> Body:
        """A new receipt over the order's lines."""
        body = nest(present(self._books.in_home_currency(write.fields)))
        status = body.pop(STATUS, PAID)
        if status != PAID:
            said = "canceled" if status == VOIDED else "not paid yet"
            raise Refused(f"The order is {said}; it is booked when it is completed.", code="NOT_SOLD")
        return {NUMBER: number_of("VS", str(body.get(NOTE) or write.local_id)), **booked(self._books, body, kept={})}

    def change(self, write: Write, kept: Object) -> tuple[str, Body]:
        """The changed fields, or its voiding, after which nothing else of it matters."""
        body = nest(cleared(self._books.in_home_currency(write.fields)))
        status = body.pop(STATUS, PAID)
        if is_voided(kept):
            raise Refused("The receipt is void in QuickBooks and stays so; sell by a new order.", code="VOID")
        if status != PAID:
            return "void", {}
        return "update", booked(self._books, body, kept=kept)

    def farewell(self) -> tuple[str, Body]:
        """Transactions are deleted for good."""
        return "delete", {}

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """A receipt has no name."""
        del body, local_id

    def is_it(self, found: Object, sought: Sought) -> bool:
        """By the order's id."""
        return found.get(NOTE) == (sought.fields.get(NOTE) or sought.local_id)


class RefundReceiptShape:
    """How a refund looks. A voided one is no refund any more."""

    entity: str = "RefundReceipt"
    columns: str = "*"
    where: str = ""
    kept: tuple[str, ...] = KEPT_OF_LINES

    def __init__(self, books: Books) -> None:
        self._books = books

    def remote(self, found: Object) -> Remote:
        """A refund receipt as a record."""
        return record_of(found, {**with_mark(found), "status": DONE}, kept=self.kept, deleted=is_voided(found))

    def draft(self, write: Write) -> Body:
        """A new refund over one line of the collective item, paid out of where sales are paid in."""
        body = signed(nest(present(self._books.in_home_currency(write.fields))))
        number = number_of("VR", str(write.fields.get(MARK) or write.local_id))
        account = {"value": self._books.money_account()}
        return {NUMBER: number, "DepositToAccountRef": account, **booked(self._books, body, kept={})}

    def change(self, write: Write, kept: Object) -> tuple[str, Body]:
        """The changed fields."""
        body = signed(nest(cleared(self._books.in_home_currency(write.fields))))
        return "update", booked(self._books, body, kept=kept)

    def farewell(self) -> tuple[str, Body]:
        """Transactions are deleted for good."""
        return "delete", {}

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """A refund has no name."""
        del body, local_id

    def is_it(self, found: Object, sought: Sought) -> bool:
        """By the refund's id."""
        return is_marked_for(found, sought)
