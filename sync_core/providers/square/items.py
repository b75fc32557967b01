"""The shape of one catalog item: as a draft, merged with our changes, and as a record."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sync_core.providers.bodies import drop, holds, nest, put
from sync_core.providers.protocol import Json, Remote, Write
from sync_core.providers.square.windows import parsed

MARK = "item_data.variations[0].item_variation_data.user_data"
_FIRST = "item_data.variations[0]."
_PRICE = "item_variation_data.price_money"


def mark_of(fields: Mapping[str, Json], local_id: str) -> str:
    """What the variation's user_data says, or will say, of a record."""
    return str(fields.get(MARK) or local_id)


def marked(item: Mapping[str, Any]) -> str | None:
    """The user_data of an item's first marked variation."""
    marks = (_data(variation).get("user_data") for variation in _variations(item))
    return next((mark for mark in marks if mark), None)


def draft(write: Write) -> dict[str, Any]:
    """A new item under temporary ids made from the local id, which are valid within one batch.

    It depends on nothing but the write, because a replayed idempotency key demands the same body.
    """
    body: dict[str, Any] = {"type": "ITEM", "id": f"#{write.local_id}", "present_at_all_locations": True}
    fields = {path: value for path, value in write.fields.items() if value is not None}
    fields[MARK] = mark_of(write.fields, write.local_id)
    body |= nest(fields)
    for position, variation in enumerate(body["item_data"]["variations"]):
        suffix = "-v" if position == 0 else f"-v{position}"
        variation |= {"type": "ITEM_VARIATION", "id": f"#{write.local_id}{suffix}"}
        data = variation.setdefault("item_variation_data", {})
        data.setdefault("name", "Regular")
        _price(data)
    return body


def merged(item: Mapping[str, Any], write: Write) -> dict[str, Any]:
    """The item as it is now with our changed fields in it; versions stay, so that a newer change is noticed."""
    body: dict[str, Any] = orjson.loads(orjson.dumps(item))
    position = _position(item, write.remote_state.get("variation_id"))
    place = f"item_data.variations[{position}]."
    for path, value in write.fields.items():
        actual = path.replace(_FIRST, place, 1) if path.startswith(_FIRST) else path
        if value is None:
            drop(body, actual)
        else:
            put(body, actual, value)
    if "item_data.description" in write.fields and "item_data.description_html" not in write.fields:
        # Square keeps both forms and prefers the other one.
        drop(body, "item_data.description_html")
        drop(body, "item_data.description_plaintext")
    if any(path.startswith(f"{_FIRST}{_PRICE}") for path in write.fields):
        _price(_data(_variations(body)[position]))
    for shown in (body, *_variations(body)):
        # Square shows when an object was made and takes no such thing (CatalogObject of its specification).
        shown.pop("created_at", None)
    return body


def is_newer(item: Mapping[str, Any], write: Write) -> bool:
    """Whether the item or its variation is another version than the one that the write was made for, if that is known."""
    known = write.remote_state
    shown = [(item.get("version"), known.get("version"))]
    shown += [
        (variation.get("version"), known.get("variation_version"))
        for variation in _variations(item)
        if variation.get("id") == known.get("variation_id")
    ]
    return any(before is not None and now != before for now, before in shown)


def is_as_wanted(item: Mapping[str, Any], write: Write) -> bool:
    """Whether the item holds what is to be written: an earlier write of ours took effect, and its answer was lost."""
    place = f"item_data.variations[{_position(item, write.remote_state.get('variation_id'))}]."
    return holds(item, {path.replace(_FIRST, place, 1): value for path, value in write.fields.items()})


def remote_item(item: Mapping[str, Any]) -> Remote:
    """An item as a record; its state names the variation that we keep in step."""
    variation = next(iter(_variations(item)), {})
    state = {
        "version": item.get("version"),
        "variation_id": variation.get("id"),
        "variation_version": variation.get("version"),
    }
    return Remote(
        id=item["id"],
        record=item,
        state=state,
        updated_at=parsed(item.get("updated_at")),
        deleted=item.get("is_deleted") is True,
    )


def _position(item: Mapping[str, Any], variation_id: str | None) -> int:
    ids = [variation.get("id") for variation in _variations(item)]
    return ids.index(variation_id) if variation_id in ids else 0


def _variations(item: Mapping[str, Any]) -> Sequence[Any]:
    return (item.get("item_data") or {}).get("variations") or ()


def _data(variation: Any) -> Any:
    return variation.get("item_variation_data") or {}


def _price(data: dict[str, Any]) -> None:
    """A variation has a price, or its price is asked for at the counter."""
    if "amount" in data.get("price_money", {}):
        data["pricing_type"] = "FIXED_PRICING"
    else:
        data.pop("price_money", None)
        data["pricing_type"] = "VARIABLE_PRICING"
