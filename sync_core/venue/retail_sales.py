"""Invoices of Online Retail II as orders with lines, and its credit notes as refunds of those orders.

The rules, all fixed and the same in every run:

- An invoice belongs to its customer's venue; a guest's to the venue that its number falls to.
- It is paid at the provider that its number falls to. A refund is paid back where its order was paid.
- A credit note names no invoice. It refunds the latest order of the same customer, at the same venue and not later
  than itself, that has enough money left; an order carries several refunds up to its total. Where there is none (the
  sale is older than the data, or the customer is a guest) an order of origin 'opening balance' stands for the sale:
  same amount, dated the first day of the data, without lines because the source has none.
- The file's times have no zone; they are taken as UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd

from sync_core.venue.retail_people import venue_of_customer
from sync_core.venue.shares import share

SALE, OPENING = "sale", "opening balance"
LINE = ("line", "product_id", "sku", "description", "quantity", "amount_minor")
NO_DAY = datetime(1970, 1, 1, tzinfo=UTC)  # of a file without a single good invoice


@dataclass(frozen=True, slots=True)
class Shop:
    """Where invoices may go: the venues' ids, the providers that take money, and the currency of it all."""

    venues: Sequence[str]
    providers: Sequence[str]
    currency: str

    def venue_of(self, invoice: str, customer: str | None) -> str:
        """The venue of an invoice."""
        return venue_of_customer(customer, self.venues) if customer else share(f"invoice:{invoice}", self.venues)

    def provider_of(self, order: str) -> str:
        """Where an order is paid."""
        return share(f"paid:{order}", self.providers)


@dataclass(frozen=True, slots=True)
class Sales:
    """Rows for venue.orders and venue.refunds, and the orders' lines. `opened` counts the opening balances."""

    orders: pd.DataFrame
    order_lines: pd.DataFrame
    refunds: pd.DataFrame
    opened: int

    def orders_with_lines(self) -> pd.DataFrame:
        """The orders with their `lines` as JSON text, in the order of their numbers; an opening balance has none."""
        lines: dict[str, list[dict[str, Any]]] = {}
        columns = [self.order_lines[name].astype(object).where(self.order_lines[name].notna(), None) for name in LINE]
        for order, *values in zip(self.order_lines["order_id"], *columns, strict=True):
            lines.setdefault(order, []).append(dict(zip(LINE, values, strict=True)))
        texts = [orjson.dumps(lines.get(order, [])).decode() for order in self.orders["id"]]
        return self.orders.assign(lines=texts)


@dataclass(slots=True)
class _Order:
    venue: str
    id: str
    customer: str | None
    provider: str
    total: int
    at: datetime
    origin: str = SALE
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class _Document:
    """An invoice or a credit note that counts; `total` is in minor units, at least 1 on a credit note."""

    id: str
    customer: str | None
    total: int
    at: datetime


@dataclass(slots=True)
class _Till:
    """The orders so far, and those of each customer in the order of time: refunds look there for their sale."""

    shop: Shop
    first_day: datetime
    orders: list[_Order] = field(default_factory=list[_Order])
    by_customer: dict[str, list[_Order]] = field(default_factory=dict[str, list[_Order]])

    def ring_up(self, invoice: _Document) -> None:
        """A sale, in the order of time."""
        venue, provider = self.shop.venue_of(invoice.id, invoice.customer), self.shop.provider_of(invoice.id)
        order = _Order(venue, invoice.id, invoice.customer, provider, invoice.total, invoice.at)
        self.orders.append(order)
        if invoice.customer:
            self.by_customer.setdefault(invoice.customer, []).append(order)

    def sale_behind(self, credit: _Document) -> _Order:
        """The order that `credit` refunds, with the money set aside; an opening balance when there is none."""
        for order in reversed(self.by_customer.get(credit.customer or "", [])):
            if order.at <= credit.at and order.total - order.refunded >= credit.total:
                order.refunded += credit.total
                return order
        name, venue = f"open-{credit.id}", self.shop.venue_of(credit.id, credit.customer)
        provider = self.shop.provider_of(name)
        opened = _Order(venue, name, credit.customer, provider, credit.total, self.first_day, OPENING, credit.total)
        self.orders.append(opened)
        return opened


def sales_of(
    lines: pd.DataFrame,
    invoices: pd.DataFrame,
    *,
    shop: Shop,
    venue_of_article: Mapping[str, str],
    descriptions: pd.Series,
) -> Sales:
    """Orders, order lines and refunds of the settled `lines` and `invoices` (those without a reason).

    `venue_of_article` and `descriptions` are by sku: a line names a product only of its own venue, and gets the
    article's usual description where the file has none.
    """
    counting = invoices[invoices["reason"].isna()].sort_values("at", kind="stable")
    documents = [
        _Document(str(number), customer if isinstance(customer, str) else None, int(total), at.to_pydatetime())
        for number, customer, total, at in zip(
            counting.index, counting["customer"], counting["total_minor"], counting["at"], strict=True
        )
    ]
    credit = counting["credit"].tolist()
    till = _Till(shop, _day(documents[0].at) if documents else NO_DAY)
    for invoice in (document for document, is_credit in zip(documents, credit, strict=True) if not is_credit):
        till.ring_up(invoice)
    refunds = [
        (document, till.sale_behind(document))
        for document, is_credit in zip(documents, credit, strict=True)
        if is_credit
    ]
    return Sales(
        orders=_order_rows(till),
        order_lines=_line_rows(lines[lines["reason"].isna() & ~lines["credit"]], till, venue_of_article, descriptions),
        refunds=_refund_rows(refunds, shop.currency),
        opened=sum(order.origin == OPENING for order in till.orders),
    )


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _order_rows(till: _Till) -> pd.DataFrame:
    orders = till.orders
    return pd.DataFrame(
        {
            "venue_id": [order.venue for order in orders],
            "id": [order.id for order in orders],
            "customer_id": [order.customer for order in orders],
            "provider": [order.provider for order in orders],
            "origin": [order.origin for order in orders],
            "total_minor": [order.total for order in orders],
            "currency": till.shop.currency,
            "ordered_at": [order.at for order in orders],
        }
    )


def _line_rows(
    sold: pd.DataFrame, till: _Till, venue_of_article: Mapping[str, str], descriptions: pd.Series
) -> pd.DataFrame:
    venue_of_order = {order.id: order.venue for order in till.orders}
    venue = sold["invoice"].map(venue_of_order)
    own = sold["sku"].map(dict(venue_of_article)) == venue
    return pd.DataFrame(
        {
            "venue_id": venue,
            "order_id": sold["invoice"],
            "line": sold.groupby("invoice").cumcount() + 1,
            "product_id": sold["sku"].where(own, None),
            "sku": sold["sku"],
            "description": sold["description"].where(sold["description"].notna(), sold["sku"].map(descriptions)),
            "quantity": sold["quantity"].astype("int64"),
            "amount_minor": sold["amount_minor"],
        }
    )


def _refund_rows(refunds: list[tuple[_Document, _Order]], currency: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "venue_id": [order.venue for _, order in refunds],
            "id": [credit.id for credit, _ in refunds],
            "provider": [order.provider for _, order in refunds],
            "order_id": [order.id for _, order in refunds],
            "amount_minor": [credit.total for credit, _ in refunds],
            "currency": currency,
            "reason": [f"Credit note {credit.id}" for credit, _ in refunds],
            "refunded_at": [credit.at for credit, _ in refunds],
        }
    )
