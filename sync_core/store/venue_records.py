"""A venue's living records as they are in its tables, for whoever compares them with something outside."""

from typing import Any

import sqlalchemy as sa

from sync_core.store.sync_tables import connections, dead_letters, ledger
from sync_core.store.venue_tables import SYNCED

_TABLES = {table.name: table for table in SYNCED}


def living(conn: sa.Connection, table: str, venue: str) -> list[dict[str, Any]]:
    """The rows of a synced table ("customers", "stock", ...) that are not deleted, by id, all columns."""
    source = _TABLES[table]
    query = sa.select(source).where(source.c.venue_id == venue, source.c.deleted_at.is_(None)).order_by(source.c.id)
    return [dict(row) for row in conn.execute(query).mappings()]


def deleted(conn: sa.Connection, table: str, venue: str) -> list[dict[str, Any]]:
    """The rows of a synced table that the venue deleted, by id, all columns."""
    source = _TABLES[table]
    query = sa.select(source).where(source.c.venue_id == venue, source.c.deleted_at.is_not(None)).order_by(source.c.id)
    return [dict(row) for row in conn.execute(query).mappings()]


def names_by_remote(conn: sa.Connection, venue: str, provider: str, *, entity: str) -> dict[str, str]:
    """The venue's id of every record that is known at the provider, by the provider's id."""
    query = (
        sa.select(ledger.c.remote_id, ledger.c.local_id)
        .select_from(ledger.join(connections))
        .where(
            connections.c.venue_id == venue,
            connections.c.provider == provider,
            ledger.c.entity == entity,
            sa.not_(ledger.c.deleted),
        )
    )
    return dict(conn.execute(query).tuples().all())


def awaiting_a_person(conn: sa.Connection, venue: str, provider: str) -> set[tuple[str, str]]:
    """Entity and record id of every open dead letter of one connection."""
    query = (
        sa.select(dead_letters.c.entity, dead_letters.c.record_id)
        .select_from(dead_letters.join(connections))
        .where(connections.c.venue_id == venue, connections.c.provider == provider, dead_letters.c.status == "open")
    )
    return {(entity, record) for entity, record in conn.execute(query)}
