"""The Square simulator: sellers, catalog, customers, inventory, payments and refunds as Square's API keeps them.

Lives here: one module per family of endpoints, the shelves their rows stand on, and `SquareSimulator`, which is what
the server puts on the wire.
Does not live here: HTTP, faults and rate limits (`sync_sims.server`, `faults`, `limits`), OAuth and webhooks, orders,
invoices, subscriptions, and the official SDK: only the tests drive the simulator with it.
"""

from sync_sims.square.simulator import SquareSimulator
from sync_sims.square.terms import Terms

__all__ = ["SquareSimulator", "Terms"]
