"""Schema `sync`: what providers told us and what people asked for, kept until it is done.

`webhook_events` is the inbox of verified events, `work` the queue of syncs that somebody asked for.
Both are only ever added to by whoever answers a request, and worked off by runs that may die at any moment: a row
leaves its waiting state in the same transaction that notes what became of it.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import NOW, TIMESTAMP, metadata

# `address` is where the event came in: "app" for the application's own, "connection/<id>" for one connection's.
# It is part of the key, so that a venue, which knows the secret of its own address, cannot forestall an event of another.
webhook_events = sa.Table(
    "webhook_events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False, server_default="app"),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text),  # whose event it is in the provider's terms; None: it does not say
    sa.Column("object_type", sa.Text),
    sa.Column("object_id", sa.Text),
    sa.Column("occurred_at", TIMESTAMP),
    sa.Column("payload", pg.JSONB, nullable=False),
    sa.Column("connection_id", sa.BigInteger, sa.ForeignKey("sync.connections.id", ondelete="CASCADE")),
    sa.Column("status", sa.Text, nullable=False, server_default="received"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("reason", sa.Text),  # why it was skipped, failed or is dead
    sa.Column("traceparent", sa.Text),  # of the request that brought it, where traces are exported
    sa.Column("received_at", TIMESTAMP, nullable=False, server_default=sa.text("clock_timestamp()")),
    sa.Column("finished_at", TIMESTAMP),
    sa.CheckConstraint("status IN ('received', 'applied', 'skipped', 'failed', 'dead')", name="status"),
    sa.UniqueConstraint("provider", "address", "event_id"),
    schema="sync",
)
# received and failed are the two states in which an event still waits.
sa.Index(
    "ix_webhook_events_waiting",
    webhook_events.c.next_at,
    webhook_events.c.id,
    postgresql_where=sa.text("status IN ('received', 'failed')"),
)
sa.Index("ix_webhook_events_connection_id", webhook_events.c.connection_id)
sa.Index("ix_webhook_events_account", webhook_events.c.account_id, webhook_events.c.provider)
sa.Index("ix_webhook_events_received_at", webhook_events.c.received_at)
# Whether an account's events go through, while others of it fail.
sa.Index(
    "ix_webhook_events_applied",
    webhook_events.c.account_id,
    webhook_events.c.finished_at,
    postgresql_where=sa.text("status = 'applied'"),
)

# What events name: of an account's id with a part after a slash (Mailchimp's account/list), that part.
ACCOUNT_OF_EVENTS = sa.func.split_part(connections.c.account_id, sa.literal_column("'/'"), sa.literal_column("-1"))
sa.Index("ix_connections_account", ACCOUNT_OF_EVENTS, connections.c.provider)

# The address of one connection's own webhooks ends in a token; only its hash is kept here.
webhook_addresses = sa.Table(
    "webhook_addresses",
    metadata,
    sa.Column(
        "connection_id",
        sa.BigInteger,
        sa.ForeignKey("sync.connections.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("token_hash", sa.LargeBinary, nullable=False),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.UniqueConstraint("token_hash"),
    schema="sync",
)

work = sa.Table(
    "work",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("connection_id", sa.BigInteger, sa.ForeignKey("sync.connections.id", ondelete="CASCADE"), nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("since", TIMESTAMP),  # with mode since
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.Text),
    sa.Column("request_id", sa.Text),  # of the HTTP request that asked, where one did
    sa.Column("traceparent", sa.Text),  # of the same, where traces are exported
    sa.Column("status", sa.Text, nullable=False, server_default="queued"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("not_before", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_at", TIMESTAMP),
    sa.Column("seen_at", TIMESTAMP),  # when its worker last gave a sign of life
    sa.Column("stop_asked", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("progress", pg.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("result", pg.JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("error", sa.Text),
    sa.Column("requested_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("finished_at", TIMESTAMP),
    sa.CheckConstraint("mode IN ('incremental', 'full', 'since')", name="mode"),
    sa.CheckConstraint("(mode = 'since') = (since IS NOT NULL)", name="since"),
    sa.CheckConstraint("priority IN ('critical', 'high', 'normal', 'low')", name="priority"),
    sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'dead', 'cancelled')", name="status"),
    sa.UniqueConstraint("connection_id", "entity", "idempotency_key"),
    schema="sync",
)
sa.Index("ix_work_queued", work.c.not_before, postgresql_where=sa.text("status = 'queued'"))
sa.Index("ix_work_requested_at", work.c.requested_at)
# At most one at a time of each connection and entity, whoever claims.
sa.Index(
    "ux_work_running",
    work.c.connection_id,
    work.c.entity,
    unique=True,
    postgresql_where=sa.text("status = 'running'"),
)
