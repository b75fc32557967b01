"""Webhooks in: what a provider tells us, from its first byte to the applied record.

What lives here: is it really from the provider (`verify`), what does it say (`parse`), what does it mean for the
venue's records (`apply`). What does not: HTTP (`sync_api.routes.webhooks`) and SQL (`sync_core.store.inbox`).
"""

from sync_core.errors import SignatureError
from sync_core.webhooks.event import Event
from sync_core.webhooks.parse import parse
from sync_core.webhooks.verify import verify

__all__ = ["Event", "SignatureError", "parse", "verify"]
