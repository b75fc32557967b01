"""Orders in a Mailchimp store, and mailings with what came of them, as records that can be laid beside a venue's tables.

An order is there when its customer is a contact and each of its products is in the store, in the store's currency; the
others wait. A line without a product is under a product of the sync's own.
Source: mailchimp.com/developer/marketing/api/ecommerce-orders, /reports and /automation.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_mailchimp import OTHER, members_of_account
from sync_sims.judge_matching import Record
from sync_sims.judge_money import decimal, major

Row = Mapping[str, Any]
STATUSES = {"completed": "paid", "open": "pending", "canceled": "cancelled"}


def orders_of_venue(rows: Iterable[Row], held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
    """The venue's sales as the store should show them."""
    there = {shown["id"] for shown in held.orders}
    contacts = {contact.key for contact in members_of_account(held, known=known)}
    products = {shown["id"]: shown["currency"] for shown in held.products}
    for row in rows:
        sold = {line["product_id"] for line in row["lines"] or () if line.get("product_id")}
        ready = row["customer_id"] in contacts and sold <= products.keys() and row["currency"] in products.values()
        if row["origin"] == "sale" and (ready or row["id"] in there):
            total = major(row["total_minor"], row["currency"])
            fields = {
                "total": total,
                "currency": row["currency"],
                "status": STATUSES[row["status"]],
                "time": row["ordered_at"].isoformat(timespec="seconds"),
                "customer": row["customer_id"],
                "lines": _lines_of_venue(row) or [f"1 {OTHER} for {total}"],
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def orders_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
    """The store's orders; each has the venue's id, and its customer's address says whose contact that is."""
    whose = {contact.fields["e-mail"].lower(): contact.key for contact in members_of_account(held, known=known)}
    for shown in held.orders:
        lines = [
            f"{line['quantity']} {line['product_id']} for "
            f"{(decimal(line['price']) * line['quantity'] - decimal(line['discount'])).normalize()}"
            for line in shown["lines"]
        ]
        fields = {
            "total": decimal(shown["order_total"]),
            "currency": shown["currency_code"],
            "status": shown["financial_status"],
            "time": shown["processed_at_foreign"],
            "customer": whose.get(shown["customer"]["email_address"].lower(), "nobody"),
            "lines": sorted(lines),
        }
        yield Record(key=shown["id"], id=shown["id"], name="", fields=fields)


def mailings_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of its mailings."""
    for row in rows:
        if row["provider"] == "mailchimp":
            revenue = None if row["revenue_minor"] is None else major(row["revenue_minor"], row["currency"])
            fields = {name: row[name] for name in ("type", "status", "emails_sent", "opens", "unique_clicks")}
            fields |= {"revenue": revenue, "variants": len(row["variants"])}
            yield Record(key=row["id"], id=row["id"], name=row["title"] or "", fields=fields)


def mailings_of_account(held: Holdings) -> Iterator[Record]:
    """Mailchimp's reports and automations; `held` has each report's variants beside it."""
    for shown in held.reports:
        figures = {
            "type": shown["type"],
            "status": "sent",
            "emails_sent": shown["emails_sent"],
            "opens": shown["opens"]["opens_total"],
            "unique_clicks": shown["clicks"]["unique_subscriber_clicks"],
            "revenue": decimal(shown["ecommerce"]["total_revenue"]),
            "variants": len(shown["variants"]),
        }
        yield Record(key=shown["id"], id=shown["id"], name=shown["campaign_title"], fields=figures)
    for shown in held.automations:
        summary: Json = shown["report_summary"]
        figures = {
            "type": "automation",
            "status": shown["status"],
            "emails_sent": shown["emails_sent"],
            "opens": summary["opens"],
            "unique_clicks": summary["subscriber_clicks"],
            "revenue": None,
            "variants": 0,
        }
        yield Record(key=shown["id"], id=shown["id"], name=shown["settings"]["title"], fields=figures)


def _lines_of_venue(row: Row) -> list[str]:
    lines: Sequence[Row] = row["lines"] or ()
    return sorted(
        f"{line['quantity']} {line.get('product_id') or OTHER} for {_amount(line, row['currency'])}" for line in lines
    )


def _amount(line: Row, currency: str) -> Decimal:
    return major(line["amount_minor"], currency)
