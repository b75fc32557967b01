"""The span of the request that brought an event or asked for a sync: what is done for it later belongs to the same trace."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = ("webhook_events", "work")


def upgrade() -> None:
    """Add the columns; without a default no row is touched."""
    for table in _TABLES:
        op.add_column(table, sa.Column("traceparent", sa.Text), schema="sync")


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_column(table, "traceparent", schema="sync")
