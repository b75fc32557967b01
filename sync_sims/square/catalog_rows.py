"""From an object as sent to the row Square would keep: ids in place of "#temporary" ones, defaults filled in.

A write replaces the whole object: a field that is not sent is gone. The defaults are those of recorded answers.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sync_sims.square.books import Books
from sync_sims.square.catalog_drafts import DATA, Draft
from sync_sims.square.catalog_shelf import FAMILIES, PARENTS
from sync_sims.square.money import money
from sync_sims.square.shelf import Row

_TAG = re.compile(r"<[^>]+>")
_OBJECT_FIELDS = (
    "present_at_all_locations",
    "present_at_location_ids",
    "absent_at_location_ids",
    "custom_attribute_values",
)
_READ_ONLY = frozenset({"description_plaintext", "ordinal"})
_REFERENCES = frozenset(
    {
        "category_id",
        "tax_ids",
        "image_ids",
        "item_id",
        "modifier_list_id",
        "measurement_unit_id",
        "item_option_id",
        "item_option_value_id",
        "product_set_id",
        "discount_id",
        "match_products_id",
    }
)
_REFERRING_OBJECTS = frozenset({"categories", "reporting_category", "parent_category"})


def build_row(draft: Draft, *, ids: Mapping[str, str], version: int, stamp: str, books: Books) -> Row:
    """The row a draft becomes; `ids` maps sent ids to Square's, `version` and `stamp` are those of the write.

    Raises:
        Refused: A price is not in the seller's currency.
    """
    object_id = ids.get(draft.sent_id, draft.sent_id)
    former = books.catalog.rows.get(object_id)
    row: Row = {
        "type": draft.kind,
        "id": object_id,
        "updated_at": stamp,
        "created_at": stamp if former is None else former["created_at"],
        "version": version,
        "is_deleted": False,
        "present_at_all_locations": True,
    }
    for name in _OBJECT_FIELDS:
        value = draft.given.values.get(name)
        if value is not None:
            row[name] = value
    row[DATA[draft.kind]] = _data(draft, ids=ids, books=books)
    return row


def _data(draft: Draft, *, ids: Mapping[str, str], books: Books) -> dict[str, Any]:
    family = FAMILIES.get(draft.kind)
    nested = None if family is None else family.children
    data: dict[str, Any] = {
        name: _translated(name, value, ids)
        for name, value in draft.data.values.items()
        if value is not None and name != nested and name not in _READ_ONLY
    }
    parent = PARENTS.get(draft.kind)
    if parent is not None and draft.parent_id is not None:
        data = {parent.parent_id: ids.get(draft.parent_id, draft.parent_id), **data}
    if draft.kind == "ITEM":
        _complete_item(data)
    elif draft.kind == "ITEM_VARIATION":
        _complete_variation(data, draft, books=books)
    elif draft.kind == "DISCOUNT":
        money(draft.data, "amount_money", books=books)
    return data


def _complete_item(data: dict[str, Any]) -> None:
    data.setdefault("is_taxable", True)
    data.setdefault("product_type", "REGULAR")
    data.setdefault("is_archived", False)
    if data.get("description_html"):
        plain = html.unescape(_TAG.sub("", data["description_html"]))
        data["description"] = data["description_plaintext"] = plain
    elif data.get("description"):
        data["description_html"] = f"<p>{html.escape(data['description'], quote=False)}</p>"
        data["description_plaintext"] = data["description"]


def _complete_variation(data: dict[str, Any], draft: Draft, *, books: Books) -> None:
    price = money(draft.data, "price_money", books=books)
    data.setdefault("pricing_type", "VARIABLE_PRICING" if price is None else "FIXED_PRICING")
    for override in draft.data.objects("location_overrides"):
        money(override, "price_money", books=books)
    former = books.catalog.rows.get(draft.sent_id)
    if draft.parent_id is not None or former is None:
        data["ordinal"] = draft.position
    else:
        data["ordinal"] = former["item_variation_data"].get("ordinal", 0)
    data.setdefault("sellable", True)
    data.setdefault("stockable", True)


def _translated(name: str, value: Any, ids: Mapping[str, str]) -> Any:
    """The value with sent ids replaced, and as a copy that shares nothing with the request."""
    if isinstance(value, str):
        return ids.get(value, value) if name in _REFERENCES else value
    if isinstance(value, list):
        return [_translated(name, entry, ids) for entry in value]
    if isinstance(value, dict):
        if name in _REFERRING_OBJECTS and isinstance(value.get("id"), str):
            value = {**value, "id": ids.get(value["id"], value["id"])}
        return {key: _translated(key, entry, ids) for key, entry in value.items() if entry is not None}
    return value


def references(row: Row) -> Iterator[str]:
    """The ids of the catalog objects that a row refers to."""
    yield from _references("", row[DATA[row["type"]]])


def _references(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if name in _REFERENCES:
            yield value
    elif isinstance(value, list):
        for entry in value:
            yield from _references(name, entry)
    elif isinstance(value, dict):
        if name in _REFERRING_OBJECTS and isinstance(value.get("id"), str):
            yield value["id"]
        for key, entry in value.items():
            yield from _references(key, entry)
