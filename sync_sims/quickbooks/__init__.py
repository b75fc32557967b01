"""The QuickBooks Online simulator: companies with their lists, documents and books as Intuit's Accounting API keeps them.

Lives here: one module per family of entities (`people`, `products`, `accounts`, `sales`, `payments`, `spending`), what
follows from documents (`ledger`, `totals`, `settle`, `reports`), the ways in (`query`, `changes`, `batch`, `writes`),
and `QuickBooksSimulator`, which is what the server puts on the wire.
Does not live here: HTTP, faults and rate limits (`sync_sims.server`, `faults`, `limits`), OAuth and webhooks, and the
official SDK: only the tests drive the simulator with it.
"""

from sync_sims.quickbooks.simulator import LIMITS, QuickBooksSimulator
from sync_sims.quickbooks.terms import Terms

__all__ = ["LIMITS", "QuickBooksSimulator", "Terms"]
