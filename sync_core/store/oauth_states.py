"""Authorisations under way: given out once, taken back once, by whichever process the browser comes back to."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.connections import Environment
from sync_core.store.oauth_tables import oauth_states
from sync_core.store.sync_tables import connections


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody was sent to a provider's page: for whom, by whom, where to, until when."""

    venue: str
    provider: str
    environment: Environment
    user: str
    redirect_uri: str
    envelope: bytes
    expires_at: datetime


def keep(conn: sa.Connection, state_hash: bytes, pending: Pending, *, now: datetime) -> None:
    """Remember an authorisation by the hash of its state, and sweep out those whose time is over."""
    conn.execute(sa.delete(oauth_states).where(oauth_states.c.expires_at < now))
    conn.execute(
        sa.insert(oauth_states).values(
            state_hash=state_hash,
            venue_id=pending.venue,
            provider=pending.provider,
            environment=pending.environment,
            user_id=pending.user,
            redirect_uri=pending.redirect_uri,
            envelope=pending.envelope,
            created_at=now,
            expires_at=pending.expires_at,
        )
    )


def take(conn: sa.Connection, state_hash: bytes) -> Pending | None:
    """The authorisation of this state, which is no more from then on; None when there is none (any more).

    Two callers never both get it: the row is deleted by the very statement that reads it.
    """
    row = conn.execute(
        sa.delete(oauth_states)
        .where(oauth_states.c.state_hash == state_hash)
        .returning(
            oauth_states.c.venue_id,
            oauth_states.c.provider,
            oauth_states.c.environment,
            oauth_states.c.user_id,
            oauth_states.c.redirect_uri,
            oauth_states.c.envelope,
            oauth_states.c.expires_at,
        )
    ).first()
    return Pending(*row) if row else None


def drop(conn: sa.Connection, venue: str, provider: str) -> int:
    """Forget every authorisation under way of a venue at a provider; how many there were."""
    of_venue = (oauth_states.c.venue_id == venue, oauth_states.c.provider == provider)
    return conn.execute(sa.delete(oauth_states).where(*of_venue)).rowcount


def mark_connecting(conn: sa.Connection, venue: str, provider: str, *, environment: Environment) -> None:
    """A person is on the way: a connection that is not there, or was given up, is "connecting"; others stay as they are."""
    values = {"venue_id": venue, "provider": provider, "environment": environment, "status": "connecting"}
    statement = pg.insert(connections).values(values)
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["venue_id", "provider"],
            set_={"status": "connecting"},
            where=connections.c.status == "disconnected",
        )
    )


def mark_given_up(conn: sa.Connection, *, now: datetime) -> int:
    """Connections that are "connecting" without anybody on the way are disconnected; how many there were."""
    under_way = sa.exists().where(
        oauth_states.c.venue_id == connections.c.venue_id,
        oauth_states.c.provider == connections.c.provider,
        oauth_states.c.expires_at >= now,
    )
    statement = (
        sa.update(connections).where(connections.c.status == "connecting", ~under_way).values(status="disconnected")
    )
    return conn.execute(statement).rowcount
