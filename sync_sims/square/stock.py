"""Counts of stock, worked out from counts and adjustments in the order in which they happened.

Source: Inventory API reference. Changes carry the client's time and may be sent late: a physical count sets the
quantity as of its own time, and what happened after it still applies.
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from sync_sims.square.shelf import Row, Shelf

Place = tuple[str, str]
UNTRACKED = frozenset({"NONE", "SOLD", "UNLINKED_RETURN"})
STATES = frozenset(
    {
        "CUSTOM",
        "IN_STOCK",
        "SOLD",
        "RETURNED_BY_CUSTOMER",
        "RESERVED_FOR_SALE",
        "SOLD_ONLINE",
        "ORDERED_FROM_VENDOR",
        "RECEIVED_FROM_VENDOR",
        "IN_TRANSIT_TO",
        "NONE",
        "WASTE",
        "UNLINKED_RETURN",
        "COMPOSED",
        "DECOMPOSED",
        "IN_TRANSIT",
    }
)
_QUANTITY = re.compile(r"\d{1,20}(\.\d{1,5})?")


def quantity(text: str) -> Decimal | None:
    """The number a quantity string names, None when it is not one: digits, at most 5 of them after the point."""
    return Decimal(text) if _QUANTITY.fullmatch(text) else None


def written(number: Decimal) -> str:
    """A quantity as a string without an exponent or trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(changes: Iterable[Row]) -> dict[str, Decimal]:
    """Quantities by state after the changes of one variation at one location, whatever order they are given in."""
    totals: dict[str, Decimal] = {}
    for change in sorted(changes, key=happened):
        if change["type"] == "PHYSICAL_COUNT":
            count = change["physical_count"]
            totals[count["state"]] = Decimal(count["quantity"])
            continue
        adjustment = change["adjustment"]
        number = Decimal(adjustment["quantity"])
        for state, moved in ((adjustment["from_state"], -number), (adjustment["to_state"], number)):
            if state not in UNTRACKED:
                totals[state] = totals.get(state, Decimal(0)) + moved
    return totals


def happened(change: Row) -> str:
    """When a change happened by the client's account, as a stamp."""
    return body_of(change)["occurred_at"]


def body_of(change: Row) -> Row:
    """The count or adjustment inside a change."""
    return change["physical_count"] if change["type"] == "PHYSICAL_COUNT" else change["adjustment"]


def place_of(change: Row) -> Place:
    """The variation and the location that a change is about."""
    body = body_of(change)
    return body["catalog_object_id"], body["location_id"]


class ChangesShelf(Shelf):
    """Inventory changes, found by variation and location; they are only ever added."""

    __slots__ = ("_places",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._places: dict[Place, list[Row]] = {}
        self.watch(lambda _, row: self._places.setdefault(place_of(row), []).append(row))

    def at(self, place: Place) -> list[Row]:
        """The changes of a variation at a location, oldest arrival first."""
        return self._places.get(place, [])
