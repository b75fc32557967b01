"""What a venue's accountant and its own staff write between two syncs: invoices, payments on them, refunds.

The accountant works in QuickBooks through its public API, the staff in the venue's tables; both bill the same customers
for the same products, so that each side has documents to send and to learn of. Amounts are whole, so that they are the
same in every currency.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from sync_core.mapping.currencies import from_major_units
from sync_core.store.venue_billing import Billing, Line, decide_refund, receive_payment, write_invoice
from sync_defs.demo.hands import Desk

HIRE, CATERING, DEPOSIT, REFUND = 240, 36, 100, 15
_VERSION = {"minorversion": "75"}


def bill_in_books(desk: Desk, customer: str, item: str) -> list[str]:
    """An invoice over two lines, a payment of some of it and a refund; what was done, in words."""
    party = {"value": customer}
    lines = [_line(HIRE, "Hire of the hall"), _line(2 * CATERING, "Catering", ItemRef={"value": item}, Qty=2)]
    invoice = _written(desk, "Invoice", CustomerRef=party, Line=lines, CustomerMemo={"value": "With thanks"})
    applied = {"Amount": DEPOSIT, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    payment = _written(desk, "Payment", CustomerRef=party, TotalAmt=DEPOSIT, Line=[applied])
    refund = _written(
        desk,
        "RefundReceipt",
        CustomerRef=party,
        DepositToAccountRef={"value": _bank(desk)},
        Line=[_line(REFUND, "A cold dish")],
        CustomerMemo={"value": "With apologies"},
    )
    return [
        f"quickbooks invoice {invoice['DocNumber']} was written by the accountant, and {DEPOSIT} of it received",
        f"quickbooks payment {payment['Id']} and refund receipt {refund['DocNumber']} were entered by the accountant",
    ]


def bill_at_home(conn: sa.Connection, billing: Billing, *, customer: str, product: str) -> list[str]:
    """The same at the venue, whose rows say where they belong; what was done, in words."""
    units = from_major_units(1, billing.currency)
    name = f"hire-{secrets.token_hex(4)}"
    lines = [Line(None, "Hire of the foyer", 1, HIRE * units), Line(product, "Programmes", 4, 4 * CATERING * units)]
    write_invoice(conn, billing, name, customer=customer, lines=lines, memo="Payable in 30 days")
    paid = DEPOSIT * units
    receive_payment(conn, billing, f"{name}-deposit", customer=customer, invoice=name, amount_minor=paid)
    decide_refund(conn, billing, f"{name}-goodwill", amount_minor=REFUND * units, reason="A seat behind a pillar")
    return [f"{billing.venue} wrote invoice {name}, received {DEPOSIT} of it, and gave {REFUND} back to somebody else"]


def _line(amount: int, text: str, **detail: Any) -> Mapping[str, Any]:
    shape = {"Amount": amount, "Description": text, "DetailType": "SalesItemLineDetail"}
    return {**shape, "SalesItemLineDetail": detail}


def _written(desk: Desk, kind: str, **fields: Any) -> Any:
    path = f"/v3/company/{desk.parts['realm_id']}/{kind.lower()}"
    return desk.ask("POST", path, params=_VERSION, json=fields)[kind]


def _bank(desk: Desk) -> str:
    query = "SELECT * FROM Account WHERE AccountType = 'Bank' MAXRESULTS 1"
    path = f"/v3/company/{desk.parts['realm_id']}/query"
    return desk.ask("GET", path, params={**_VERSION, "query": query})["QueryResponse"]["Account"][0]["Id"]
