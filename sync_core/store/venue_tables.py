"""Schema `venue`: the platform's own records, of which it is the system of record.

Every synced table has the key (venue_id, id), `updated_at` (when the business last changed it), `deleted_at`
(soft deletion) and `changed_xid`: the transaction that last touched the row, stamped by a trigger.
`changed_xid` is the push watermark: unlike a timestamp it cannot miss a transaction that committed late.

Each question has exactly one index that fits it. Where two fit, the planner has to guess from statistics, which a
first sync of a new venue outruns, and a wrong guess scans the whole venue for every record. So every index but the
primary key starts with what is rare, or holds the venue as the expression `venue_id || ''` (`apart`), which a plain
condition on venue_id does not match.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.types import UserDefinedType


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in SQL."""
        return "xid8"


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")

venues = sa.Table(
    "venues",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="default"),
    sa.Column("city", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("country", sa.Text),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False, server_default="UTC"),
    sa.Column("seats", sa.Integer, nullable=False, server_default="0"),
    sa.Column("active", sa.Boolean, nullable=False, server_default="true"),
    sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
    # A venue is a partition key: no commas, slashes or blanks, for Dagster's UI and its ranges.
    sa.CheckConstraint("id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'", name="id_is_a_slug"),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso_4217"),
    schema="venue",
)


_APART = sa.text("(venue_id || '')")


def apart(table: sa.Table) -> sa.ColumnClause[str]:
    """The table's venue_id as an expression that only the indexes made for it match."""
    return sa.literal_column(f"({table.schema}.{table.name}.venue_id || '')", sa.Text)


