"""One index per question, so that no plan depends on statistics; customers can be looked up by e-mail and phone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
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
VENUE = sa.text("(venue_id || '')")

JOIN_REFUNDS = """
CREATE OR REPLACE FUNCTION venue.join_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.order_id IS NOT NULL AND NEW.status = 'succeeded' THEN
        UPDATE venue.refunds SET payment_id = NEW.id
        WHERE {venue} = NEW.venue_id AND order_id = NEW.order_id AND provider = NEW.provider AND payment_id IS NULL;
    END IF;
    RETURN NULL;
END $$
"""
FIND_PAYMENT = """
CREATE OR REPLACE FUNCTION venue.find_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.payment_id IS NULL AND NEW.order_id IS NOT NULL THEN
        SELECT id INTO NEW.payment_id FROM venue.payments
        WHERE {venue} = NEW.venue_id AND order_id = NEW.order_id AND provider = NEW.provider AND status = 'succeeded'
        ORDER BY paid_at LIMIT 1;
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    for table in SYNCED:
        op.drop_index(f"ix_{table}_venue_id_changed_xid", table, schema="venue")
        op.create_index(f"ix_{table}_changed", table, [VENUE, "changed_xid"], schema="venue")
    for table in ("payments", "refunds"):
        op.drop_index(f"ix_{table}_venue_id_order_id", table, schema="venue")
        op.create_index(f"ix_{table}_order", table, ["order_id", VENUE], schema="venue")
    for column in ("email", "phone"):
        op.create_index(f"ix_customers_{column}", "customers", [sa.text(f"lower({column})"), VENUE], schema="venue")
    op.drop_constraint("uq_ledger_connection_id_entity_remote_id", "ledger", schema="sync")
    op.create_index("ux_ledger_remote", "ledger", ["remote_id", "connection_id", "entity"], unique=True, schema="sync")
    _triggers("(venue_id || '')")


def downgrade() -> None:
    _triggers("venue_id")
    op.drop_index("ux_ledger_remote", "ledger", schema="sync")
    op.create_unique_constraint(
        "uq_ledger_connection_id_entity_remote_id", "ledger", ["connection_id", "entity", "remote_id"], schema="sync"
    )
    for column in ("email", "phone"):
        op.drop_index(f"ix_customers_{column}", "customers", schema="venue")
    for table in ("payments", "refunds"):
        op.drop_index(f"ix_{table}_order", table, schema="venue")
        op.create_index(f"ix_{table}_venue_id_order_id", table, ["venue_id", "order_id"], schema="venue")
    for table in SYNCED:
        op.drop_index(f"ix_{table}_changed", table, schema="venue")
        op.create_index(f"ix_{table}_venue_id_changed_xid", table, ["venue_id", "changed_xid"], schema="venue")


def _triggers(venue: str) -> None:
    op.execute(JOIN_REFUNDS.format(venue=venue))
    op.execute(FIND_PAYMENT.format(venue=venue))
