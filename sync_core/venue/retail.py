"""Online Retail II as a whole: customers, merchandise, stock, orders and refunds, and the account of every line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sync_core.venue.report import Rejection, SourceReport
from sync_core.venue.retail_articles import articles_of, opening_stock
from sync_core.venue.retail_file import read_retail_file
from sync_core.venue.retail_lines import judge_lines, refuse_lines_of_refused_invoices, sum_invoices
from sync_core.venue.retail_people import customers_of
from sync_core.venue.retail_sales import Sales, Shop, sales_of

FILE = "online_retail_2009_2010.parquet"
CONTENT = {
    "invoice": "invoice",
    "code_as_written": "code",
    "description": "description",
    "quantity": "quantity",
    "at_as_written": "at",
    "price": "price",
    "customer_number": "customer",
    "country": "country",
}


@dataclass(frozen=True, slots=True)
class Retail:
    """Rows for the tables of schema `venue` (one frame per table), and what became of the source's lines."""

    customers: pd.DataFrame
    products: pd.DataFrame
    stock: pd.DataFrame
    sales: Sales
    sources: tuple[SourceReport, ...]
    rejections: list[Rejection]
    notes: tuple[str, ...]


def read_retail(folder: Path, *, venues: Sequence[str], providers: Sequence[str], currency: str) -> Retail:
    """The Parquet file in `folder`, shared out over `venues` and `providers`; money in pence of `currency`.

    Raises ConfigurationError when the file is missing or not what is expected.
    """
    judged = judge_lines(read_retail_file(folder / FILE))
    invoices = sum_invoices(judged)
    lines = refuse_lines_of_refused_invoices(judged, invoices)
    customers = customers_of(lines, venues)
    articles = articles_of(lines, venues, currency=currency, file=FILE)
    sales = sales_of(
        lines,
        invoices,
        shop=Shop(venues, providers, currency),
        venue_of_article=articles.venue_of,
        descriptions=articles.descriptions,
    )
    return Retail(
        customers=customers,
        products=articles.products,
        stock=opening_stock(articles.products, sales.order_lines),
        sales=sales,
        sources=(
            _lines_account(lines),
            _invoices_account(invoices),
            SourceReport(FILE, "customers", int(lines["customer"].nunique()), {"customers": len(customers)}),
            articles.source,
        ),
        rejections=_rejections(lines),
        notes=_notes(lines, customers, sales),
    )


def _lines_account(lines: pd.DataFrame) -> SourceReport:
    good = lines["reason"].isna()
    return SourceReport(
        FILE,
        "rows",
        len(lines),
        {"order_lines": int((good & ~lines["credit"]).sum()), "refunds": int((good & lines["credit"]).sum())},
        {},
        _counted(lines["reason"]),
    )


def _invoices_account(invoices: pd.DataFrame) -> SourceReport:
    good = invoices["reason"].isna()
    return SourceReport(
        FILE,
        "invoices",
        len(invoices),
        {"orders": int((good & ~invoices["credit"]).sum()), "refunds": int((good & invoices["credit"]).sum())},
        {},
        _counted(invoices["reason"]),
    )


def _counted(reasons: pd.Series) -> dict[str, int]:
    return dict(Counter(reasons.dropna().tolist()).most_common())


def _rejections(lines: pd.DataFrame) -> list[Rejection]:
    refused = lines[lines["reason"].notna()]
    content = refused[[*CONTENT]].rename(columns=CONTENT)
    # NaN and infinities are no JSON: a value that is missing, or is no number at all, is null.
    plain = content.astype(object).where(content.notna() & ~content.isin([np.inf, -np.inf]), None)
    return [
        Rejection(FILE, int(index) + 1, str(reason), {str(key): value for key, value in record.items()})
        for index, reason, record in zip(refused.index, refused["reason"], plain.to_dict("records"), strict=True)
    ]


def _notes(lines: pd.DataFrame, customers: pd.DataFrame, sales: Sales) -> tuple[str, ...]:
    good = lines[lines["reason"].isna()]
    twins = int(good.duplicated([*CONTENT]).sum())
    guests = int(sales.orders["customer_id"].isna().sum())
    placeless = int(customers["country"].isna().sum())
    moved = int(lines.loc[lines["customer"].notna()].groupby("customer")["country"].nunique().gt(1).sum())
    return (
        "Customers, orders and merchandise are shared out over the venues by a hash: the joined set is derived.",
        "The source has no names or addresses: contact fields are synthetic, made of the customer's number.",
        f"{twins} lines repeat another line of their invoice exactly; they are kept as sold twice.",
        f"{guests} orders have no customer.",
        f"{sales.opened} refunds have no earlier sale with enough money left: each has an 'opening balance' order.",
        f"{placeless} customers are in no single ISO country: the source's name for it is in their note.",
        f"{moved} customers appear with several countries: the latest is used.",
        "The stock of an article is the number of pieces that its own venue sold in the file.",
    )
