"""Webhooks: the inbox of verified events, and the queue of work that is asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")
EMPTY = sa.text("'{}'::jsonb")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, server_default="app"),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("object_type", sa.Text()),
        sa.Column("object_id", sa.Text()),
        sa.Column("occurred_at", TIMESTAMP),
        sa.Column("payload", pg.JSONB(), nullable=False),
        sa.Column("connection_id", sa.BigInteger()),
        sa.Column("status", sa.Text(), nullable=False, server_default="received"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("reason", sa.Text()),
        sa.Column("received_at", TIMESTAMP, nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("finished_at", TIMESTAMP),
        sa.CheckConstraint(
            "status IN ('received', 'applied', 'skipped', 'failed', 'dead')", name="ck_webhook_events_status"
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name="fk_webhook_events_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_events"),
        sa.UniqueConstraint("provider", "address", "event_id", name="uq_webhook_events_provider_address_event_id"),
        schema="sync",
    )
    op.create_index(
        "ix_webhook_events_waiting",
        "webhook_events",
        ["next_at", "id"],
        schema="sync",
        postgresql_where=sa.text("status IN ('received', 'failed')"),
    )
    op.create_index("ix_webhook_events_connection_id", "webhook_events", ["connection_id"], schema="sync")
    op.create_index("ix_webhook_events_account", "webhook_events", ["account_id", "provider"], schema="sync")
    op.create_index("ix_webhook_events_received_at", "webhook_events", ["received_at"], schema="sync")
    op.create_table(
        "webhook_addresses",
        sa.Column("connection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name="fk_webhook_addresses_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", name="pk_webhook_addresses"),
        sa.UniqueConstraint("token_hash", name="uq_webhook_addresses_token_hash"),
        schema="sync",
    )
    op.create_index(
        "ix_connections_account",
        "connections",
        [sa.text("split_part(account_id, '/', -1)"), "provider"],
        schema="sync",
    )
    op.create_table(
        "work",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("since", TIMESTAMP),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False, server_default="queued"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("not_before", TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claimed_at", TIMESTAMP),
        sa.Column("seen_at", TIMESTAMP),
        sa.Column("stop_asked", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("progress", pg.JSONB(), nullable=False, server_default=EMPTY),
        sa.Column("result", pg.JSONB(), nullable=False, server_default=EMPTY),
        sa.Column("error", sa.Text()),
        sa.Column("requested_at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("finished_at", TIMESTAMP),
        sa.CheckConstraint("mode IN ('incremental', 'full', 'since')", name="ck_work_mode"),
        sa.CheckConstraint("(mode = 'since') = (since IS NOT NULL)", name="ck_work_since"),
        sa.CheckConstraint("priority IN ('critical', 'high', 'normal', 'low')", name="ck_work_priority"),
        sa.CheckConstraint("status IN ('queued', 'running', 'succeeded', 'dead', 'cancelled')", name="ck_work_status"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name="fk_work_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_work"),
        sa.UniqueConstraint(
            "connection_id", "entity", "idempotency_key", name="uq_work_connection_id_entity_idempotency_key"
        ),
        schema="sync",
    )
    op.create_index(
        "ix_work_queued", "work", ["not_before"], schema="sync", postgresql_where=sa.text("status = 'queued'")
    )
    op.create_index("ix_work_requested_at", "work", ["requested_at"], schema="sync")
    op.create_index(
        "ux_work_running",
        "work",
        ["connection_id", "entity"],
        unique=True,
        schema="sync",
        postgresql_where=sa.text("status = 'running'"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("work", schema="sync")
    op.drop_index("ix_connections_account", "connections", schema="sync")
    op.drop_table("webhook_addresses", schema="sync")
    op.drop_table("webhook_events", schema="sync")
