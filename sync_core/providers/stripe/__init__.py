"""The Stripe client: products with their prices, customers, charges, payment intents, refunds, balance transactions.

What lives here: `connect` (see `client`), the wire (`calls`), which objects there are (`kinds`), and one module each for
reading, writing and finding. What does not: mappings, the ledger, limits and retries (`sync_core.http`).
Names clash on purpose: inside this package `import stripe` is the official SDK.
"""

from sync_core.providers.stripe.client import connect

__all__ = ["connect"]
