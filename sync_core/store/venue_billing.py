"""What a venue's staff takes orders for, bills, receives and gives back on its own books, as far as the demo does it for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sync_core.store.venue_tables import invoices, orders, payments, refunds


@dataclass(frozen=True, slots=True)
class Billing:
    """Whose books: the venue, the provider that keeps them, and their currency."""

    venue: str
    provider: str
    currency: str

    @property
    def columns(self) -> dict[str, str]:
        """As a row has them."""
        return {"venue_id": self.venue, "provider": self.provider, "currency": self.currency}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice; `amount_minor` is the whole line's."""

    product: str | None
    description: str
    quantity: int
    amount_minor: int


def write_invoice(
    conn: sa.Connection, billing: Billing, invoice: str, *, customer: str, lines: Sequence[Line], memo: str
) -> None:
    """Bill a customer today."""
    row = {
        **billing.columns,
        "id": invoice,
        "customer_id": customer,
        "status": "open",
        "total_minor": sum(line.amount_minor for line in lines),
        "memo": memo,
        "lines": _shown(lines),
        "issued_at": sa.func.now(),
    }
    conn.execute(sa.insert(invoices).values(row))


def take_order(conn: sa.Connection, billing: Billing, order: str, *, customer: str, lines: Sequence[Line]) -> None:
    """Note what a customer wants and will pay for there."""
    row = {
        **billing.columns,
        "id": order,
        "customer_id": customer,
        "status": "open",
        "total_minor": sum(line.amount_minor for line in lines),
        "lines": _shown(lines),
        "ordered_at": sa.func.date_trunc("second", sa.func.now()),
    }
    conn.execute(sa.insert(orders).values(row))


def _shown(lines: Sequence[Line]) -> list[dict[str, object]]:
    return [
        {
            "line": place,
            "product_id": line.product,
            "sku": None,
            "description": line.description,
            "quantity": line.quantity,
            "amount_minor": line.amount_minor,
        }
        for place, line in enumerate(lines, start=1)
    ]


def receive_payment(
    conn: sa.Connection, billing: Billing, payment: str, *, customer: str, invoice: str, amount_minor: int
) -> None:
    """Note what a customer paid on an invoice today."""
    row = {
        **billing.columns,
        "id": payment,
        "customer_id": customer,
        "invoice_id": invoice,
        "amount_minor": amount_minor,
        "status": "succeeded",
        "paid_at": sa.func.now(),
    }
    conn.execute(sa.insert(payments).values(row))


def decide_refund(conn: sa.Connection, billing: Billing, refund: str, *, amount_minor: int, reason: str) -> None:
    """Decide to give money back."""
    row = {**billing.columns, "id": refund, "amount_minor": amount_minor, "reason": reason}
    conn.execute(sa.insert(refunds).values(row))
