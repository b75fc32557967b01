"""The customers of Online Retail II, each of exactly one venue.

The source knows a number and a country, no more. Names and addresses are made of the number, so that they are
plainly synthetic and the same in every run.
"""

from collections.abc import Sequence

import pandas as pd

from sync_core.venue.places import COUNTRIES
from sync_core.venue.shares import share


def customers_of(lines: pd.DataFrame, venues: Sequence[str]) -> pd.DataFrame:
    """Rows for venue.customers: everyone who is named on any line, refused lines included.

    `lines` come from read_retail_file. Who appears with several countries keeps that of the latest line. Names that
    are no single ISO 3166-1 country (Channel Islands, West Indies, Unspecified, ...) stay in the customer's note.
    """
    named = lines.loc[lines["customer"].notna(), ["customer", "at", "country"]]
    latest = named.sort_values("at", kind="stable", na_position="first").drop_duplicates("customer", keep="last")
    numbers = sorted(zip(latest["customer"], latest["country"], strict=True), key=lambda pair: int(pair[0]))
    return pd.DataFrame(
        [_customer(number, country, venues) for number, country in numbers],
        columns=["venue_id", "id", "given_name", "family_name", "email", "country", "note"],
        dtype=object,
    )


def venue_of_customer(number: str, venues: Sequence[str]) -> str:
    """The one venue whose customer `number` is."""
    return share(f"customer:{number}", venues)


def _customer(number: str, country: str | None, venues: Sequence[str]) -> dict[str, str | None]:
    code = COUNTRIES.get(country or "")
    return {
        "venue_id": venue_of_customer(number, venues),
        "id": number,
        "given_name": "Customer",
        "family_name": number,
        "email": f"customer-{number}@example.com",
        "country": code,
        "note": None if code else f"Country in the source: {country or 'none'}",
    }
