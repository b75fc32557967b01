"""Everything Mailchimp keeps about one account."""

from collections.abc import Callable
from typing import Any

from sync_sims.mailchimp.ledger import Ledger
from sync_sims.mailchimp.rosters import Rosters
from sync_sims.mailchimp.shelf import Row, Shelf

Record = Callable[[str, str, str, Row | None], None]
Note = Callable[[str, str, str, Row | None, Row | None], None]


class Books:
    """One account's shelves. Every change goes through `put` or `remove`, which also hand it to the journal."""

    def __init__(self, account_id: str, *, record: Record, note: Note) -> None:
        self.account_id = account_id
        self._record = record
        self._note = note
        self.account = Shelf("account")
        self.lists = Shelf("lists")
        self.members = Shelf("members", parent="list_id")
        self.rosters = Rosters(self.members)
        self.forgotten = Shelf("forgotten")
        self.merge_fields = Shelf("merge_fields", parent="list_id")
        self.segments = Shelf("segments", parent="list_id")
        self.events = Shelf("events", parent="contact")
        self.stores = Shelf("stores")
        self.products = Shelf("products", parent="store_id")
        self.customers = Shelf("customers", parent="store_id")
        self.orders = Shelf("orders", parent="store_id")
        self.ledger = Ledger(self.orders)
        self.carts = Shelf("carts", parent="store_id")
        self.campaigns = Shelf("campaigns")
        self.reports = Shelf("reports")
        self.automations = Shelf("automations")
        self.journeys = Shelf("journeys")
        self.journey_triggers = Shelf("journey_triggers")
        self.batches = Shelf("batches")
        self.results = Shelf("results")
        self.waiting: dict[str, Row] = {}
        self.batches.watch(self._note_batch)
        self.shelves = {value.name: value for value in vars(self).values() if isinstance(value, Shelf)}

    def _note_batch(self, key: str, before: Row | None, after: Row | None) -> None:
        del before
        if after is None or after["done"]:
            self.waiting.pop(key, None)
        else:
            self.waiting[key] = after

    def put(self, shelf: Shelf, key: str, row: Row) -> None:
        """Write a row and note it for the journal."""
        before = shelf.rows.get(key)
        shelf.put(key, row)
        self._record(self.account_id, shelf.name, key, row)
        self._note(self.account_id, shelf.name, key, before, row)

    def remove(self, shelf: Shelf, key: str) -> None:
        """Take a row away and note it for the journal."""
        before = shelf.rows.get(key)
        shelf.put(key, None)
        self._record(self.account_id, shelf.name, key, None)
        self._note(self.account_id, shelf.name, key, before, None)

    def restore(self, shelf: str, key: str, row: Row | None) -> None:
        """Write a row that the journal already holds."""
        self.shelves[shelf].put(key, row)

    def describe(self, **facts: Any) -> None:
        """Set facts about the account: name, datacenter, created_at."""
        self.put(self.account, "account", {**self.account.rows.get("account", {}), **facts})

    @property
    def facts(self) -> Row:
        """What `describe` was told."""
        return self.account.rows["account"]
