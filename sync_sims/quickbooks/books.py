"""Everything QuickBooks keeps about one company: rows by entity and id, names, numbers and sums."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sync_sims.quickbooks.ledger import share_of
from sync_sims.quickbooks.totals import Key, Totals

Row = dict[str, Any]
Record = Callable[[str, str, str, Row | None], None]
Note = Callable[[str, str, str, Row | None, Row | None], None]

_NAMESPACES = {
    "Customer": ("person", "DisplayName"),
    "Vendor": ("person", "DisplayName"),
    "Employee": ("person", "DisplayName"),
    "Item": ("item", "FullyQualifiedName"),
    "Account": ("account", "FullyQualifiedName"),
    "PaymentMethod": ("payment method", "Name"),
}
PREFERENCES = "Preferences"
ONLY = "1"
"""The id of what a company has one of."""
_NUMBERED = frozenset({"Invoice", "SalesReceipt", "RefundReceipt"})


def name_key(entity: str, name: str) -> tuple[str, str] | None:
    """What must be unique about a name; None where names are free."""
    namespace = _NAMESPACES.get(entity)
    return None if namespace is None else (namespace[0], " ".join(name.split()).casefold())


def is_deleted(row: Row) -> bool:
    """Whether the row is what is left of a deleted object."""
    return row.get("status") == "Deleted"


class Books:
    """One company's rows. A row is never changed in place: whoever changes it puts a new one.

    Members whose names begin with an underscore are for our own bookkeeping and are never shown.
    """

    def __init__(self, realm_id: str, *, record: Record, note: Note) -> None:
        self.realm_id = realm_id
        self._record = record
        self._note = note
        self.rows: dict[str, dict[str, Row]] = defaultdict(dict)
        self.totals = Totals()
        self.names: dict[tuple[str, str], tuple[str, str]] = {}
        self.numbers: dict[str, tuple[str, str]] = {}
        self.counters: dict[str, int] = {}
        self.changed: set[Key] = set()
        self._undo: list[tuple[str, str, Row | None]] = []

    @property
    def home_currency(self) -> dict[str, str]:
        """The currency in which the books are kept, as a reference."""
        return self.rows[PREFERENCES][ONLY]["CurrencyPrefs"]["HomeCurrency"]

    def begin(self) -> None:
        """Start a piece of work that `roll_back` undoes as a whole."""
        self._undo.clear()
        self.changed.clear()

    def roll_back(self) -> None:
        """Undo everything since `begin`."""
        for entity, key, former in reversed(self._undo):
            self._write(entity, key, former)
            self._record(self.realm_id, entity, key, former)
        self._undo.clear()
        self.changed.clear()

    def put(self, entity: str, row: Row) -> None:
        """Write a row and note it for the journal."""
        key = row["Id"]
        before = self.rows[entity].get(key)
        self._undo.append((entity, key, before))
        self.changed |= self._write(entity, key, row)
        self._record(self.realm_id, entity, key, row)
        self._note(self.realm_id, entity, key, before, row)

    def restore(self, entity: str, key: str, row: Row | None) -> None:
        """Write a row that the journal already holds."""
        self._write(entity, key, row)

    def _write(self, entity: str, key: str, row: Row | None) -> set[Key]:
        former = self.rows[entity].get(key)
        if former is not None:
            self._forget(entity, key, former)
        if row is None:
            self.rows[entity].pop(key, None)
            return self.totals.replace((entity, key), {})
        self.rows[entity][key] = row
        if is_deleted(row):
            return self.totals.replace((entity, key), {})
        for index, value in self._indexed(entity, row):
            index[value] = (entity, key)
        return self.totals.replace((entity, key), share_of(self.rows, entity, row))

    def _forget(self, entity: str, key: str, row: Row) -> None:
        for index, value in self._indexed(entity, row):
            if index.get(value) == (entity, key):
                del index[value]

    def _indexed(self, entity: str, row: Row) -> list[tuple[dict[Any, tuple[str, str]], Any]]:
        found: list[tuple[dict[Any, tuple[str, str]], Any]] = []
        if entity in _NAMESPACES and not is_deleted(row):
            found.append((self.names, name_key(entity, row[_NAMESPACES[entity][1]])))
        if entity in _NUMBERED and row.get("DocNumber"):
            found.append((self.numbers, row["DocNumber"]))
        return found

    def living(self, entity: str, key: str) -> Row | None:
        """The row unless it was deleted or never was."""
        row = self.rows[entity].get(key)
        return None if row is None or is_deleted(row) else row

    def next_number(self, sequence: str) -> str:
        """The next number of a sequence; each counts from 1."""
        self.counters[sequence] = self.counters.get(sequence, 0) + 1
        return str(self.counters[sequence])
