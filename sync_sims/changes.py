"""What changed in a simulator since somebody last asked: what its webhooks are made of."""

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One row of one account before and after; None for a row that was not there, or is not any more."""

    account: str
    collection: str
    key: str
    before: Row | None
    after: Row | None


class Changes:
    """Notes changes only while they are `wanted`: nobody else pays for them."""

    def __init__(self) -> None:
        self.wanted = False
        self._noted: list[Change] = []

    def note(self, account: str, collection: str, key: str, before: Row | None, after: Row | None) -> None:
        """Rows are never changed in place, so they may be kept as they are."""
        if self.wanted:
            self._noted.append(Change(account, collection, key, before, after))

    def take(self) -> list[Change]:
        """What was noted since the last time, in the order in which it happened."""
        noted, self._noted = self._noted, []
        return noted
