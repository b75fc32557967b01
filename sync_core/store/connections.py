"""Connections: which venue has which account at which provider, and how it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.errors import ConfigurationError
from sync_core.spec.connection import ConnectionSettings
from sync_core.store import letter_desk
from sync_core.store.mapping_tables import venue_mappings
from sync_core.store.sync_tables import connections
from sync_core.store.venue_tables import venues

Environment = Literal["production", "sandbox"]
_OWN_MAPPINGS = (
    sa.select(sa.func.jsonb_object_agg(venue_mappings.c.entity, venue_mappings.c.id))
    .where(venue_mappings.c.connection_id == connections.c.id, venue_mappings.c.active)
    .scalar_subquery()
)
COLUMNS = (
    connections.c.id,
    connections.c.venue_id,
    connections.c.provider,
    connections.c.environment,
    connections.c.status,
    connections.c.account_id,
    connections.c.account_name,
    connections.c.last_error,
    connections.c.last_error_at,
    connections.c.last_sync_at,
    connections.c.settings,
    sa.func.coalesce(_OWN_MAPPINGS, sa.text("'{}'::jsonb"), type_=pg.JSONB).label("mappings"),
)

IS_ON = ~connections.c.settings.contains({"enabled": False})


@dataclass(frozen=True, slots=True)
class Connection:
    """One venue at one provider. `mappings` are the ids of the active versions of its own templates, by entity."""

    id: int
    venue: str
    provider: str
    environment: Environment
    status: str
    account_id: str | None
    account_name: str | None
    last_error: str | None
    last_error_at: datetime | None
    last_sync_at: datetime | None
    settings: ConnectionSettings
    mappings: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)

    @property
    def label(self) -> str:
        """How people and logs name it."""
        return f"{self.venue}/{self.provider}"


def connection_of(row: Sequence[Any]) -> Connection:
    """The connection from a row of COLUMNS."""
    *plain, settings, mappings = row
    return Connection(*plain, settings=ConnectionSettings.model_validate(settings), mappings=mappings)


def save(
    conn: sa.Connection, venue: str, provider: str, *, environment: Environment, account_id: str, account_name: str
) -> int:
    """Make or renew the connection as connected; its id. What failed for a reason that is over by that is due at once.

    Raises ConfigurationError when the venue does not exist.
    """
    require_venue(conn, venue)
    fresh = {
        "environment": environment,
        "status": "connected",
        "account_id": account_id,
        "account_name": account_name,
        "last_error": None,
        "last_error_at": None,
        "connected_at": sa.func.now(),
    }
    upsert = (
        pg.insert(connections)
        .values(venue_id=venue, provider=provider, **fresh)
        .on_conflict_do_update(index_elements=["venue_id", "provider"], set_=fresh)
        .returning(connections.c.id)
    )
    number = conn.execute(upsert).scalar_one()
    letter_desk.revive(conn, number)
    return number


def require_venue(conn: sa.Connection, venue: str) -> None:
    """Raise ConfigurationError when the venue does not exist."""
    if conn.execute(sa.select(venues.c.id).where(venues.c.id == venue)).first() is None:
        raise ConfigurationError(f"There is no venue {venue!r}: see 'venue-sync venues list'.")


def find(conn: sa.Connection, venue: str, provider: str) -> Connection | None:
    """The connection of `venue` at `provider`, None when there is none."""
    row = conn.execute(
        sa.select(*COLUMNS).where(connections.c.venue_id == venue, connections.c.provider == provider)
    ).first()
    return connection_of(row) if row else None


def all_of(conn: sa.Connection, *, provider: str | None = None) -> list[Connection]:
    """Every connection, or every one at `provider`, in venue order."""
    query = sa.select(*COLUMNS).order_by(connections.c.venue_id, connections.c.provider)
    if provider is not None:
        query = query.where(connections.c.provider == provider)
    return [connection_of(row) for row in conn.execute(query)]


def of_venue(conn: sa.Connection, venue: str) -> list[Connection]:
    """A venue's connections, by provider."""
    query = sa.select(*COLUMNS).where(connections.c.venue_id == venue).order_by(connections.c.provider)
    return [connection_of(row) for row in conn.execute(query)]


