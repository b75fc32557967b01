"""Schema `sync`: authorisations under way, what is known of tokens without opening them, alerts, and the vault's journeys.

No secret is in here: of a state only its hash, and what must stay secret besides (a PKCE verifier) in an envelope.
"""

import sqlalchemy as sa

from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import NOW, TIMESTAMP, metadata


def _connection(*, primary_key: bool = False, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(
        "connection_id",
        sa.BigInteger,
        sa.ForeignKey(connections.c.id, ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=nullable,
    )


# Somebody is on the provider's page. The row is deleted by whoever comes back with the state, whatever comes of it.
oauth_states = sa.Table(
    "oauth_states",
    metadata,
    sa.Column("state_hash", sa.LargeBinary, primary_key=True),
    sa.Column("venue_id", sa.Text, sa.ForeignKey("venue.venues.id", ondelete="CASCADE"), nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("envelope", sa.LargeBinary, nullable=False),  # the PKCE verifier and what the venue added
    sa.Column("created_at", TIMESTAMP, nullable=False),
    sa.Column("expires_at", TIMESTAMP, nullable=False),
    sa.CheckConstraint("environment IN ('production', 'sandbox')", name="environment"),
    schema="sync",
)
sa.Index(None, oauth_states.c.expires_at)
sa.Index(None, oauth_states.c.venue_id, oauth_states.c.provider)

# One row per connection that has tokens; `version` counts them, and who stores new ones must have seen the last.
oauth_tokens = sa.Table(
    "oauth_tokens",
    metadata,
    _connection(primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False, server_default=""),
    sa.Column("obtained_at", TIMESTAMP, nullable=False),
    sa.Column("expires_at", TIMESTAMP),  # None: good until it is revoked
    sa.Column("refresh_expires_at", TIMESTAMP),
    sa.Column("refreshable", sa.Boolean, nullable=False),
    sa.Column("due_at", TIMESTAMP),  # when to refresh without being asked; None: never
    sa.Column("attempted_at", TIMESTAMP),  # a refresh began and has not been settled: its answer may be lost
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # in a row
    sa.Column("retry_at", TIMESTAMP),
    sa.Column("last_error", sa.Text),
    schema="sync",
)
sa.Index("ix_oauth_tokens_due", oauth_tokens.c.due_at, postgresql_where=sa.text("refreshable"))

# What a person should know of; open until it is settled or somebody closes it.
alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _connection(nullable=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),  # what of several things it is about
    sa.Column("severity", sa.Text, nullable=False, server_default="error"),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("times", sa.Integer, nullable=False, server_default="1"),
    sa.Column("first_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("last_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("closed_at", TIMESTAMP),
    sa.CheckConstraint("severity IN ('info', 'warning', 'error', 'critical')", name="severity"),
    schema="sync",
)
OF_CONNECTION = sa.func.coalesce(alerts.c.connection_id, sa.literal_column("0"))
sa.Index(
    "ux_alerts_open",
    OF_CONNECTION,
    alerts.c.kind,
    alerts.c.subject,
    unique=True,
    postgresql_where=sa.text("closed_at IS NULL"),
)

# A rotation is done when nothing is left that was sealed before it began, or under another master key.
vault_rotations = sa.Table(
    "vault_rotations",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("started_at", TIMESTAMP, nullable=False, server_default=sa.text("clock_timestamp()")),
    sa.Column("finished_at", TIMESTAMP),
    sa.Column("resealed", sa.BigInteger, nullable=False, server_default="0"),
    schema="sync",
)

# What an import of legacy secrets stored, so that it can go on after a kill and be taken back.
legacy_imports = sa.Table(
    "legacy_imports",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    _connection(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source_digest", sa.LargeBinary, nullable=False),  # of the line it came from
    sa.Column("made_connection", sa.Boolean, nullable=False),
    sa.Column("stored_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.UniqueConstraint("name", "connection_id", "kind"),
    schema="sync",
)
