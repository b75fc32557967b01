"""Lines of invoices, receipts and refunds: what was sold, item by item, and that it comes to the document's total.

Stays true: QuickBooks works the total out of the lines, so a document whose lines come to something else is refused, never
sent; a line without an item, and a document without lines, is booked under the collective item. A sparse update names
all lines that are to stay (developer.intuit.com, all-entities/invoice). Line amounts have two decimals, prices seven.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sync_core.providers.quickbooks.books import Books
from sync_core.providers.quickbooks.calls import Object
from sync_core.providers.quickbooks.faults import Refused
from sync_core.providers.quickbooks.shapes import Body

LINE = "Line"
TOTAL = "TotalAmt"
KEPT_OF_LINES = (LINE, TOTAL, "TxnTaxDetail")
"""What the state of a document must hold for the next change of its lines."""
_SOLD = "SalesItemLineDetail"
_DISCOUNT = "DiscountLineDetail"
_GROUP = "GroupLineDetail"
_MOST_DECIMALS = 2
_PRICE_DECIMALS = Decimal("0.0000001")
_MOST_PIECES = 100_000
"""More pieces at a price of seven decimals might not make the amount any more."""


def shown_lines(found: Object) -> list[Body]:
    """The lines of a document that are about money; a discount is a negative amount, a bundle one line."""
    shown: list[Body] = []
    for line in found.get(LINE, ()):
        kind = line.get("DetailType")
        if kind == _SOLD:
            shown.append({**line, _SOLD: _whole_pieces(line.get(_SOLD) or {})})
        elif kind == _DISCOUNT:
            text = line.get("Description") or "Discount"
            shown.append({"Description": text, "Amount": float(-exact(line.get("Amount", 0)))})
        elif kind == _GROUP:
            shown.append({"Description": line.get("Description"), "Amount": line.get("Amount", 0)})
    return shown


def booked(books: Books, body: Body, *, kept: Object) -> Body:
    """The body of a document with its lines as QuickBooks takes them, without the total, which QuickBooks works out.

    Args:
        books: where the collective item is.
        body: the document's fields as they are to be, all of a new one, the changed ones of another.
        kept: what the document holds now of KEPT_OF_LINES; empty for a new one.

    Raises:
        Refused: The lines do not come to the total, or an amount has more decimals than QuickBooks keeps.
    """
    if kept and not body.keys() & {LINE, TOTAL}:
        return body
    total = exact(body.get(TOTAL, kept.get(TOTAL, 0)))
    taxes = exact((kept.get("TxnTaxDetail") or {}).get("TotalTax", 0))
    before = [line for line in kept.get(LINE, ()) if line.get("DetailType") == _SOLD]
    given: Sequence[Body] = body.get(LINE) or ()
    if LINE not in body and not _is_collective(books, before):
        given = before
    lines = [_completed(books, line) for line in given or [{"Amount": float(total - taxes)}]]
    lines = [_named(line, before, place) for place, line in enumerate(lines)]
    _check(lines, taxes=taxes, total=total)
    return {**{name: value for name, value in body.items() if name != TOTAL}, LINE: lines}


def exact(amount: Any) -> Decimal:
    """An amount as QuickBooks or a mapping writes it, without binary arithmetic."""
    return Decimal(str(amount))


def require_cents(amount: Decimal) -> None:
    """Raises Refused when QuickBooks would round the amount."""
    if round(amount, _MOST_DECIMALS) != amount:
        raise Refused(f"QuickBooks keeps amounts to two decimals and would round {amount}.", code="DECIMALS")


def _whole_pieces(detail: Mapping[str, Any]) -> Body:
    """The detail without a quantity that is no number of pieces: 2.5 hours, or the 0 of a voided line."""
    quantity = exact(detail.get("Qty", 0))
    return {
        name: int(quantity) if name == "Qty" else value
        for name, value in detail.items()
        if name != "Qty" or (quantity >= 1 and quantity == quantity.to_integral_value())
    }


def _is_collective(books: Books, lines: Sequence[Object]) -> bool:
    items = [(line.get(_SOLD) or {}).get("ItemRef", {}).get("value") for line in lines]
    return not items or items == [books.ticket_item()]


def _completed(books: Books, line: Body) -> Body:
    detail = dict(line.get(_SOLD) or {})
    detail.setdefault("ItemRef", {"value": books.ticket_item()})
    pieces = exact(detail.get("Qty") or 0)
    if 0 < pieces < _MOST_PIECES:
        detail["UnitPrice"] = float((exact(line["Amount"]) / pieces).quantize(_PRICE_DECIMALS))
    return {**line, "DetailType": _SOLD, _SOLD: detail}


def _named(line: Body, before: Sequence[Object], place: int) -> Body:
    """The line in the place of the one that was there, so that QuickBooks changes that one."""
    return {**line, "Id": before[place]["Id"]} if place < len(before) and "Id" in before[place] else line


def _check(lines: Sequence[Body], *, taxes: Decimal, total: Decimal) -> None:
    amounts = [exact(line["Amount"]) for line in lines]
    for amount in amounts:
        require_cents(amount)
    come_to = sum(amounts, taxes)
    if come_to != total:
        raise Refused(f"The lines come to {come_to} and the total is {total}; make them agree.", code="TOTAL")
