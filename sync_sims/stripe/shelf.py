"""One collection of one account: objects by id, in the order Stripe lists them, with indexes for its filters.

Stored objects are never changed in place: an update stores a new dictionary, so that events and answers may share the
old one.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sync_sims.stripe.parameters import Between

Object = dict[str, Any]
Key = tuple[int, int, str]


class Shelf:
    """Objects of one kind; `indexed` names the fields that filters look up."""

    def __init__(self, *, indexed: tuple[str, ...] = (), searchable: bool = False) -> None:
        self._objects: dict[str, Object] = {}
        self._keys: dict[str, Key] = {}
        self._order: list[Key] = []
        self._indexed = indexed
        self._searchable = searchable
        self._index: dict[tuple[str, str], list[Key]] = defaultdict(list)
        self._versions: dict[str, list[tuple[float, Object]]] = {}

    def __contains__(self, object_id: str) -> bool:
        return object_id in self._objects

    def __len__(self) -> int:
        return len(self._objects)

    def indexes(self, name: str) -> bool:
        """Whether `term` of `newest_first` may name this field."""
        return name in self._indexed or (self._searchable and name.startswith("metadata."))

    def get(self, object_id: str) -> Object | None:
        """The object as it is now, deleted or not."""
        return self._objects.get(object_id)

    def all(self) -> list[Object]:
        """Everything, deleted objects included, oldest first."""
        return [self._objects[key[2]] for key in self._order]

    def put(self, entry: Object, *, at: float, horizon: float) -> None:
        """Store a new or changed object written at `at`; states before `horizon` are no longer searched."""
        object_id = entry["id"]
        key = self._keys.get(object_id)
        if key is None:
            key = self._keys[object_id] = (entry["created"], len(self._keys), object_id)
            if not self._order or key > self._order[-1]:
                self._order.append(key)
            else:
                insort(self._order, key)
        for name, value in self._terms(entry):
            keys = self._index[name, value]
            position = bisect_left(keys, key)
            if position == len(keys) or keys[position] != key:
                keys.insert(position, key)
        self._objects[object_id] = entry
        if self._searchable:
            self._remember(object_id, entry, at=at, horizon=horizon)

    def _terms(self, entry: Object) -> Iterator[tuple[str, str]]:
        for name in self._indexed:
            value = entry.get(name)
            if isinstance(value, str):
                yield name, value.lower()
        if self._searchable:
            for name, value in entry["metadata"].items():
                yield f"metadata.{name}", value.lower()

    def _remember(self, object_id: str, entry: Object, *, at: float, horizon: float) -> None:
        versions = self._versions.setdefault(object_id, [])
        while len(versions) > 1 and versions[1][0] <= horizon:
            versions.pop(0)
        versions.append((at, entry))

    def as_indexed(self, object_id: str, *, horizon: float) -> Object | None:
        """The object as search knows it: its last state written at or before `horizon`, None when there was none."""
        known = None
        for at, entry in self._versions.get(object_id, ()):
            if at > horizon:
                break
            known = entry
        return known

    def newest_first(
        self, *, after: str | None = None, created: Between | None = None, term: tuple[str, str] | None = None
    ) -> Iterator[Object]:
        """Live objects, newest first, from behind the object `after`, within `created`.

        `term` names an indexed field and its value: a quick preselection, which the caller checks again.
        """
        order = self._order if term is None else self._index.get((term[0], term[1].lower()), [])
        end = len(order)
        if created is not None and created.most is not None:
            end = bisect_left(order, (created.most + 1,))
        if after is not None:
            end = min(end, bisect_left(order, self._keys[after]))
        least = created.least if created is not None else None
        for position in range(end - 1, -1, -1):
            key = order[position]
            if least is not None and key[0] < least:
                return
            entry = self._objects[key[2]]
            if not entry.get("deleted"):
                yield entry

    def oldest_first(
        self, *, before: str, created: Between | None = None, term: tuple[str, str] | None = None
    ) -> Iterator[Object]:
        """Live objects newer than the object `before`, the nearest first."""
        order = self._order if term is None else self._index.get((term[0], term[1].lower()), [])
        start = bisect_right(order, self._keys[before])
        if created is not None and created.least is not None:
            start = max(start, bisect_left(order, (created.least,)))
        for position in range(start, len(order)):
            key = order[position]
            if created is not None and created.most is not None and key[0] > created.most:
                return
            entry = self._objects[key[2]]
            if not entry.get("deleted"):
                yield entry
