"""Schema `sync`: when each entity of a connection last had its turn, so that who is due can be asked of all at once."""

import sqlalchemy as sa

from sync_core.store.venue_tables import TIMESTAMP, metadata

# One row per connection and entity that was ever begun, written by each sync at its beginning and its end.
turns = sa.Table(
    "turns",
    metadata,
    sa.Column(
        "connection_id",
        sa.BigInteger,
        sa.ForeignKey("sync.connections.id", ondelete="CASCADE"),
        primary_key=True,
        nullable=False,
    ),
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("began_at", TIMESTAMP, nullable=False),
    sa.Column("good_at", TIMESTAMP),  # when the last one that went well began
    sa.Column("unfinished", sa.Boolean, nullable=False),  # the latest has not gone well: under way, failed or killed
    sa.Column("chosen", sa.Text, nullable=False, server_default=""),  # under which settings and mapping, sync/terms.py
    schema="sync",
)
