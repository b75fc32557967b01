"""Everything Square keeps about one seller."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sync_sims.square.catalog_shelf import CatalogShelf
from sync_sims.square.customer_index import CustomerIndex
from sync_sims.square.shelf import Row, Shelf
from sync_sims.square.stock import ChangesShelf

Record = Callable[[str, str, str, Row], None]
Note = Callable[[str, str, str, Row | None, Row | None], None]


class Books:
    """One seller's shelves. Every change goes through `put`, which also hands it to the journal."""

    def __init__(self, account_id: str, *, record: Record, note: Note) -> None:
        self.account_id = account_id
        self._record = record
        self._note = note
        self.seller = Shelf("seller")
        self.catalog = CatalogShelf("catalog")
        self.customers = Shelf("customers")
        self.customer_index = CustomerIndex(self.customers)
        self.inventory_counts = Shelf("inventory_counts")
        self.inventory_changes = ChangesShelf("inventory_changes")
        self.payments = Shelf("payments")
        self.refunds = Shelf("refunds")
        self.orders = Shelf("orders")
        self.loyalty_programs = Shelf("loyalty_programs")
        self.loyalty_accounts = Shelf("loyalty_accounts")
        self.loyalty_events = Shelf("loyalty_events")
        self.keys = Shelf("keys")
        self.shelves = {shelf.name: shelf for shelf in self._all()}
        self.catalog_busy_until: datetime | None = None

    def _all(self) -> tuple[Shelf, ...]:
        return (
            self.seller,
            self.catalog,
            self.customers,
            self.inventory_counts,
            self.inventory_changes,
            self.payments,
            self.refunds,
            self.orders,
            self.loyalty_programs,
            self.loyalty_accounts,
            self.loyalty_events,
            self.keys,
        )

    def put(self, shelf: Shelf, key: str, row: Row) -> None:
        """Write a row and note it for the journal."""
        before = shelf.rows.get(key)
        shelf.put(key, row)
        self._record(self.account_id, shelf.name, key, row)
        self._note(self.account_id, shelf.name, key, before, row)

    def restore(self, shelf: str, key: str, row: Row) -> None:
        """Write a row that the journal already holds."""
        self.shelves[shelf].put(key, row)

    def describe(self, **facts: Any) -> None:
        """Set facts about the seller: name, location_id, created_at, currency."""
        self.put(self.seller, "seller", {**self.seller.rows.get("seller", {}), **facts})

    def is_counted(self, variation_id: str) -> bool:
        """Whether the stock of a variation was ever counted: what never was does not change with a sale."""
        return bool(self.inventory_changes.at((variation_id, self.location_id)))

    @property
    def name(self) -> str:
        """The business name."""
        return self.seller.rows["seller"]["name"]

    @property
    def location_id(self) -> str:
        """The seller's only location."""
        return self.seller.rows["seller"]["location_id"]

    @property
    def created_at(self) -> str:
        """When the seller appeared, as a stamp."""
        return self.seller.rows["seller"]["created_at"]

    @property
    def currency(self) -> str | None:
        """The seller's ISO 4217 currency; None until the first money is seen."""
        return self.seller.rows["seller"].get("currency")
