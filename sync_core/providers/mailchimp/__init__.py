"""The Mailchimp Marketing client: the contacts of one audience, and the products of its store.

What lives here: `connect` (see `client`), the wire (`calls`), the audience and its merge fields (`audience`), contacts
(`contact` for their shape, `walk` for reading, `members` for all of it), the store (`store`) and its products. What
does not: mappings, the ledger, limits and retries (`sync_core.http`), and campaigns: nothing here sends mail.
"""

from sync_core.providers.mailchimp.client import connect

__all__ = ["connect"]
