"""When each entity of a connection last had its turn."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, filled with what the sync log knows, so that not everybody is due at once."""
    op.create_table(
        "turns",
        sa.Column(
            "connection_id",
            sa.BigInteger(),
            sa.ForeignKey("sync.connections.id", ondelete="CASCADE"),
            primary_key=True,
            nullable=False,
        ),
        sa.Column("entity", sa.Text(), primary_key=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("good_at", sa.DateTime(timezone=True)),
        sa.Column("unfinished", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False, server_default=""),
        schema="sync",
    )
    op.execute(
        "INSERT INTO sync.turns (connection_id, entity, began_at, good_at, unfinished) "
        "SELECT connection_id, entity, max(started_at), max(started_at) FILTER (WHERE status = 'succeeded'), "
        "(array_agg(status ORDER BY started_at DESC))[1] <> 'succeeded' "
        "FROM sync.sync_log GROUP BY connection_id, entity"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("turns", schema="sync")
