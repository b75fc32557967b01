"""OAuth: states of unfinished authorisations, versions of tokens; alerts; rotations of the vault and legacy imports."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def _connected(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["connection_id"], ["sync.connections.id"], name=f"fk_{table}_connection_id", ondelete="CASCADE"
    )


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "oauth_states",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("venue_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.CheckConstraint("environment IN ('production', 'sandbox')", name="ck_oauth_states_environment"),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.venues.id"], name="fk_oauth_states_venue_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("state_hash", name="pk_oauth_states"),
        schema="sync",
    )
    op.create_index("ix_oauth_states_expires_at", "oauth_states", ["expires_at"], schema="sync")
    op.create_index("ix_oauth_states_venue_id_provider", "oauth_states", ["venue_id", "provider"], schema="sync")
    op.create_table(
        "oauth_tokens",
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False, server_default=""),
        sa.Column("obtained_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP),
        sa.Column("refresh_expires_at", TIMESTAMP),
        sa.Column("refreshable", sa.Boolean(), nullable=False),
        sa.Column("due_at", TIMESTAMP),
        sa.Column("attempted_at", TIMESTAMP),
        sa.Column("failures", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("retry_at", TIMESTAMP),
        sa.Column("last_error", sa.Text()),
        _connected("oauth_tokens"),
        sa.PrimaryKeyConstraint("connection_id", name="pk_oauth_tokens"),
        schema="sync",
    )
    op.create_index(
        "ix_oauth_tokens_due", "oauth_tokens", ["due_at"], schema="sync", postgresql_where=sa.text("refreshable")
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("connection_id", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("first_at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("last_at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("closed_at", TIMESTAMP),
        _connected("alerts"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        schema="sync",
    )
    op.create_index(
        "ux_alerts_open",
        "alerts",
        ["connection_id", "kind"],
        unique=True,
        schema="sync",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "vault_rotations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("started_at", TIMESTAMP, nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("finished_at", TIMESTAMP),
        sa.Column("resealed", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_vault_rotations"),
        schema="sync",
    )
    op.create_table(
        "legacy_imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_connection", sa.Boolean(), nullable=False),
        sa.Column("stored_at", TIMESTAMP, nullable=False, server_default=NOW),
        _connected("legacy_imports"),
        sa.PrimaryKeyConstraint("id", name="pk_legacy_imports"),
        sa.UniqueConstraint("name", "connection_id", "kind", name="uq_legacy_imports_name_connection_id_kind"),
        schema="sync",
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("legacy_imports", "vault_rotations", "alerts", "oauth_tokens", "oauth_states"):
        op.drop_table(table, schema="sync")
