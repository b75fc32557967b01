"""The HTTP API: callers' keys and allowances, requests that may be repeated, the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")

TELL = """
CREATE FUNCTION sync.tell_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('venue_sync_progress', venue_id) FROM sync.connections WHERE id = NEW.connection_id;
    RETURN NULL;
END $$
"""
TOLD = ("work", "sync_log")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("venue_id", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.Column("expires_at", TIMESTAMP),
        sa.Column("revoked_at", TIMESTAMP),
        sa.Column("last_used_at", TIMESTAMP),
        sa.Column("replaced_by", sa.Text()),
        sa.ForeignKeyConstraint(["venue_id"], ["venue.venues.id"], name="fk_api_keys_venue_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        schema="sync",
    )
    op.create_index("ix_api_keys_venue_id", "api_keys", ["venue_id"], schema="sync")
    op.create_table(
        "api_allowances",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("spent_until", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("caller", name="pk_api_allowances"),
        schema="sync",
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "api_requests",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("claimed_at", TIMESTAMP, nullable=False),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_api_requests"),
        schema="sync",
    )
    op.create_index("ix_api_requests_expires_at", "api_requests", ["expires_at"], schema="sync")
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", TIMESTAMP, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("venue_id", sa.Text()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        schema="sync",
    )
    op.create_index("ix_audit_log_venue_id", "audit_log", ["venue_id", "id"], schema="sync")
    op.execute(TELL)
    for table in TOLD:
        op.execute(
            f"CREATE TRIGGER tell_progress AFTER INSERT OR UPDATE ON sync.{table} "
            "FOR EACH ROW EXECUTE FUNCTION sync.tell_progress()"
        )


def downgrade() -> None:
    """Drop the tables."""
    for table in TOLD:
        op.execute(f"DROP TRIGGER tell_progress ON sync.{table}")
    op.execute("DROP FUNCTION sync.tell_progress()")
    for table in ("audit_log", "api_requests", "api_allowances", "api_keys"):
        op.drop_table(table, schema="sync")
