"""A QuickBooks company and a venue's tables as records that can be laid side by side; the fields are compared by hand.

QuickBooks has no room for the venue's id of a customer or an item, so the judge is told which is which, and compares all
that both sides say of it. A display name is not compared: an accountant may choose another one, which then stays.
Source: developer.intuit.com, all-entities/customer and item.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record
from sync_sims.judge_money import decimal, major
from sync_sims.judge_stripe import clean
from sync_sims.quickbooks.countries import alpha3

Row = Mapping[str, Any]
Known = Mapping[str, str]
"""The venue's ids of records by QuickBooks' own."""
TYPES = {"ticket": "Service", "merchandise": "NonInventory"}
SOLD = frozenset({"Service", "NonInventory", "Inventory"})
COLLECTIVE = "Ticket sales"
"""The item under which whole orders are booked; it is no product of the venue."""
LONGEST_NAME = 100
_SHORT = re.compile(r"[A-Za-z0-9_-]{1,12}")


def customers_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's customers as QuickBooks should show them."""
    for row in rows:
        country = clean(row["country"])
        fields = {
            "given name": _line(row["given_name"]),
            "family name": _line(row["family_name"]),
            "company": _line(row["company"]),
            "e-mail": clean(row["email"]),
            "phone": clean(row["phone"]),
            "street": clean(row["address_line1"]),
            "city": clean(row["city"]),
            "region": clean(row["region"]),
            "postcode": clean(row["postcode"]),
            "country": None if country is None else alpha3(country),
            "note": clean(row["note"]),
        }
        yield Record(key=row["id"], id=row["id"], name=_full(fields), fields=fields)


def customers_of_account(held: Holdings, *, known: Known) -> Iterator[Record]:
    """QuickBooks' customers in use, but for jobs; `known` names the venue's customer by QuickBooks' id."""
    for shown in held.customers:
        if shown.get("Job") or shown.get("Active") is False:
            continue
        address: Json = shown.get("BillAddr") or {}
        fields = {
            "given name": clean(shown.get("GivenName")),
            "family name": clean(shown.get("FamilyName")),
            "company": clean(shown.get("CompanyName")),
            "e-mail": clean((shown.get("PrimaryEmailAddr") or {}).get("Address")),
            "phone": clean((shown.get("PrimaryPhone") or {}).get("FreeFormNumber")),
            "street": clean(address.get("Line1")),
            "city": clean(address.get("City")),
            "region": clean(address.get("CountrySubDivisionCode")),
            "postcode": clean(address.get("PostalCode")),
            "country": clean(address.get("Country")),
            "note": clean(shown.get("Notes")),
        }
        key = known.get(shown["Id"]) or ("unknown", shown["Id"])
        yield Record(key=key, id=shown["Id"], name=shown["DisplayName"], fields=fields)


def items_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's products as items; one without a price costs nothing there."""
    for row in rows:
        fields = {
            "name": (_line(row["name"]) or "")[:LONGEST_NAME].strip(),
            "description": clean(row["description"]),
            "article number": clean(row["sku"]),
            "type": TYPES[row["kind"]],
            "price": major(row["price_minor"] or 0, row["currency"]),
        }
        yield Record(key=row["id"], id=row["id"], name=row["name"], fields=fields)


def items_of_account(held: Holdings, *, known: Known) -> Iterator[Record]:
    """QuickBooks' items in use; of two with one name the second carries the venue's id behind it."""
    for shown in held.products:
        if shown["Type"] not in SOLD or shown.get("Active") is False or shown["Name"] == COLLECTIVE:
            continue
        product = known.get(shown["Id"])
        fields = {
            "name": shown["Name"] if product is None else shown["Name"].removesuffix(f" ({_short(product)})"),
            "description": clean(shown.get("Description")),
            "article number": clean(shown.get("Sku")),
            "type": shown["Type"],
            "price": decimal(shown.get("UnitPrice") or 0),
        }
        yield Record(key=product or ("unknown", shown["Id"]), id=shown["Id"], name=shown["Name"], fields=fields)


def _line(text: str | None) -> str | None:
    """A name as QuickBooks takes it: in one line and without a colon."""
    return " ".join(re.sub(r"[\t\r\n]", " ", (text or "").replace(":", " - ")).split()) or None


def _short(product: str) -> str:
    return product if _SHORT.fullmatch(product) else blake2b(product.encode(), digest_size=4).hexdigest()


def _full(fields: Mapping[str, str | None]) -> str:
    return " ".join(part for part in (fields["given name"], fields["family name"]) if part)
