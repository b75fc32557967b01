"""A QuickBooks company and a venue's tables as records that can be laid side by side; the fields are compared by hand.

QuickBooks has no room for the venue's id of a customer or an item, so the judge is told which is which, and compares all
that both sides say of it. A display name is not compared: an accountant may choose another one, which then stays.
Source: developer.intuit.com, all-entities/customer, item, salesreceipt, payment and refundreceipt.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record
from sync_sims.judge_money import major
from sync_sims.judge_stripe import clean
from sync_sims.quickbooks.countries import alpha3

Row = Mapping[str, Any]
TYPES = {"ticket": "Service", "merchandise": "NonInventory"}
SOLD = frozenset({"Service", "NonInventory", "Inventory"})
COLLECTIVE = "Ticket sales"
"""The item under which whole orders are booked; it is no product of the venue."""
NUMBERED = "VS-"
"""How the numbers of receipts begin that were booked for the venue's orders."""
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


def customers_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
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


def items_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
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
            "price": _amount(shown.get("UnitPrice")),
        }
        yield Record(key=product or ("unknown", shown["Id"]), id=shown["Id"], name=shown["Name"], fields=fields)


def receipts_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The receipts that the venue's sales call for."""
    for row in rows:
        if row["origin"] == "sale":
            fields = {
                "amount": major(row["total_minor"], row["currency"]),
                "currency": row["currency"],
                "date": _day(row["ordered_at"]),
                "customer": row["customer_id"],
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def receipts_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
    """QuickBooks' receipts by the order in their note; those that an accountant wrote are no order's business."""
    for shown in held.receipts:
        if str(shown.get("DocNumber") or "").startswith(NUMBERED):
            customer = (shown.get("CustomerRef") or {}).get("value")
            fields = {
                "amount": _amount(shown.get("TotalAmt")),
                "currency": shown["CurrencyRef"]["value"],
                "date": shown["TxnDate"],
                "customer": None if customer is None else known.get(customer, f"unknown {customer}"),
            }
            key = shown.get("PrivateNote") or ("unknown", shown["Id"])
            yield Record(key=key, id=shown["Id"], name="", fields=fields)


def payments_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of payments that were received in QuickBooks."""
    return _of_venue(rows, amount="amount_minor", moment="paid_at")


def payments_of_account(held: Holdings) -> Iterator[Record]:
    """QuickBooks' payments."""
    return _of_account(held.payments)


def refunds_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """What the venue knows of refunds that were written in QuickBooks."""
    return _of_venue(rows, amount="amount_minor", moment="refunded_at")


def refunds_of_account(held: Holdings) -> Iterator[Record]:
    """QuickBooks' refund receipts; a voided one is none any more."""
    return _of_account(
        [shown for shown in held.refunds if not str(shown.get("PrivateNote") or "").startswith("Voided")]
    )


def _of_venue(rows: Iterable[Row], *, amount: str, moment: str) -> Iterator[Record]:
    for row in rows:
        if row["provider"] == "quickbooks":
            fields = {
                "amount": major(row[amount], row["currency"]),
                "currency": row["currency"],
                "date": _day(row[moment]),
            }
            yield Record(key=row["id"], id=row["id"], name="", fields=fields)


def _of_account(found: Iterable[Json]) -> Iterator[Record]:
    for shown in found:
        fields = {
            "amount": _amount(shown.get("TotalAmt")),
            "currency": shown["CurrencyRef"]["value"],
            "date": shown["TxnDate"],
        }
        yield Record(key=shown["Id"], id=shown["Id"], name="", fields=fields)


def _amount(shown: Any) -> Decimal:
    return Decimal(str(shown or 0)).normalize()


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _line(text: str | None) -> str | None:
    """A name as QuickBooks takes it: in one line and without a colon."""
    return " ".join(re.sub(r"[\t\r\n]", " ", (text or "").replace(":", " - ")).split()) or None


def _short(product: str) -> str:
    return product if _SHORT.fullmatch(product) else blake2b(product.encode(), digest_size=4).hexdigest()


def _full(fields: Mapping[str, str | None]) -> str:
    return " ".join(part for part in (fields["given name"], fields["family name"]) if part)
