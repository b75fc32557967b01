"""One seller's rows of one kind, in the order they were first written, with a number that tells of every change."""

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Watcher = Callable[[str, Row], None]


class Shelf:
    """Rows by key. A row is never changed in place: whoever changes it puts a new one."""

    __slots__ = ("_watchers", "name", "revision", "rows")

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[str, Row] = {}
        self.revision = 0
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with the key and the new row before each change takes effect."""
        self._watchers.append(watcher)

    def put(self, key: str, row: Row) -> None:
        """Write a row; a new key goes to the end."""
        for watcher in self._watchers:
            watcher(key, row)
        self.rows[key] = row
        self.revision += 1
