"""Health, calls and cost of connections, hour by hour; counters; how bad an alert is and what it is about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def _of_connection(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return (
        sa.Column("connection_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["sync.connections.id"],
            name=f"fk_{table}_connection_id_connections",
            ondelete="CASCADE",
        ),
    )


def _counted() -> list[sa.Column[int] | sa.Column[float]]:
    whole = ("calls", "retries", "throttles", "failures", "bytes")
    return [
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in whole),
        sa.Column("seconds", sa.Double(), nullable=False),
    ]


def upgrade() -> None:
    """Add the tables, and two columns to alerts."""
    op.create_table(
        "call_hours",
        *_of_connection("call_hours"),
        sa.Column("hour", TIMESTAMP, nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        *_counted(),
        sa.PrimaryKeyConstraint("connection_id", "hour", "endpoint", name="pk_call_hours"),
        schema="sync",
    )
    op.create_index("ix_call_hours_hour", "call_hours", ["hour"], schema="sync", postgresql_using="brin")
    op.create_table(
        "call_days",
        *_of_connection("call_days"),
        sa.Column("day", sa.Date(), nullable=False),
        *_counted(),
        sa.Column("metered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "day", name="pk_call_days"),
        schema="sync",
    )
    op.create_index("ix_call_days_day", "call_days", ["day"], schema="sync", postgresql_using="brin")
    op.create_table(
        "counters",
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("labels", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("metric", "labels", "slot", name="pk_counters"),
        schema="sync",
    )
    op.create_table(
        "connection_health",
        *_of_connection("connection_health"),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", TIMESTAMP, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("connection_id", name="pk_connection_health"),
        sa.CheckConstraint(
            "health IN ('healthy', 'degraded', 'unhealthy', 'unknown')", name=op.f("ck_connection_health_health")
        ),
        schema="sync",
    )
    op.create_table(
        "health_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_of_connection("health_changes"),
        sa.Column("was", sa.Text()),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", TIMESTAMP, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("id", name="pk_health_changes"),
        schema="sync",
    )
    op.create_index("ix_health_changes_connection_id_at", "health_changes", ["connection_id", "at"], schema="sync")
    op.create_index("ix_sync_log_started_at", "sync_log", ["started_at"], schema="sync", postgresql_using="brin")
    op.add_column("alerts", sa.Column("severity", sa.Text(), nullable=False, server_default="error"), schema="sync")
    op.add_column("alerts", sa.Column("subject", sa.Text(), nullable=False, server_default=""), schema="sync")
    op.create_check_constraint(
        op.f("ck_alerts_severity"), "alerts", "severity IN ('info', 'warning', 'error', 'critical')", schema="sync"
    )
    op.drop_index("ux_alerts_open", "alerts", schema="sync")
    op.create_index(
        "ux_alerts_open",
        "alerts",
        [sa.text("coalesce(connection_id, 0)"), "kind", "subject"],
        unique=True,
        schema="sync",
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    """Drop them; an alert that is about no connection cannot stay."""
    op.drop_index("ux_alerts_open", "alerts", schema="sync")
    op.execute("DELETE FROM sync.alerts WHERE subject <> '' OR connection_id IS NULL")
    op.drop_constraint(op.f("ck_alerts_severity"), "alerts", schema="sync", type_="check")
    op.drop_column("alerts", "subject", schema="sync")
    op.drop_column("alerts", "severity", schema="sync")
    op.create_index(
        "ux_alerts_open",
        "alerts",
        ["connection_id", "kind"],
        unique=True,
        schema="sync",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index("ix_sync_log_started_at", "sync_log", schema="sync")
    for table in ("health_changes", "connection_health", "counters", "call_days", "call_hours"):
        op.drop_table(table, schema="sync")
