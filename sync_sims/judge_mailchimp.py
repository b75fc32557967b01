"""A Mailchimp audience with its store and a venue's tables as records that can be laid side by side.

A contact is one e-mail address, so of the venue's customers only those with an address are there, and of several with
the same address one: the others wait in dead letters. The merge field VENUEID says whose contact it is.
Source: mailchimp.com/developer/marketing/api/list-members and /ecommerce-products.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sync_sims.judge_accounts import Holdings, Json
from sync_sims.judge_matching import Record
from sync_sims.judge_money import major
from sync_sims.judge_stripe import clean

Row = Mapping[str, Any]
OTHER = "venue-sync-other"
TEXTS = {
    "given name": ("given_name", "FNAME"),
    "family name": ("family_name", "LNAME"),
    "company": ("company", "COMPANY"),
    "phone": ("phone", "PHONE"),
    "street": ("address_line1", "STREET"),
    "city": ("city", "CITY"),
    "region": ("region", "REGION"),
    "postcode": ("postcode", "POSTCODE"),
}
"""What is compared: by the venue's column and Mailchimp's merge tag."""


def members_of_venue(rows: Iterable[Row], *, unsubscribed: frozenset[str]) -> Iterator[Record]:
    """The venue's customers as Mailchimp should show them; those in `unsubscribed` get no mail."""
    for row in rows:
        address = clean(row["email"])
        if address is None:
            continue
        fields = {name: clean(row[column]) for name, (column, _) in TEXTS.items()}
        fields["country"] = (clean(row["country"]) or "").upper() or None
        fields["e-mail"] = address
        fields["tags"] = ", ".join(sorted(row.get("tags") or ()))
        if row["id"] in unsubscribed:
            fields["status"] = "unsubscribed"
        yield Record(key=row["id"], id=row["id"], name=_full(fields), fields=fields)


def members_of_account(held: Holdings, *, known: Mapping[str, str]) -> Iterator[Record]:
    """Mailchimp's contacts; one that began there has no venue id, so `known` (contact's id -> venue's id) may name it."""
    for shown in held.customers:
        merged = shown.get("merge_fields") or {}
        fields = {name: _text(merged.get(tag)) for name, (_, tag) in TEXTS.items()}
        fields["country"] = _text(merged.get("COUNTRY"))
        fields["e-mail"] = clean(shown["email_address"])
        fields["tags"] = ", ".join(sorted(tag["name"] for tag in shown["tags"]))
        fields["status"] = shown["status"]
        key = _text(merged.get("VENUEID")) or known.get(shown["contact_id"]) or ("unknown", shown["contact_id"])
        yield Record(key=key, id=shown["contact_id"], name=_full(fields), fields=fields)


def products_of_venue(rows: Iterable[Row]) -> Iterator[Record]:
    """The venue's products as the store should show them; a product without a price costs nothing there."""
    for row in rows:
        fields = {
            "name": clean(row["name"]),
            "description": clean(row["description"]),
            "kind": row["kind"],
            "article number": clean(row["sku"]),
            "price": major(row["price_minor"] or 0, row["currency"]),
            "currency": row["currency"],
            "active": row["active"],
        }
        yield Record(key=row["id"], id=row["id"], name=row["name"], fields=fields)


def products_of_account(held: Holdings) -> Iterator[Record]:
    """The store's products; each has the venue's id, and one variant of which price and article number are.

    The one under which orders have what is no product is the sync's own.
    """
    for shown in held.products:
        if shown["id"] == OTHER:
            continue
        variant: Json = shown["variants"][0]
        fields = {
            "name": clean(shown["title"]),
            "description": clean(shown.get("description")),
            "kind": clean(shown.get("type")),
            "article number": clean(variant.get("sku")),
            "price": Decimal(str(variant.get("price") or 0)).normalize(),
            "currency": shown["currency"],
            "active": variant.get("visibility") == "visible",
        }
        yield Record(key=shown["id"], id=shown["id"], name=shown["title"], fields=fields)


def _full(fields: Mapping[str, str | None]) -> str:
    return " ".join(part for part in (fields["given name"], fields["family name"]) if part)


def _text(value: Any) -> str | None:
    return None if value is None else clean(str(value))
