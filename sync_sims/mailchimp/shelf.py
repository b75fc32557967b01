"""One account's rows of one kind, in the order they were first written.

A row is never changed in place: whoever changes it puts a new one, so that answers and the journal may share the old.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Watcher = Callable[[str, Row | None, Row | None], None]


class Shelf:
    """Rows by key; `parent` names the field by which they hang together: the members of a list, the orders of a store."""

    def __init__(self, name: str, *, parent: str | None = None) -> None:
        self.name = name
        self.rows: dict[str, Row] = {}
        self.removed: dict[str, Row] = {}
        self.revision = 0
        self._parent = parent
        self._families: dict[str, dict[str, Row]] = defaultdict(dict)
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with the key, the row as it was and the row as it is, after each change."""
        self._watchers.append(watcher)

    def family(self, parent: str) -> dict[str, Row]:
        """The rows that belong to `parent`, by key, in the order they were first written."""
        return self._families.get(parent, {})

    def put(self, key: str, row: Row | None) -> None:
        """Write a row; a new key goes to the end, None takes the row away."""
        before = self.rows.get(key)
        if row is None:
            self._take_away(key, before)
        else:
            self.rows[key] = row
            self.removed.pop(key, None)
            if self._parent is not None:
                self._families[row[self._parent]][key] = row
        self.revision += 1
        for watcher in self._watchers:
            watcher(key, before, row)

    def _take_away(self, key: str, row: Row | None) -> None:
        if row is None:
            return
        del self.rows[key]
        self.removed[key] = row
        if self._parent is not None:
            del self._families[row[self._parent]][key]

    def everything(self) -> list[Row]:
        """All rows for a judge: first the living, then the removed, which say `is_deleted`."""
        return [*self.rows.values(), *({**row, "is_deleted": True} for row in self.removed.values())]
