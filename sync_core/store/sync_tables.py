"""Schema `sync`: what this product keeps about the venues' accounts.

The ledger says what we know to be at the provider; an intent says what we are about to write there.
Together they make a write exactly-once: no call without an intent, no intent forgotten without an outcome.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.venue_tables import NOW, TIMESTAMP, Xid8, metadata
from sync_core.trouble import CATEGORIES

IS_A_CATEGORY = "category IN (" + ", ".join(f"'{category}'" for category in CATEGORIES) + ")"

connections = sa.Table(
    "connections",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("venue_id", sa.Text, sa.ForeignKey("venue.venues.id", ondelete="CASCADE"), nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="disconnected"),
    sa.Column("account_id", sa.Text),
    sa.Column("account_name", sa.Text),
    sa.Column("last_error", sa.Text),
    sa.Column("last_error_at", TIMESTAMP),
    sa.Column("last_sync_at", TIMESTAMP),
    sa.Column("connected_at", TIMESTAMP),
    sa.Column("settings", pg.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),  # spec/connection.py
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.UniqueConstraint("venue_id", "provider"),
    sa.CheckConstraint("environment IN ('production', 'sandbox')", name="environment"),
    sa.CheckConstraint("status IN ('disconnected', 'connecting', 'connected', 'error', 'suspended')", name="status"),
    schema="sync",
)


def _connection(*, primary_key: bool = True) -> sa.Column[int]:
    return sa.Column(
        "connection_id",
        sa.BigInteger,
        sa.ForeignKey("sync.connections.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


credentials = sa.Table(
    "credentials",
    metadata,
    _connection(),
    sa.Column("kind", sa.Text, primary_key=True),  # api_key, later oauth
    sa.Column("envelope", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),  # which master key wrapped it, for rotation
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    schema="sync",
)

# `pushed` and `seen` are flat objects, provider path -> value: what we last wrote, and what the provider last showed.
# Comparing each side with its own past tells who changed which field, even where a provider rewrites what it is given.
ledger = sa.Table(
    "ledger",
    metadata,
    _connection(),
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("local_id", sa.Text, primary_key=True),
    sa.Column("remote_id", sa.Text, nullable=False),
    sa.Column("remote_state", pg.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("pushed_hash", sa.LargeBinary),
    sa.Column("pushed", pg.JSONB),
    sa.Column("seen_hash", sa.LargeBinary),
    sa.Column("seen", pg.JSONB),
    sa.Column("remote_updated_at", TIMESTAMP),
    sa.Column("deleted", sa.Boolean, nullable=False, server_default="false"),
    # The row's changed_xid when a pull last wrote it such that nothing of it is to be pushed.
    sa.Column("in_step_xid", Xid8),
    sa.Column("settled_at", TIMESTAMP, nullable=False, server_default=NOW),
    schema="sync",
)
# The remote id comes first, so that a look-up by local id has the primary key alone (see venue_tables).
sa.Index("ux_ledger_remote", ledger.c.remote_id, ledger.c.connection_id, ledger.c.entity, unique=True)

intents = sa.Table(
    "intents",
    metadata,
    _connection(),
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("local_id", sa.Text, primary_key=True),
    sa.Column("operation", sa.Text, nullable=False),
    sa.Column("record_key", sa.Text, nullable=False),  # idempotency key of the record
    sa.Column("batch_key", sa.Text, nullable=False),  # idempotency key of the request it travels in
    sa.Column("position", sa.Integer, nullable=False),  # its place in that request
    sa.Column("fields", pg.JSONB, nullable=False),  # what is sent
    sa.Column("mapped", pg.JSONB, nullable=False),  # the whole mapped record: `pushed` once settled
    sa.Column("remote_id", sa.Text),
    sa.Column("remote_state", pg.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("created_at", TIMESTAMP, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # of the provider itself, on its request
    sa.CheckConstraint("operation IN ('create', 'update', 'delete')", name="operation"),
    schema="sync",
)

# Rows to look at again although they did not change: they wait for another record, or the provider refused them.
pending = sa.Table(
    "pending",
    metadata,
    _connection(),
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("local_id", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="1"),
    sa.Column("due_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("since", TIMESTAMP, nullable=False, server_default=NOW),
    schema="sync",
)

# direction push: position = {"xid": ...}; direction pull: whatever the provider's client made of it.
cursors = sa.Table(
    "cursors",
    metadata,
    _connection(),
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("direction", sa.Text, primary_key=True),
    sa.Column("position", pg.JSONB, nullable=False),
    sa.Column("moved_at", TIMESTAMP, nullable=False, server_default=NOW),
    # Under which filters and mapping it was reached: under others, records before it may have been passed over.
    sa.Column("terms", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("direction IN ('push', 'pull')", name="direction"),
    schema="sync",
)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _connection(primary_key=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("record_id", sa.Text, nullable=False),  # local id on push, remote id on pull
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False, server_default="unknown"),  # sync_core/trouble
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="1"),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    sa.Column("first_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("last_at", TIMESTAMP, nullable=False, server_default=NOW),
    # When what was refused on pull is asked for again; a refused row of the venue's is due by `pending`.
    sa.Column("due_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.CheckConstraint("status IN ('open', 'resolved', 'discarded')", name="status"),
    sa.CheckConstraint(IS_A_CATEGORY, name="category"),
    sa.CheckConstraint("direction IN ('push', 'pull')", name="direction"),
    sa.UniqueConstraint("connection_id", "entity", "direction", "record_id"),
    schema="sync",
)

sa.Index(
    "ix_dead_letters_open",
    dead_letters.c.connection_id,
    dead_letters.c.entity,
    dead_letters.c.direction,
    postgresql_where=sa.text("status = 'open'"),
)

# Both sides changed the same field: what each had, and who won by which policy.
conflicts = sa.Table(
    "conflicts",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _connection(primary_key=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("local_id", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),  # the provider's path
    sa.Column("venue_value", pg.JSONB),
    sa.Column("provider_value", pg.JSONB),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("winner", sa.Text, nullable=False),
    sa.Column("at", TIMESTAMP, nullable=False, server_default=NOW),
    schema="sync",
)
sa.Index(None, conflicts.c.connection_id, conflicts.c.at)

# One row per sync of one connection's entity: the history a person reads.
sync_log = sa.Table(
    "sync_log",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _connection(primary_key=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),  # Dagster's run, the HTTP request, or the command line's own
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # running | succeeded | failed
    sa.Column("started_at", TIMESTAMP, nullable=False),
    sa.Column("finished_at", TIMESTAMP),
    sa.Column("counts", pg.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("api_calls", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    sa.Column("category", sa.Text),  # of the error
    sa.CheckConstraint(IS_A_CATEGORY, name="category"),
    schema="sync",
)
sa.Index(None, sync_log.c.connection_id, sync_log.c.entity, sync_log.c.started_at)
# For the last day of all connections: rows come in the order of time, and this one costs a write next to nothing.
sa.Index("ix_sync_log_started_at", sync_log.c.started_at, postgresql_using="brin")
