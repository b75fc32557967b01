"""Sealed credentials in the database: one envelope per connection and kind. Nothing here can open one."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.sync_tables import credentials


def save_envelope(connection: sa.Connection, *, connection_id: int, kind: str, envelope: bytes, key_id: str) -> None:
    """Store or replace the envelope of one connection and kind.

    Args:
        connection: in whose transaction it happens.
        connection_id: row of sync.connections.
        kind: "api_key", "oauth".
        envelope: as sync_core.vault.envelope.seal made it.
        key_id: the master key that wrapped its data key, for rotation.
    """
    values = {"envelope": envelope, "key_id": key_id}
    statement = pg.insert(credentials).values(connection_id=connection_id, kind=kind, **values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[credentials.c.connection_id, credentials.c.kind],
            set_={**values, "created_at": sa.func.now()},
        )
    )


def load_envelope(connection: sa.Connection, *, connection_id: int, kind: str) -> bytes | None:
    """The envelope of one connection and kind; None when nothing is stored."""
    statement = sa.select(credentials.c.envelope).where(
        credentials.c.connection_id == connection_id, credentials.c.kind == kind
    )
    return connection.execute(statement).scalar_one_or_none()


def delete_envelope(connection: sa.Connection, *, connection_id: int, kind: str) -> None:
    """Delete the credential of one connection and kind; nothing happens where there is none."""
    connection.execute(
        sa.delete(credentials).where(credentials.c.connection_id == connection_id, credentials.c.kind == kind)
    )


def delete_envelopes(connection: sa.Connection, *, connection_id: int) -> int:
    """Delete every credential of one connection; how many there were."""
    return connection.execute(sa.delete(credentials).where(credentials.c.connection_id == connection_id)).rowcount
