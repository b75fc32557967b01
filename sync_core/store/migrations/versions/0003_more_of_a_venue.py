"""More of what a venue keeps: subscriptions, invoices, disputes, the books, loyalty, campaigns; an order holds its lines."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.venue_tables import Xid8

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
EMPTY_LIST = sa.text("'[]'::jsonb")

LINES_INTO_ORDERS = """
UPDATE venue.orders AS o SET lines = l.lines FROM (
    SELECT venue_id, order_id, jsonb_agg(jsonb_build_object(
        'line', line, 'product_id', product_id, 'sku', sku, 'description', description,
        'quantity', quantity, 'amount_minor', amount_minor) ORDER BY line) AS lines
    FROM venue.order_lines GROUP BY venue_id, order_id
) AS l WHERE o.venue_id = l.venue_id AND o.id = l.order_id
"""
LINES_OUT_OF_ORDERS = """
INSERT INTO venue.order_lines (venue_id, order_id, line, product_id, sku, description, quantity, amount_minor)
SELECT o.venue_id, o.id, l.line, l.product_id, l.sku, l.description, l.quantity, l.amount_minor
FROM venue.orders AS o CROSS JOIN LATERAL jsonb_to_recordset(o.lines) AS l(
    line integer, product_id text, sku text, description text, quantity bigint, amount_minor bigint)
