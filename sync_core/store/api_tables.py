"""Schema `sync`: what the HTTP API remembers: its callers' keys and allowances, answers that may be repeated, who did what.

No secret is in here: of a key only a hash is kept, of a request only a hash, and an answer that showed a secret is
stored without it.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.venue_tables import NOW, TIMESTAMP, metadata

# `id` is the key's public part, which names it in lists and logs; `venue_id` None: a key of the platform itself.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("venue_id", sa.Text, sa.ForeignKey("venue.venues.id", ondelete="CASCADE")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("expires_at", TIMESTAMP),
    sa.Column("revoked_at", TIMESTAMP),
    sa.Column("last_used_at", TIMESTAMP),
    sa.Column("replaced_by", sa.Text),  # the key that it was rotated into
    schema="sync",
)
sa.Index("ix_api_keys_venue_id", api_keys.c.venue_id)

# `spent_until`: the moment at which a caller who asks no more has the whole allowance again. Unlogged: it is written at
# every request, need not wait for the disk, and after a crash everybody may as well have the whole allowance.
api_allowances = sa.Table(
    "api_allowances",
    metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("spent_until", TIMESTAMP, nullable=False),
    schema="sync",
    prefixes=["UNLOGGED"],
)

# A request under an Idempotency-Key. `status` None: it is being worked on, by a process that began at `claimed_at`.
api_requests = sa.Table(
    "api_requests",
    metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),  # of method, address and body
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("claimed_at", TIMESTAMP, nullable=False),
    sa.Column("expires_at", TIMESTAMP, nullable=False),
    schema="sync",
)
sa.Index("ix_api_requests_expires_at", api_requests.c.expires_at)

# Written before the change and completed after it, so that there is no change without its line. No foreign keys:
# the line outlives the venue, the key and the connection that it names.
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", TIMESTAMP, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),  # user:<subject>, key:<id>, provider:<name>
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("venue_id", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),  # the address asked for, without its query
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),  # the answer's; None: the process died before it knew
    schema="sync",
)
sa.Index("ix_audit_log_venue_id", audit_log.c.venue_id, audit_log.c.id)
