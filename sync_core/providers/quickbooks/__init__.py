"""The QuickBooks Online client: customers, items, sales receipts, payments, refund receipts of one company.

What lives here: `connect` (see `client`), the wire (`calls`, `faults`), one reading loop (`reading`) and one writing loop
(`writing`) for all kinds of object, and one module per kind that says how it looks. What does not: mappings, the ledger,
limits and retries (`sync_core.http`).
"""

from sync_core.providers.quickbooks.client import connect

__all__ = ["connect"]
