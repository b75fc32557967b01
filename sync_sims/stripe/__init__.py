"""A Stripe that runs on this machine: API version 2026-10-28.endive, the part a ticketing sync touches.

Lives here: the door (`simulator`: keys, versions, idempotency, request ids), the routes (`routes`), parameters as
Stripe checks them (`form`, `parameters`), one module per family of objects, lists, search, expansion and events.
Does not live here: sockets, faults and limits (`sync_sims.server`). Parameters of features outside the sync (tax,
Connect transfers, payment-method options, manual capture) are refused as unknown rather than silently ignored.
"""

from sync_sims.stripe.simulator import LIVE_LIMITS, TEST_LIMITS, StripeSimulator

__all__ = ["LIVE_LIMITS", "TEST_LIMITS", "StripeSimulator"]
