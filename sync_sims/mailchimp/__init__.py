"""The Mailchimp simulator: lists, members, tags, stores, orders and campaigns as the Marketing API 3.0 keeps them.

Lives here: one module per family of endpoints, the shelves their rows stand on, and `MailchimpSimulator`, which is what
the server puts on the wire.
Does not live here: HTTP, faults and limits (`sync_sims.server`, `faults`, `limits`), OAuth and webhooks, interest groups,
segments by conditions, the editing and sending of campaigns, and the official SDK: only the tests drive the simulator
with it.
"""

from sync_sims.mailchimp.simulator import MailchimpSimulator
from sync_sims.mailchimp.terms import Terms

__all__ = ["MailchimpSimulator", "Terms"]
