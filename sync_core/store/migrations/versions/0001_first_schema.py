"""The first schema: the platform's records (venue) and what we keep about accounts (sync)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from sync_core.store.venue_tables import Xid8

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SYNCED = (
    "products",
    "customers",
    "stock",
    "orders",
    "payments",
    "payment_attempts",
    "refunds",
    "balance_entries",
)

# Every change stamps the row with its transaction, and with the time unless the change brought its own:
# a record pulled from a provider keeps the time at which the provider says it changed.
STAMP = """
CREATE FUNCTION venue.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    IF TG_OP = 'UPDATE' AND NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END $$
"""

# A refund may be decided before its payment was pulled; whichever comes second joins the two.
JOIN_REFUNDS = """
CREATE FUNCTION venue.join_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.order_id IS NOT NULL AND NEW.status = 'succeeded' THEN
        UPDATE venue.refunds SET payment_id = NEW.id
        WHERE venue_id = NEW.venue_id AND order_id = NEW.order_id AND provider = NEW.provider AND payment_id IS NULL;
    END IF;
    RETURN NULL;
END $$
"""
FIND_PAYMENT = """
CREATE FUNCTION venue.find_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.payment_id IS NULL AND NEW.order_id IS NOT NULL THEN
        SELECT id INTO NEW.payment_id FROM venue.payments
        WHERE venue_id = NEW.venue_id AND order_id = NEW.order_id AND provider = NEW.provider AND status = 'succeeded'
        ORDER BY paid_at LIMIT 1;
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "import_rejections",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("source", "row", name=op.f("pk_import_rejections")),
        schema="venue",
    )
    op.create_table(
        "venues",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="default", nullable=False),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("seats", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_venues_currency_is_iso_4217")),
        sa.CheckConstraint("id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name=op.f("ck_venues_id_is_a_slug")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venues")),
        schema="venue",
    )
    op.create_table(
        "connections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="disconnected", nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("account_name", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("environment IN ('production', 'sandbox')", name=op.f("ck_connections_environment")),
        sa.CheckConstraint(
            "status IN ('disconnected', 'connecting', 'connected', 'error', 'suspended')",
            name=op.f("ck_connections_status"),
        ),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venue.venues.id"], name=op.f("fk_connections_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("venue_id", "provider", name=op.f("uq_connections_venue_id_provider")),
        schema="sync",
    )
    op.create_table(
        "balance_entries",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("available_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venue.venues.id"], name=op.f("fk_balance_entries_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_balance_entries")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_balance_entries_venue_id_changed_xid"),
        "balance_entries",
        ["venue_id", "changed_xid"],
        unique=False,
        schema="venue",
    )
    op.create_table(
        "customers",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("address_line1", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venue.venues.id"], name=op.f("fk_customers_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_customers")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_customers_venue_id_changed_xid"),
        "customers",
        ["venue_id", "changed_xid"],
        unique=False,
        schema="venue",
    )
    op.create_table(
        "events",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.venues.id"], name=op.f("fk_events_venue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_events")),
        schema="venue",
    )
    op.create_table(
        "orders",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), server_default="sale", nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.venues.id"], name=op.f("fk_orders_venue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_orders")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_orders_venue_id_changed_xid"), "orders", ["venue_id", "changed_xid"], unique=False, schema="venue"
    )
    op.create_table(
        "payment_attempts",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venue.venues.id"], name=op.f("fk_payment_attempts_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_payment_attempts")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_payment_attempts_venue_id_changed_xid"),
        "payment_attempts",
        ["venue_id", "changed_xid"],
        unique=False,
        schema="venue",
    )
    op.create_table(
        "payments",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venue.venues.id"], name=op.f("fk_payments_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_payments")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_payments_venue_id_changed_xid"), "payments", ["venue_id", "changed_xid"], unique=False, schema="venue"
    )
    op.create_index(
        op.f("ix_payments_venue_id_order_id"), "payments", ["venue_id", "order_id"], unique=False, schema="venue"
    )
    op.create_table(
        "products",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), server_default="merchandise", nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venue.venues.id"], name=op.f("fk_products_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_products")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_products_venue_id_changed_xid"), "products", ["venue_id", "changed_xid"], unique=False, schema="venue"
    )
    op.create_table(
        "refunds",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="requested", nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id"], ["venue.venues.id"], name=op.f("fk_refunds_venue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_refunds")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_refunds_venue_id_changed_xid"), "refunds", ["venue_id", "changed_xid"], unique=False, schema="venue"
    )
    op.create_index(
        op.f("ix_refunds_venue_id_order_id"), "refunds", ["venue_id", "order_id"], unique=False, schema="venue"
    )
    op.create_table(
        "stock",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.venues.id"], name=op.f("fk_stock_venue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("venue_id", "id", name=op.f("pk_stock")),
        schema="venue",
    )
    op.create_index(
        op.f("ix_stock_venue_id_changed_xid"), "stock", ["venue_id", "changed_xid"], unique=False, schema="venue"
    )
    op.create_table(
        "conflicts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("venue_value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("provider_value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("winner", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_conflicts_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
        schema="sync",
    )
    op.create_index(
        op.f("ix_conflicts_connection_id_at"), "conflicts", ["connection_id", "at"], unique=False, schema="sync"
    )
    op.create_table(
        "credentials",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_credentials_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "kind", name=op.f("pk_credentials")),
        schema="sync",
    )
    op.create_table(
        "cursors",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("position", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("direction IN ('push', 'pull')", name=op.f("ck_cursors_direction")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_cursors_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "entity", "direction", name=op.f("pk_cursors")),
        schema="sync",
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="1", nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("direction IN ('push', 'pull')", name=op.f("ck_dead_letters_direction")),
        sa.CheckConstraint("status IN ('open', 'resolved', 'discarded')", name=op.f("ck_dead_letters_status")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_dead_letters_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint(
            "connection_id",
            "entity",
            "direction",
            "record_id",
            name=op.f("uq_dead_letters_connection_id_entity_direction_record_id"),
        ),
        schema="sync",
    )
    op.create_table(
        "intents",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("record_key", sa.Text(), nullable=False),
        sa.Column("batch_key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mapped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column(
            "remote_state",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("operation IN ('create', 'update', 'delete')", name=op.f("ck_intents_operation")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_intents_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "entity", "local_id", name=op.f("pk_intents")),
        schema="sync",
    )
    op.create_table(
        "ledger",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column(
            "remote_state",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("pushed_hash", sa.LargeBinary(), nullable=True),
        sa.Column("pushed", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("seen_hash", sa.LargeBinary(), nullable=True),
        sa.Column("seen", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("remote_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_ledger_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "entity", "local_id", name=op.f("pk_ledger")),
        sa.UniqueConstraint(
            "connection_id", "entity", "remote_id", name=op.f("uq_ledger_connection_id_entity_remote_id")
        ),
        schema="sync",
    )
    op.create_table(
        "pending",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="1", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_pending_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connection_id", "entity", "local_id", name=op.f("pk_pending")),
        schema="sync",
    )
    op.create_table(
        "sync_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "counts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("api_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name=op.f("fk_sync_log_connection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_log")),
        schema="sync",
    )
    op.create_index(
        op.f("ix_sync_log_connection_id_entity_started_at"),
        "sync_log",
        ["connection_id", "entity", "started_at"],
        unique=False,
        schema="sync",
    )
    op.create_table(
        "order_lines",
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id", "order_id"],
            ["venue.orders.venue_id", "venue.orders.id"],
            name=op.f("fk_order_lines_venue_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("venue_id", "order_id", "line", name=op.f("pk_order_lines")),
        schema="venue",
    )
    op.execute(STAMP)
    for table in SYNCED:
        op.execute(
            f"CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON venue.{table} FOR EACH ROW EXECUTE FUNCTION venue.stamp()"
        )
    op.execute(JOIN_REFUNDS)
    op.execute(
        "CREATE TRIGGER join_refunds AFTER INSERT OR UPDATE ON venue.payments "
        "FOR EACH ROW EXECUTE FUNCTION venue.join_refunds()"
    )
    op.execute(FIND_PAYMENT)
    op.execute(
        "CREATE TRIGGER find_payment BEFORE INSERT ON venue.refunds FOR EACH ROW EXECUTE FUNCTION venue.find_payment()"
    )


def downgrade() -> None:
    op.drop_table("order_lines", schema="venue")
    op.drop_index(op.f("ix_sync_log_connection_id_entity_started_at"), table_name="sync_log", schema="sync")
    op.drop_table("sync_log", schema="sync")
    op.drop_table("pending", schema="sync")
    op.drop_table("ledger", schema="sync")
    op.drop_table("intents", schema="sync")
    op.drop_table("dead_letters", schema="sync")
    op.drop_table("cursors", schema="sync")
    op.drop_table("credentials", schema="sync")
    op.drop_index(op.f("ix_conflicts_connection_id_at"), table_name="conflicts", schema="sync")
    op.drop_table("conflicts", schema="sync")
    op.drop_index(op.f("ix_stock_venue_id_changed_xid"), table_name="stock", schema="venue")
    op.drop_table("stock", schema="venue")
    op.drop_index(op.f("ix_refunds_venue_id_order_id"), table_name="refunds", schema="venue")
    op.drop_index(op.f("ix_refunds_venue_id_changed_xid"), table_name="refunds", schema="venue")
    op.drop_table("refunds", schema="venue")
    op.drop_index(op.f("ix_products_venue_id_changed_xid"), table_name="products", schema="venue")
    op.drop_table("products", schema="venue")
    op.drop_index(op.f("ix_payments_venue_id_order_id"), table_name="payments", schema="venue")
    op.drop_index(op.f("ix_payments_venue_id_changed_xid"), table_name="payments", schema="venue")
    op.drop_table("payments", schema="venue")
    op.drop_index(op.f("ix_payment_attempts_venue_id_changed_xid"), table_name="payment_attempts", schema="venue")
    op.drop_table("payment_attempts", schema="venue")
    op.drop_index(op.f("ix_orders_venue_id_changed_xid"), table_name="orders", schema="venue")
    op.drop_table("orders", schema="venue")
    op.drop_table("events", schema="venue")
    op.drop_index(op.f("ix_customers_venue_id_changed_xid"), table_name="customers", schema="venue")
    op.drop_table("customers", schema="venue")
    op.drop_index(op.f("ix_balance_entries_venue_id_changed_xid"), table_name="balance_entries", schema="venue")
    op.drop_table("balance_entries", schema="venue")
    op.drop_table("connections", schema="sync")
    op.drop_table("venues", schema="venue")
    op.drop_table("import_rejections", schema="venue")
    for function in ("find_payment", "join_refunds", "stamp"):
        op.execute(f"DROP FUNCTION venue.{function}()")
