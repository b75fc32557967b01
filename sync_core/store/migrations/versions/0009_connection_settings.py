"""Settings of a connection; places reached under filters; whose request a sync was asked for by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "connections",
        sa.Column("settings", pg.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        schema="sync",
    )
    op.add_column("cursors", sa.Column("terms", sa.Text(), nullable=False, server_default=""), schema="sync")
    op.add_column("work", sa.Column("request_id", sa.Text()), schema="sync")


def downgrade() -> None:
    """Drop them."""
    op.drop_column("work", "request_id", schema="sync")
    op.drop_column("cursors", "terms", schema="sync")
    op.drop_column("connections", "settings", schema="sync")
