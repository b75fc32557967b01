"""Whether an account's events go through, asked when others of it fail."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_webhook_events_applied",
        "webhook_events",
        ["account_id", "finished_at"],
        schema="sync",
        postgresql_where=sa.text("status = 'applied'"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_webhook_events_applied", table_name="webhook_events", schema="sync")