"""


def upgrade() -> None:
    _create(
        "subscriptions",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("price_minor", sa.BigInteger()),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger()),
        sa.Column("interval", sa.Text()),
        sa.Column("interval_count", sa.BigInteger()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cancel_at_period_end", sa.Boolean()),
        sa.Column("period_start", TIMESTAMP),
        sa.Column("period_end", TIMESTAMP),
        sa.Column("started_at", TIMESTAMP),
        sa.Column("canceled_at", TIMESTAMP),
        sa.Column("ended_at", TIMESTAMP),
    )
    _create(
        "invoices",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text()),
        sa.Column("subscription_id", sa.Text()),
        sa.Column("number", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_minor", sa.BigInteger()),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("memo", sa.Text()),
        sa.Column("lines", pg.JSONB(), nullable=False, server_default=EMPTY_LIST),
        sa.Column("issued_at", TIMESTAMP),
        sa.Column("due_at", TIMESTAMP),
    )
    _create(
        "disputes",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text()),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text()),
        sa.Column("evidence_product", sa.Text()),
        sa.Column("evidence_email", sa.Text()),
        sa.Column("evidence_submitted", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("evidence_due_at", TIMESTAMP),
        sa.Column("opened_at", TIMESTAMP),
    )
    _create(
        "deposits",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account", sa.Text()),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("memo", sa.Text()),
        sa.Column("lines", pg.JSONB(), nullable=False, server_default=EMPTY_LIST),
        sa.Column("deposited_at", TIMESTAMP),
    )
    _create(
        "bills",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text()),
        sa.Column("number", sa.Text()),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_minor", sa.BigInteger()),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("memo", sa.Text()),
        sa.Column("billed_at", TIMESTAMP),
        sa.Column("due_at", TIMESTAMP),
    )
    _create(
        "bill_payments",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text()),
        sa.Column("method", sa.Text()),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("memo", sa.Text()),
        sa.Column("bill_ids", pg.JSONB(), nullable=False, server_default=EMPTY_LIST),
        sa.Column("paid_at", TIMESTAMP),
    )
    _create(
        "purchases",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("payee", sa.Text()),
        sa.Column("method", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("credit", sa.Boolean()),
        sa.Column("memo", sa.Text()),
        sa.Column("spent_at", TIMESTAMP),
    )
    _create(
        "reports",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Text()),
        sa.Column("ends_on", sa.Text()),
        sa.Column("basis", sa.Text()),
        sa.Column("currency", sa.Text()),
        sa.Column("content", pg.JSONB(), nullable=False),
    )
    _create(
        "loyalty_accounts",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text()),
        sa.Column("program", sa.Text()),
        sa.Column("phone", sa.Text()),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("lifetime_points", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("enrolled_at", TIMESTAMP),
    )
    _create(
        "loyalty_points",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("given_at", TIMESTAMP),
    )
    _create(
        "campaigns",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text()),
        sa.Column("emails_sent", sa.BigInteger()),
        sa.Column("opens", sa.BigInteger()),
        sa.Column("unique_opens", sa.BigInteger()),
        sa.Column("clicks", sa.BigInteger()),
        sa.Column("unique_clicks", sa.BigInteger()),
        sa.Column("unsubscribed", sa.BigInteger()),
        sa.Column("bounces", sa.BigInteger()),
        sa.Column("orders", sa.BigInteger()),
        sa.Column("revenue_minor", sa.BigInteger()),
        sa.Column("currency", sa.Text()),
        sa.Column("variants", pg.JSONB(), nullable=False, server_default=EMPTY_LIST),
        sa.Column("sent_at", TIMESTAMP),
    )
    _create(
        "journey_triggers",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("journey_id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("requested_at", TIMESTAMP),
    )
    op.add_column("payments", sa.Column("invoice_id", sa.Text()), schema="venue")
    op.add_column("customers", sa.Column("tags", pg.JSONB(), nullable=False, server_default=EMPTY_LIST), schema="venue")
    op.add_column("orders", sa.Column("status", sa.Text(), nullable=False, server_default="completed"), schema="venue")
    op.add_column("orders", sa.Column("lines", pg.JSONB(), nullable=False, server_default=EMPTY_LIST), schema="venue")
    op.add_column("ledger", sa.Column("in_step_xid", Xid8()), schema="sync")
    # The stamp would make every order due for every provider, although nothing that was pushed of it changed.
    op.execute("ALTER TABLE venue.orders DISABLE TRIGGER stamp")
    op.execute(LINES_INTO_ORDERS)
    op.execute("ALTER TABLE venue.orders ENABLE TRIGGER stamp")
    op.drop_table("order_lines", schema="venue")


def downgrade() -> None:
    op.create_table(
        "order_lines",
        sa.Column("venue_id", sa.Text(), primary_key=True),
        sa.Column("order_id", sa.Text(), primary_key=True),
        sa.Column("line", sa.Integer(), primary_key=True),
        sa.Column("product_id", sa.Text()),
        sa.Column("sku", sa.Text()),
        sa.Column("description", sa.Text()),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["venue_id", "order_id"],
            ["venue.orders.venue_id", "venue.orders.id"],
            name="fk_order_lines_venue_id_order_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("venue_id", "order_id", "line", name="pk_order_lines"),
        schema="venue",
    )
    op.execute(LINES_OUT_OF_ORDERS)
    op.drop_column("ledger", "in_step_xid", schema="sync")
    op.drop_column("orders", "lines", schema="venue")
    op.drop_column("orders", "status", schema="venue")
    op.drop_column("customers", "tags", schema="venue")
    op.drop_column("payments", "invoice_id", schema="venue")
    for table in CREATED:
        op.drop_table(table, schema="venue")


CREATED = (
    "subscriptions",
    "invoices",
    "disputes",
    "deposits",
    "bills",
    "bill_payments",
    "purchases",
    "reports",
    "loyalty_accounts",
    "loyalty_points",
    "campaigns",
    "journey_triggers",
)


def _create(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        *columns,
        sa.Column("updated_at", TIMESTAMP, nullable=False, server_default=sa.text("now()")),
        sa.Column("deleted_at", TIMESTAMP),
        sa.Column("changed_xid", Xid8(), nullable=False, server_default=sa.text("pg_current_xact_id()")),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.venues.id"], name=f"fk_{name}_venue_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("venue_id", "id", name=f"pk_{name}"),
        schema="venue",
    )
    op.create_index(f"ix_{name}_changed", name, [sa.text("(venue_id || '')"), "changed_xid"], schema="venue")
    op.execute(
        f"CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON venue.{name} FOR EACH ROW EXECUTE FUNCTION venue.stamp()"
    )
