"""Which connection an address for webhooks belongs to, by the hash of its token."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.connections import COLUMNS, Connection, connection_of
from sync_core.store.inbox_tables import webhook_addresses
from sync_core.store.sync_tables import connections


def save(conn: sa.Connection, connection_id: int, *, token_hash: bytes) -> None:
    """Give the connection this address, in the place of the one it may have had."""
    insert = pg.insert(webhook_addresses).values(connection_id=connection_id, token_hash=token_hash)
    conn.execute(
        insert.on_conflict_do_update(
            index_elements=["connection_id"], set_={"token_hash": token_hash, "created_at": sa.func.now()}
        )
    )


def owner_of(conn: sa.Connection, *, token_hash: bytes) -> Connection | None:
    """Whose address it is, None when it is nobody's."""
    query = sa.select(*COLUMNS).select_from(connections.join(webhook_addresses))
    row = conn.execute(query.where(webhook_addresses.c.token_hash == token_hash)).first()
    return connection_of(row) if row else None
