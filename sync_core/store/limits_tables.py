"""Schema `sync`: how much of each provider account's limits is used at this moment, and which breakers are not closed.

Both are about the last minutes only. What of the limits a crash of the database forgets was used up by then anyway, so
that table is not logged: a permit costs no write to disk.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.venue_tables import TIMESTAMP, metadata

SECONDS = sa.Double

# One `sync_core.http.allowance.Meter`, in seconds of the database's own clock. A row that is missing is a full limit.
provider_limits = sa.Table(
    "provider_limits",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),  # provider/environment/account id
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("free_at", SECONDS, nullable=False, server_default="0"),
    sa.Column("parts", pg.ARRAY(sa.BigInteger), nullable=False, server_default="{}"),
    sa.Column("given", pg.ARRAY(sa.Integer), nullable=False, server_default="{}"),
    sa.Column("low", SECONDS, nullable=False, server_default="1"),
    sa.Column("lowered_at", SECONDS, nullable=False, server_default="0"),
    sa.Column("used_at", SECONDS, nullable=False, server_default="0"),
    prefixes=["UNLOGGED"],
    schema="sync",
)

# A breaker that has nothing to say has no row. `name` is a provider or a provider's account.
breakers = sa.Table(
    "breakers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("failed_by", pg.ARRAY(sa.Text), nullable=False),  # the accounts whose calls those were
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("opened_at", TIMESTAMP),  # None: closed so far
    sa.Column("successes", sa.Integer, nullable=False, server_default="0"),  # in a row, since it was opened
    sa.Column("trying_until", TIMESTAMP),  # a call is under way that tries whether the provider is well again
    sa.Column("changed_at", TIMESTAMP, nullable=False),
    schema="sync",
)
