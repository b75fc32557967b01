"""The Square client: catalog items, customers, inventory counts, payments, refunds, orders, loyalty.

What lives here: `connect` (see `client`), the wire (`calls`), time windows (`windows`), and one module per kind of
object that reads, writes and finds it. What does not: mappings, the ledger, limits and retries (`sync_core.http`).
"""

from sync_core.providers.square.client import connect

__all__ = ["connect"]
