"""Invoices and what was paid on them, both ways.

Stays true: QuickBooks says by payments what is open and what is paid, and the venue never does; a voided document stays
void. An invoice to which the venue gave no number is numbered by QuickBooks (AUTO_GENERATE, all-entities/invoice).
"""

from collections.abc import Sequence

from sync_core.providers.bodies import nest
from sync_core.providers.protocol import Remote, Sought, Write
from sync_core.providers.quickbooks.books import Books
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.faults import Refused
from sync_core.providers.quickbooks.lines import KEPT_OF_LINES, LINE, TOTAL, booked, exact, require_cents, shown_lines
from sync_core.providers.quickbooks.marks import NOTE, is_marked_for, signed, with_mark
from sync_core.providers.quickbooks.shapes import (
    PAID,
    STATUS,
    UNPAID,
    VOIDED,
    Body,
    cleared,
    is_voided,
    present,
    record_of,
)

RECEIVED = "Received"
_PAYMENT_STATUS = "status"
_NUMBER = "DocNumber"
_BALANCE = "Balance"


class InvoiceShape:
    """How an invoice looks."""

    entity: str = "Invoice"
    columns: str = "*"
    where: str = ""
    kept: tuple[str, ...] = (*KEPT_OF_LINES, NOTE, _BALANCE)

    def __init__(self, books: Books) -> None:
        self._books = books

    def remote(self, found: Object) -> Remote:
        """An invoice as a record."""
        shown = {**with_mark(found), LINE: shown_lines(found), STATUS: _status_of(found)}
        return record_of(found, shown, kept=self.kept)

    def draft(self, write: Write) -> Body:
        """A new invoice."""
        body = signed(nest(present(self._books.in_home_currency(write.fields))))
        if body.pop(STATUS, None) == VOIDED:
            raise Refused("The invoice was voided before it was booked; there is nothing to book.", code="VOID")
        return {_NUMBER: "AUTO_GENERATE", **booked(self._books, body, kept={})}

    def change(self, write: Write, kept: Object) -> tuple[str, Body]:
        """The changed fields, or its voiding, after which nothing else of it matters."""
        body = signed(nest(cleared(self._books.in_home_currency(write.fields))))
        status = body.pop(STATUS, None)
        if status == VOIDED:
            return "void", {}
        if is_voided(kept):
            raise Refused("The invoice is void in QuickBooks and stays so; write a new one.", code="VOID")
        if status not in (None, _status_of(kept)):
            raise Refused(
                f"By its payments the invoice is {_status_of(kept)}; enter or delete payments.", code="STATUS"
            )
        return "update", booked(self._books, body, kept=kept)

    def farewell(self) -> tuple[str, Body]:
        """Transactions are deleted for good."""
        return "delete", {}

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """An invoice has a number, which must not be another one."""
        del body, local_id

    def is_it(self, found: Object, sought: Sought) -> bool:
        """By the venue's id."""
        return is_marked_for(found, sought)


class PaymentShape:
    """How a received payment looks. A voided one shows the status that the type's own schema knows for it."""

    entity: str = "Payment"
    columns: str = "*"
    where: str = ""
    kept: tuple[str, ...] = (LINE, TOTAL, NOTE)

    def __init__(self, books: Books) -> None:
        self._books = books

    def remote(self, found: Object) -> Remote:
        """A payment as a record."""
        status = VOIDED if is_voided(found) else RECEIVED
        return record_of(found, {**with_mark(found), _PAYMENT_STATUS: status}, kept=self.kept)

    def draft(self, write: Write) -> Body:
        """A new payment, applied to its invoice; without one it is the customer's credit."""
        body = signed(nest(present(self._books.in_home_currency(write.fields))))
        if body.pop(_PAYMENT_STATUS, None) == VOIDED:
            raise Refused("The payment was voided before it was booked; there is nothing to book.", code="VOID")
        return {**body, LINE: _applied(_invoices(body), body[TOTAL])}

    def change(self, write: Write, kept: Object) -> tuple[str, Body]:
        """The changed fields, or its voiding, after which nothing else of it matters."""
        body = signed(nest(cleared(self._books.in_home_currency(write.fields))))
        if body.pop(_PAYMENT_STATUS, None) == VOIDED:
            return "void", {}
        if is_voided(kept):
            raise Refused("The payment is void in QuickBooks and stays so; enter a new one.", code="VOID")
        if not body.keys() & {LINE, TOTAL}:
            return "update", body
        if len(kept.get(LINE, ())) > 1:
            raise Refused("The payment is applied to several documents; change it in QuickBooks.", code="APPLIED")
        invoices = _invoices(body if LINE in body else kept)
        return "update", {**body, LINE: _applied(invoices, body.get(TOTAL, kept[TOTAL]))}

    def farewell(self) -> tuple[str, Body]:
        """Transactions are deleted for good."""
        return "delete", {}

    def renamed(self, body: Body, local_id: str) -> Body | None:
        """A payment has no name."""
        del body, local_id

    def is_it(self, found: Object, sought: Sought) -> bool:
        """By the venue's id."""
        return is_marked_for(found, sought)


def _status_of(invoice: Object) -> str:
    return VOIDED if is_voided(invoice) else UNPAID if invoice.get(_BALANCE) else PAID


def _invoices(payment: Object) -> Sequence[str]:
    """The ids of the invoices that a payment is applied to."""
    links = [link for line in payment.get(LINE) or () for link in line.get("LinkedTxn", ())]
    return [link["TxnId"] for link in links if link.get("TxnId") and link.get("TxnType", "Invoice") == "Invoice"]


def _applied(invoices: Sequence[str], amount: float) -> list[Body]:
    require_cents(exact(amount))
    return [{"Amount": amount, "LinkedTxn": [{"TxnId": one, "TxnType": "Invoice"}]} for one in invoices[:1]]
