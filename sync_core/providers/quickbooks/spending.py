"""Money owed, paid, spent and brought to the bank: bills, their payments, purchases and deposits, which are only read.

Source: developer.intuit.com, all-entities/bill, billpayment, purchase and deposit.
"""

from sync_core.providers.protocol import Remote
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.shapes import is_voided, record_of

BILLS = "BillIds"
"""Where a bill payment's record shows the ids of the bills that it pays."""


class BillShape:
    """How a bill looks."""

    entity: str = "Bill"
    columns: str = "*"
    where: str = ""

    def remote(self, found: Object) -> Remote:
        """A bill as a record."""
        return record_of(found, found)


class BillPaymentShape:
    """How the payment of bills looks. A voided one pays nothing any more."""

    entity: str = "BillPayment"
    columns: str = "*"
    where: str = ""

    def remote(self, found: Object) -> Remote:
        """A bill payment as a record, with the ids of its bills in their order."""
        links = [link for line in found.get("Line", ()) for link in line.get("LinkedTxn", ())]
        bills = sorted({str(link["TxnId"]) for link in links if link.get("TxnType") == "Bill"})
        return record_of(found, {**found, BILLS: bills}, deleted=is_voided(found))


class PurchaseShape:
    """How money looks that was spent at once. A voided purchase is none any more."""

    entity: str = "Purchase"
    columns: str = "*"
    where: str = ""

    def remote(self, found: Object) -> Remote:
        """A purchase as a record."""
        return record_of(found, found, deleted=is_voided(found))


class DepositShape:
    """How money looks that was brought to the bank."""

    entity: str = "Deposit"
    columns: str = "*"
    where: str = ""

    def remote(self, found: Object) -> Remote:
        """A deposit as a record."""
        return record_of(found, found)
