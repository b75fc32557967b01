"""Schema `sync`: the mapping templates that venues have of their own, every version of each."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.venue_tables import NOW, TIMESTAMP, metadata

# What a version says never changes; at most one of an entity is active. `template` None: the declared one again.
venue_mappings = sa.Table(
    "venue_mappings",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("connection_id", sa.BigInteger, sa.ForeignKey("sync.connections.id", ondelete="CASCADE"), nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # from 1, by connection and entity
    sa.Column("template", pg.JSONB(none_as_null=True)),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", TIMESTAMP, nullable=False, server_default=NOW),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.UniqueConstraint("connection_id", "entity", "version"),
    schema="sync",
)
sa.Index(
    "ux_venue_mappings_active",
    venue_mappings.c.connection_id,
    venue_mappings.c.entity,
    unique=True,
    postgresql_where=venue_mappings.c.active,
)
