"""Kinds of trouble, kept with what went wrong; when a letter of a pull is looked at again."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_CATEGORIES = (
    "'authentication', 'authorization', 'rate_limit', 'validation', 'network', 'provider', 'data', 'configuration', "
    "'unknown'"
)


def upgrade() -> None:
    """Add the columns, their checks and an index over what is open."""
    op.add_column(
        "dead_letters", sa.Column("category", sa.Text(), nullable=False, server_default="unknown"), schema="sync"
    )
    op.add_column(
        "dead_letters",
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="sync",
    )
    op.add_column("sync_log", sa.Column("category", sa.Text()), schema="sync")
    for table in ("dead_letters", "sync_log"):
        op.create_check_constraint(op.f(f"ck_{table}_category"), table, f"category IN ({_CATEGORIES})", schema="sync")
    op.create_index(
        op.f("ix_dead_letters_open"),
        "dead_letters",
        ["connection_id", "entity", "direction"],
        schema="sync",
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_dead_letters_open"), "dead_letters", schema="sync")
    for table in ("sync_log", "dead_letters"):
        op.drop_constraint(op.f(f"ck_{table}_category"), table, schema="sync")
        op.drop_column(table, "category", schema="sync")
    op.drop_column("dead_letters", "due_at", schema="sync")
