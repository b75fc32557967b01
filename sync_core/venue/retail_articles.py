"""The articles of Online Retail II as merchandise, each of exactly one venue.

Codes that differ only in case are one article: of the 150 such pairs in the file of 2009-2010, 142 have the same
usual description and the others describe the same thing in other words (DOOR MAT BLACK FLOCK, DOORMAT BLACK FLOCK).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sync_core.venue.report import SourceReport
from sync_core.venue.retail_lines import NOT_ARTICLES, PENCE
from sync_core.venue.shares import share

OTHER_SPELLING = "another spelling of an article's code"
NO_ARTICLE = "postage, discounts and entries of the shop's own books"
HALF = 0.5  # of a penny: what rounds to nothing is no price

NEVER_SOLD = "never sold for a penny or more"


@dataclass(frozen=True, slots=True)
class Articles:
    """Rows for venue.products, the venue of each sku, the usual description of each sku, and the account of codes."""

    products: pd.DataFrame
    venue_of: Mapping[str, str]
    descriptions: pd.Series
    source: SourceReport


def articles_of(lines: pd.DataFrame, venues: Sequence[str], *, currency: str, file: str) -> Articles:
    """The articles of the judged `lines`: most frequent description, median price of the lines that sold them.

    An article's id and sku are its code in upper case. Its price is the median over the good lines of sales (not of
    credit notes) with a price of at least half a penny, rounded half up to the penny.
    """
    sold = lines[lines["reason"].isna() & ~lines["credit"] & (lines["price"] * PENCE >= HALF)]
    sold = sold[~sold["sku"].isin(NOT_ARTICLES)]
    prices = np.floor(sold.groupby("sku")["price"].median() * PENCE + HALF + 1e-6).astype("int64")
    descriptions = _usual_descriptions(lines[lines["reason"].isna()])
    venue_of = {sku: share(f"article:{sku}", venues) for sku in prices.index}
    products = pd.DataFrame(
        {
            "venue_id": [venue_of[sku] for sku in prices.index],
            "id": prices.index,
            "kind": "merchandise",
            "sku": prices.index,
            "name": [descriptions.get(sku) or sku for sku in prices.index],
            "price_minor": prices.to_numpy(),
            "currency": currency,
        }
    )
    return Articles(products, venue_of, descriptions, _account(lines, set(venue_of), file))


def opening_stock(products: pd.DataFrame, order_lines: pd.DataFrame) -> pd.DataFrame:
    """Rows for venue.stock: a venue starts with as many pieces of its article as it sold in the whole file, maybe 0.

    `products` and `order_lines` are rows for the tables of these names. The source itself says nothing of stock.
    """
    own = order_lines[order_lines["product_id"].notna()]
    sold = own.groupby("product_id")["quantity"].sum()
    pieces = products["id"].map(sold).fillna(0).astype("int64")
    return pd.DataFrame({"venue_id": products["venue_id"], "id": products["id"], "quantity": pieces})


def _usual_descriptions(lines: pd.DataFrame) -> pd.Series:
    described = lines.loc[lines["description"].notna() & lines["sku"].notna(), ["sku", "description"]]
    counts = described.value_counts().reset_index(name="lines")
    first = counts.sort_values(["sku", "lines", "description"], ascending=[True, False, True])
    return first.drop_duplicates("sku").set_index("sku")["description"]


def _account(lines: pd.DataFrame, articles: set[str], file: str) -> SourceReport:
    codes = lines.loc[lines["code"].notna(), "code_as_written"].unique()
    ends: Counter[str] = Counter()
    seen: set[str] = set()
    for code in codes:
        sku = code.strip().upper()
        if sku in NOT_ARTICLES:
            ends[NO_ARTICLE] += 1
        elif sku in seen:
            ends[OTHER_SPELLING] += 1
        elif sku not in articles:
            ends[NEVER_SOLD] += 1
        else:
            ends["products"] += 1
        seen.add(sku)
    imported = {"products": ends.pop("products", 0)}
    return SourceReport(file, "stock codes", len(codes), imported, dict(ends))