def _synced(name: str, *columns: sa.Column[Any] | sa.Constraint | sa.Index) -> sa.Table:
    table = sa.Table(
        name,
        metadata,
        sa.Column("venue_id", sa.Text, sa.ForeignKey("venue.venues.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        *columns,
        sa.Column("updated_at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("deleted_at", TIMESTAMP),
        sa.Column("changed_xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
        schema="venue",
    )
    sa.Index(f"ix_{name}_changed", _APART, table.c.changed_xid)
    return table


events = sa.Table(
    "events",
    metadata,
    sa.Column("venue_id", sa.Text, sa.ForeignKey("venue.venues.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("category", sa.Text),
    sa.Column("starts_at", TIMESTAMP),
    schema="venue",
)

products = _synced(
    "products",
    sa.Column("event_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False, server_default="merchandise"),  # ticket | merchandise
    sa.Column("sku", sa.Text),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("price_minor", sa.BigInteger),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default="true"),
)

customers = _synced(
    "customers",
    sa.Column("given_name", sa.Text),
    sa.Column("family_name", sa.Text),
    sa.Column("company", sa.Text),
    sa.Column("email", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("address_line1", sa.Text),
    sa.Column("city", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("postcode", sa.Text),
    sa.Column("country", sa.Text),  # ISO 3166-1 alpha-2
    sa.Column("note", sa.Text),
    sa.Column("tags", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),  # a list of texts, sorted
)

# The stock of a product: `id` is the product's id.
stock = _synced(
    "stock",
    sa.Column("quantity", sa.BigInteger, nullable=False),
)

# A sale. `provider` is where it is paid: stripe, square, ... or door. An order without its lines says nothing, so
# they live in it and change with it: a list of {line, product_id, sku, description, quantity, amount_minor}, where
# the amount is the whole line's, not one piece's.
orders = _synced(
    "orders",
    sa.Column("customer_id", sa.Text),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False, server_default="sale"),  # sale | opening balance
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="completed"),  # open | completed | canceled
    sa.Column("lines", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("ordered_at", TIMESTAMP, nullable=False),
)

# Money that a provider took (a Stripe charge, a Square payment); `id` is the provider's own id.
payments = _synced(
    "payments",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text),
    sa.Column("customer_id", sa.Text),
    sa.Column("invoice_id", sa.Text),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("refunded_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # pending | succeeded | failed | canceled
    sa.Column("description", sa.Text),
    sa.Column("paid_at", TIMESTAMP),
)

# An attempt to be paid (a Stripe payment intent), whether or not money moved.
payment_attempts = _synced(
    "payment_attempts",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text),
    sa.Column("order_id", sa.Text),
    sa.Column("customer_id", sa.Text),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("started_at", TIMESTAMP),
)

# Money given back. The venue may decide on a refund before the payment is known: a trigger on payments
# then fills payment_id by order_id, which makes the refund due for the next push.
refunds = _synced(
    "refunds",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text),
    sa.Column("payment_id", sa.Text),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("status", sa.Text, nullable=False, server_default="requested"),
    sa.Column("refunded_at", TIMESTAMP),
)

# The provider's own books (a Stripe balance transaction): what a payout is made of.
balance_entries = _synced(
    "balance_entries",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("source", sa.Text),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("fee_minor", sa.BigInteger, nullable=False),
    sa.Column("net_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("available_on", TIMESTAMP),
    sa.Column("booked_at", TIMESTAMP),
)

# What a customer pays for again and again. It begins at the provider; the venue may end it (`cancel_at_period_end`,
# `status` canceled).
subscriptions = _synced(
    "subscriptions",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text),
    sa.Column("description", sa.Text),
    sa.Column("price_minor", sa.BigInteger),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("quantity", sa.BigInteger),
    sa.Column("interval", sa.Text),  # day | week | month | year
    sa.Column("interval_count", sa.BigInteger),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("cancel_at_period_end", sa.Boolean),
    sa.Column("period_start", TIMESTAMP),
    sa.Column("period_end", TIMESTAMP),
    sa.Column("started_at", TIMESTAMP),
    sa.Column("canceled_at", TIMESTAMP),
    sa.Column("ended_at", TIMESTAMP),
)

# A demand for money, as the provider's invoicing or the books have it.
invoices = _synced(
    "invoices",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text),
    sa.Column("subscription_id", sa.Text),
    sa.Column("number", sa.Text),
    sa.Column("status", sa.Text),  # draft | open | paid | void | uncollectible
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("due_minor", sa.BigInteger),  # what is still to be paid
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("memo", sa.Text),
    sa.Column("lines", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("issued_at", TIMESTAMP),
    sa.Column("due_at", TIMESTAMP),
)

# A payment that its payer contests. The venue answers with evidence, and sends it by `evidence_submitted`.
disputes = _synced(
    "disputes",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text),  # the venue's side of the story
    sa.Column("evidence_product", sa.Text),  # what was sold
    sa.Column("evidence_email", sa.Text),  # where the customer was written to
    sa.Column("evidence_submitted", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("evidence_due_at", TIMESTAMP),
    sa.Column("opened_at", TIMESTAMP),
)

# Money that reached the bank: a payout, as the books have it.
deposits = _synced(
    "deposits",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("account", sa.Text),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("memo", sa.Text),
    sa.Column("lines", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("deposited_at", TIMESTAMP),
)

# What the venue owes a supplier, what it paid on that, and what it spent without a bill. Read from the books.
bills = _synced(
    "bills",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("vendor", sa.Text),
    sa.Column("number", sa.Text),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("due_minor", sa.BigInteger),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("memo", sa.Text),
    sa.Column("billed_at", TIMESTAMP),
    sa.Column("due_at", TIMESTAMP),
)
bill_payments = _synced(
    "bill_payments",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("vendor", sa.Text),
    sa.Column("method", sa.Text),  # check | credit card
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("memo", sa.Text),
    sa.Column("bill_ids", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("paid_at", TIMESTAMP),
)
purchases = _synced(
    "purchases",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("payee", sa.Text),
    sa.Column("method", sa.Text),  # cash | check | credit card
    sa.Column("account", sa.Text),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("credit", sa.Boolean),  # money that came back
    sa.Column("memo", sa.Text),
    sa.Column("spent_at", TIMESTAMP),
)

# A report as the provider computes it, kept whole: profit and loss of a month, a balance sheet.
reports = _synced(
    "reports",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Text),  # ISO 8601 dates
    sa.Column("ends_on", sa.Text),
    sa.Column("basis", sa.Text),
    sa.Column("currency", sa.Text),
    sa.Column("content", pg.JSONB, nullable=False),
)

# A customer's points, and the points that the venue gives: a row in `loyalty_points` is added to the account once.
loyalty_accounts = _synced(
    "loyalty_accounts",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text),
    sa.Column("program", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("lifetime_points", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("enrolled_at", TIMESTAMP),
)
loyalty_points = _synced(
    "loyalty_points",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("order_id", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("given_at", TIMESTAMP),
)

# A mailing and what became of it; `variants` holds one object per A/B variant.
campaigns = _synced(
    "campaigns",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("title", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("status", sa.Text),
    sa.Column("emails_sent", sa.BigInteger),
    sa.Column("opens", sa.BigInteger),
    sa.Column("unique_opens", sa.BigInteger),
    sa.Column("clicks", sa.BigInteger),
    sa.Column("unique_clicks", sa.BigInteger),
    sa.Column("unsubscribed", sa.BigInteger),
    sa.Column("bounces", sa.BigInteger),
    sa.Column("orders", sa.BigInteger),
    sa.Column("revenue_minor", sa.BigInteger),
    sa.Column("currency", sa.Text),
    sa.Column("variants", pg.JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("sent_at", TIMESTAMP),
)

# A customer that the venue sends into a step of an automation: each row does so once.
journey_triggers = _synced(
    "journey_triggers",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("journey_id", sa.Text, nullable=False),
    sa.Column("step_id", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("requested_at", TIMESTAMP),
)

# By these an object that a provider already has is known to be a row that was never synced there.
sa.Index("ix_customers_email", sa.func.lower(customers.c.email), _APART)
sa.Index("ix_customers_phone", sa.func.lower(customers.c.phone), _APART)
sa.Index("ix_payments_order", payments.c.order_id, _APART)
sa.Index("ix_refunds_order", refunds.c.order_id, _APART)

# Rows of an imported file that could not become records, each with its reason.
import_rejections = sa.Table(
    "import_rejections",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),  # the file's name
    sa.Column("row", sa.BigInteger, primary_key=True),  # 1-based
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("content", pg.JSONB, nullable=False),
    sa.Column("imported_at", TIMESTAMP, nullable=False, server_default=NOW),
    schema="venue",
)

SYNCED: tuple[sa.Table, ...] = (
    products,
    customers,
    stock,
    orders,
    payments,
    payment_attempts,
    refunds,
    balance_entries,
    subscriptions,
    invoices,
    disputes,
    deposits,
    bills,
    bill_payments,
    purchases,
    reports,
    loyalty_accounts,
    loyalty_points,
    campaigns,
    journey_triggers,
)
