"""How often the provider has failed on a write."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no failure of what is under way has been counted."""
    op.add_column("intents", sa.Column("failures", sa.Integer, nullable=False, server_default="0"), schema="sync")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("intents", "failures", schema="sync")
