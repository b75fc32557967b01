"""Schema `sync`: what calls were made and how connections were, hour by hour; and counters that only ever grow.

Hours and days are of one connection each and are forgotten after a while; counters are of the whole installation, have
few labels and are never forgotten, so that whoever scrapes them sees them grow.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import NOW, TIMESTAMP, metadata


def _connection(*, primary_key: bool = True) -> sa.Column[int]:
    return sa.Column(
        "connection_id",
        sa.BigInteger,
        sa.ForeignKey(connections.c.id, ondelete="CASCADE"),
        primary_key=primary_key,
        autoincrement=False,
        nullable=False,
    )


def _counted() -> tuple[sa.Column[int] | sa.Column[float], ...]:
    """The fields of `sync_core.http.calls.CallCount`."""
    whole = ("calls", "retries", "throttles", "failures", "bytes")
    return (
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in whole),
        sa.Column("seconds", sa.Double, nullable=False),
    )


# An endpoint is a template ("GET /v1/products/{id}").
call_hours = sa.Table(
    "call_hours",
    metadata,
    _connection(),
    sa.Column("hour", TIMESTAMP, primary_key=True),
    sa.Column("endpoint", sa.Text, primary_key=True),
    *_counted(),
    schema="sync",
)
# Rows come in the order of time, so that a page or two say where a day ends.
sa.Index("ix_call_hours_hour", call_hours.c.hour, postgresql_using="brin")

# `metered` are the calls that count against an allowance which the provider sells by the month.
call_days = sa.Table(
    "call_days",
    metadata,
    _connection(),
    sa.Column("day", sa.Date, primary_key=True),
    *_counted(),
    sa.Column("metered", sa.BigInteger, nullable=False),
    schema="sync",
)
sa.Index("ix_call_days_day", call_days.c.day, postgresql_using="brin")

# One number is spread over some rows, so that processes which count the same do not wait for each other.
counters = sa.Table(
    "counters",
    metadata,
    sa.Column("metric", sa.Text, primary_key=True),
    sa.Column("labels", pg.ARRAY(sa.Text), primary_key=True),
    sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("value", sa.Double, nullable=False),
    schema="sync",
)

# What the last check found; a connection that was never checked has no row.
connection_health = sa.Table(
    "connection_health",
    metadata,
    _connection(),
    sa.Column("health", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", TIMESTAMP, nullable=False, server_default=NOW),
    sa.CheckConstraint("health IN ('healthy', 'degraded', 'unhealthy', 'unknown')", name="health"),
    schema="sync",
)

# How a connection's health went up and down.
health_changes = sa.Table(
    "health_changes",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _connection(primary_key=False),
    sa.Column("was", sa.Text),  # None: it was checked for the first time
    sa.Column("became", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", TIMESTAMP, nullable=False, server_default=NOW),
    schema="sync",
)
sa.Index(None, health_changes.c.connection_id, health_changes.c.at)
