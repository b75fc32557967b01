"""The sales documents of a QuickBooks company as records that can be laid side by side with the venue's tables.

A document that the venue wrote carries its id in the private note; one that an accountant wrote is known at the venue by
QuickBooks' own id. Source: developer.intuit.com, all-entities/salesreceipt, invoice, payment and refundreceipt.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record
from sync_sims.judge_money import decimal, major
from sync_sims.judge_stripe import clean

Row = Mapping[str, Any]
Known = Mapping[str, str]
"""The venue's ids of records by QuickBooks' own."""
NUMBERED = "VS-"
"""How the numbers of receipts begin that were booked for the venue's orders."""
_SIGNED = re.compile(r"venue-sync (?P<id>.+?)(?: Voided)?$", re.DOTALL)


def receipts_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The receipts that the venue's sales call for, as far as they are completed."""
    for row in rows:
        if row["origin"] == "sale" and row["status"] == "completed":
            fields = {
                "amount": major(row["total_minor"], row["currency"]),
                "currency": row["currency"],
                "date": _day(row["ordered_at"]),
                "customer": row["customer_id"],
                "lines": _lines_of_venue(row),
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def receipts_of_account(held: Holdings, *, known: Known, products: Known) -> Iterator[Record]:
    """QuickBooks' receipts by the order in their note; voided ones and an accountant's are no order's business."""
    for shown in held.receipts:
        if str(shown.get("DocNumber") or "").startswith(NUMBERED) and not _is_voided(shown):
            fields = {
                **_sum_of_account(shown),
                "customer": _who(shown, known),
                "lines": _lines_of_account(shown, products),
            }
            key = shown.get("PrivateNote") or ("unknown", shown["Id"])
            yield Record(key=key, id=shown["Id"], name="", fields=fields)


def invoices_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of invoices in the books, and those it wrote itself; a draft is not booked."""
    for row in rows:
        if row["provider"] == "quickbooks" and row["issued_at"] is not None:
            fields = {
                **_sum_of_venue(row, amount="total_minor", moment="issued_at"),
                "due": major(row["due_minor"] or 0, row["currency"]),
                "due date": None if row["due_at"] is None else _day(row["due_at"]),
                "number": clean(row["number"]),
                "status": row["status"],
                "customer": row["customer_id"],
                "memo": clean(row["memo"]),
                "lines": _lines_of_venue(row),
            }
            yield Record(key=row["id"], id=row["id"], name=row["number"] or "", fields=fields)


def invoices_of_account(held: Holdings, *, known: Known, products: Known) -> Iterator[Record]:
    """QuickBooks' invoices."""
    for shown in held.invoices:
        fields = {
            **_sum_of_account(shown),
            "due": decimal(shown.get("Balance") or 0),
            "due date": shown.get("DueDate"),
            "number": clean(shown.get("DocNumber")),
            "status": "void" if _is_voided(shown) else "open" if shown.get("Balance") else "paid",
            "customer": _who(shown, known),
            "memo": clean((shown.get("CustomerMemo") or {}).get("value")),
            "lines": _lines_of_account(shown, products),
        }
        yield Record(key=_named(shown), id=shown["Id"], name=shown.get("DocNumber") or "", fields=fields)


def payments_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of payments in the books, and those it received itself."""
    for row in rows:
        if row["provider"] == "quickbooks":
            fields = {
                **_sum_of_venue(row, amount="amount_minor", moment="paid_at"),
                "customer": row["customer_id"],
                "invoice": row["invoice_id"],
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def payments_of_account(held: Holdings, *, known: Known) -> Iterator[Record]:
    """QuickBooks' payments, each with the first document that it was applied to."""
    invoices = {shown["Id"]: _named(shown) for shown in held.invoices}
    for shown in held.payments:
        links = [link["TxnId"] for line in shown.get("Line", ()) for link in line.get("LinkedTxn", ())]
        fields = {
            **_sum_of_account(shown),
            "customer": _who(shown, known),
            "invoice": invoices.get(links[0]) if links else None,
        }
        yield Record(key=_named(shown), id=shown["Id"], name="", fields=fields)


def refunds_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of refunds in the books, and those it decided on itself."""
    for row in rows:
        if row["provider"] == "quickbooks":
            fields = {
                **_sum_of_venue(row, amount="amount_minor", moment="refunded_at"),
                "reason": clean(row["reason"]),
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def refunds_of_account(held: Holdings) -> Iterator[Record]:
    """QuickBooks' refund receipts; a voided one is none any more."""
    for shown in held.refunds:
        if not _is_voided(shown):
            reason = clean((shown.get("CustomerMemo") or {}).get("value"))
            fields = {**_sum_of_account(shown), "reason": reason}
            yield Record(key=_named(shown), id=shown["Id"], name="", fields=fields)


def _sum_of_venue(row: Row, *, amount: str, moment: str) -> dict[str, Any]:
    return {
        "amount": major(row[amount], row["currency"]),
        "currency": row["currency"],
        "date": None if row[moment] is None else _day(row[moment]),
    }


def _sum_of_account(shown: Json) -> dict[str, Any]:
    return {
        "amount": decimal(shown.get("TotalAmt") or 0),
        "currency": shown["CurrencyRef"]["value"],
        "date": shown["TxnDate"],
    }


def _lines_of_venue(row: Row) -> list[tuple[Any, ...]]:
    """Product, pieces and amount of each line; a document without lines has one of everything."""
    whole: Row = {"product_id": None, "quantity": None, "amount_minor": row["total_minor"]}
    return [
        (line["product_id"], line["quantity"], major(line["amount_minor"], row["currency"]))
        for line in row["lines"] or [whole]
    ]


def _lines_of_account(shown: Json, products: Known) -> list[tuple[Any, ...]]:
    """The same of QuickBooks' lines; what is no item of the venue is no product, and a discount counts against it."""
    lines: list[tuple[Any, ...]] = []
    for line in shown.get("Line", ()):
        if line["DetailType"] == "SalesItemLineDetail":
            detail: Json = line["SalesItemLineDetail"]
            item = (detail.get("ItemRef") or {}).get("value")
            lines.append((products.get(str(item)), detail.get("Qty") or None, decimal(line["Amount"])))
        elif line["DetailType"] == "DiscountLineDetail":
            lines.append((None, None, -decimal(line["Amount"])))
    return lines


def _is_voided(shown: Json) -> bool:
    return not shown.get("TotalAmt") and "Voided" in str(shown.get("PrivateNote") or "")


def _who(shown: Json, known: Known) -> str | None:
    customer = (shown.get("CustomerRef") or {}).get("value")
    return None if customer is None else known.get(customer, f"unknown {customer}")


def _named(shown: Json) -> str:
    """What the venue calls a document: by its own id where the note says so, else by QuickBooks'."""
    match = _SIGNED.match(str(shown.get("PrivateNote") or ""))
    return shown["Id"] if match is None else match["id"]


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
