"""Mapping templates of single venues."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "venue_mappings",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("template", pg.JSONB()),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["sync.connections.id"], name="fk_venue_mappings_connection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_venue_mappings"),
        sa.UniqueConstraint(
            "connection_id", "entity", "version", name="uq_venue_mappings_connection_id_entity_version"
        ),
        schema="sync",
    )
    op.create_index(
        "ux_venue_mappings_active",
        "venue_mappings",
        ["connection_id", "entity"],
        unique=True,
        schema="sync",
        postgresql_where=sa.text("active"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("venue_mappings", schema="sync")
