"""What imports of legacy secrets stored: so that one goes on where it was killed, and can be taken back."""

from dataclasses import dataclass

import sqlalchemy as sa

from sync_core.store.oauth_tables import legacy_imports
from sync_core.store.sync_tables import connections, credentials


@dataclass(frozen=True, slots=True)
class Stored:
    """One connection whose credential came from an import, and whether that is still the one it has."""

    connection_id: int
    venue: str
    provider: str
    made_connection: bool
    untouched: bool


def note(
    conn: sa.Connection, *, name: str, connection_id: int, kind: str, digest: bytes, made_connection: bool
) -> None:
    """An import has stored a credential, in the same transaction."""
    conn.execute(
        sa.insert(legacy_imports).values(
            name=name,
            connection_id=connection_id,
            kind=kind,
            source_digest=digest,
            made_connection=made_connection,
            stored_at=sa.func.clock_timestamp(),
        )
    )


def has_credential(conn: sa.Connection, connection_id: int) -> bool:
    """Whether a connection has a credential of any kind."""
    query = sa.select(credentials.c.kind).where(credentials.c.connection_id == connection_id).limit(1)
    return conn.execute(query).first() is not None


def is_noted(conn: sa.Connection, digest: bytes) -> bool:
    """Whether what came from this line is noted, by an import of whatever name."""
    query = sa.select(legacy_imports.c.id).where(legacy_imports.c.source_digest == digest).limit(1)
    return conn.execute(query).first() is not None


def stored_by(conn: sa.Connection, name: str) -> list[Stored]:
    """The connections that an import of this name gave a credential.

    `untouched`: the venue has not been connected since. Sealing anew is no connecting: it leaves `connected_at` alone.
    """
    query = (
        sa.select(
            connections.c.id,
            connections.c.venue_id,
            connections.c.provider,
            legacy_imports.c.made_connection,
            connections.c.connected_at <= legacy_imports.c.stored_at,
        )
        .join(connections, connections.c.id == legacy_imports.c.connection_id)
        .where(legacy_imports.c.name == name)
        .order_by(connections.c.id)
    )
    return [Stored(*row) for row in conn.execute(query)]


def forget(conn: sa.Connection, name: str, connection_id: int) -> None:
    """The credential that an import stored is taken back."""
    conn.execute(
        sa.delete(legacy_imports).where(legacy_imports.c.name == name, legacy_imports.c.connection_id == connection_id)
    )
