"""The catalog's shelf with its families: an item and its variations are rows of their own, shown as one tree.

The same holds for modifier lists and item options. `latest` is the version of the youngest change of any object.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sync_sims.square.shelf import Row, Shelf
from sync_sims.square.timestamps import milliseconds


@dataclass(frozen=True, slots=True)
class Family:
    """Where a parent's data nests its children, and where a child's data names its parent."""

    data: str
    children: str
    child_type: str
    child_data: str
    parent_id: str


FAMILIES = {
    "ITEM": Family("item_data", "variations", "ITEM_VARIATION", "item_variation_data", "item_id"),
    "MODIFIER_LIST": Family("modifier_list_data", "modifiers", "MODIFIER", "modifier_data", "modifier_list_id"),
    "ITEM_OPTION": Family("item_option_data", "values", "ITEM_OPTION_VAL", "item_option_value_data", "item_option_id"),
}
PARENTS = {family.child_type: family for family in FAMILIES.values()}


class CatalogShelf(Shelf):
    """A shelf that knows who belongs to whom."""

    __slots__ = ("_children", "latest")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._children: dict[str, dict[str, None]] = {}
        self.latest = 0
        self.watch(self._note)

    def _note(self, key: str, row: Row) -> None:
        self.latest = max(self.latest, row["version"])
        family = PARENTS.get(row["type"])
        if family is not None:
            self._children.setdefault(row[family.child_data][family.parent_id], {})[key] = None

    def next_version(self, now: datetime) -> int:
        """The version of a write at `now`: its time in milliseconds, and later than every other write's."""
        return max(milliseconds(now), self.latest + 1)

    def living(self, object_id: str) -> Row | None:
        """The object, None when there is none or it was deleted."""
        row = self.rows.get(object_id)
        return None if row is None or row["is_deleted"] else row

    def children(self, parent_id: str) -> Iterator[Row]:
        """The living children of an object, in no particular order."""
        for child_id in self._children.get(parent_id, ()):
            child = self.rows[child_id]
            if not child["is_deleted"]:
                yield child

    def shown(self, row: Row) -> Row:
        """The object as the API shows it: children nested; a deleted parent shows those that went with it."""
        family = FAMILIES.get(row["type"])
        if family is None:
            return row
        if row["is_deleted"]:
            mine = (self.rows[child_id] for child_id in self._children.get(row["id"], ()))
            children = [child for child in mine if child["is_deleted"] and child["version"] == row["version"]]
        else:
            children = list(self.children(row["id"]))
        children.sort(key=lambda child: child[family.child_data].get("ordinal", 0))
        return {**row, family.data: {**row[family.data], family.children: children}}
