"""Customers are found by e-mail and phone, to be recognised at a provider that has them already."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = ("email", "phone")


def upgrade() -> None:
    for column in COLUMNS:
        op.create_index(
            f"ix_customers_{column}", "customers", ["venue_id", sa.text(f"lower({column})")], schema="venue"
        )


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_customers_{column}", "customers", schema="venue")