def with_choices(conn: sa.Connection, provider: str) -> list[Connection]:
    """The connections at `provider` whose venue has chosen something about records, or has a mapping of its own."""
    narrowed = connections.c.settings.has_any(pg.array(["direction", "filters"]))
    own = sa.exists().where(venue_mappings.c.connection_id == connections.c.id, venue_mappings.c.active)
    query = sa.select(*COLUMNS).where(connections.c.provider == provider, sa.or_(narrowed, own))
    return [connection_of(row) for row in conn.execute(query)]


def among(conn: sa.Connection, provider: str, *, venue_ids: list[str]) -> dict[str, Connection]:
    """The connections at `provider` of these venues, by venue: one query however many there are."""
    query = sa.select(*COLUMNS).where(connections.c.provider == provider, connections.c.venue_id.in_(venue_ids))
    return {row.venue_id: connection_of(row) for row in conn.execute(query)}


def mark_failed(conn: sa.Connection, connection_id: int, *, reason: str) -> None:
    """The provider refuses the credential: nothing runs until the venue connects again."""
    conn.execute(
        sa.update(connections)
        .where(connections.c.id == connection_id)
        .values(status="error", last_error=reason, last_error_at=sa.func.now())
    )


def mark_recovered(conn: sa.Connection, connection_id: int) -> None:
    """What put the connection in error is over without the venue having done anything."""
    conn.execute(
        sa.update(connections)
        .where(connections.c.id == connection_id, connections.c.status == "error")
        .values(status="connected", last_error=None, last_error_at=None)
    )
    letter_desk.revive(conn, connection_id)


def suspend(conn: sa.Connection, connection_id: int, *, reason: str) -> bool:
    """Nothing runs until `resume`, and the credential stays; False when the connection is neither connected nor in error."""
    standing = connections.c.status.in_(("connected", "error"))
    values = {"status": "suspended", "last_error": reason, "last_error_at": sa.func.now()}
    return (
        conn.execute(sa.update(connections).where(connections.c.id == connection_id, standing).values(values)).rowcount
        == 1
    )


def resume(conn: sa.Connection, connection_id: int) -> bool:
    """A suspended connection is connected again; False when it is not suspended."""
    standing = connections.c.status == "suspended"
    values = {"status": "connected", "last_error": None, "last_error_at": None}
    changed = sa.update(connections).where(connections.c.id == connection_id, standing).values(values)
    if conn.execute(changed).rowcount != 1:
        return False
    letter_desk.revive(conn, connection_id)
    return True


def change_settings(conn: sa.Connection, connection_id: int, settings: ConnectionSettings) -> None:
    """From its next sync on the connection is worked by these."""
    chosen = settings.model_dump(mode="json", exclude_defaults=True)
    conn.execute(sa.update(connections).where(connections.c.id == connection_id).values(settings=chosen))


def mark_synced(conn: sa.Connection, connection_id: int) -> None:
    """A sync of this connection has just gone well."""
    conn.execute(sa.update(connections).where(connections.c.id == connection_id).values(last_sync_at=sa.func.now()))


def mark_disconnected(conn: sa.Connection, connection_id: int) -> None:
    """The venue wants no more of it; what was synced stays on both sides."""
    conn.execute(
        sa.update(connections)
        .where(connections.c.id == connection_id)
        .values(status="disconnected", last_error=None, last_error_at=None)
    )


def forget(conn: sa.Connection, connection_id: int) -> None:
    """Delete the connection with all that is kept about it: credential, ledger, intents, cursors, letters and history."""
    conn.execute(sa.delete(connections).where(connections.c.id == connection_id))
