"""What is known of a connection's tokens without opening them, and the counter that lets no new token be lost."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.connections import COLUMNS, Connection, connection_of
from sync_core.store.oauth_tables import oauth_tokens
from sync_core.store.sync_tables import connections

_ALIVE = ("connected", "error", "suspended")


@dataclass(frozen=True, slots=True)
class Times:
    """When tokens were obtained and end; None: they do not. `due_at` is when to refresh without being asked."""

    obtained_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection's tokens stand. `failures` in a row; before `retry_at` nobody tries again."""

    version: int
    scopes: str
    obtained_at: datetime
    expires_at: datetime | None
    refresh_expires_at: datetime | None
    refreshable: bool
    attempted_at: datetime | None
    failures: int
    retry_at: datetime | None
    last_error: str | None


_COLUMNS = (
    oauth_tokens.c.version,
    oauth_tokens.c.scopes,
    oauth_tokens.c.obtained_at,
    oauth_tokens.c.expires_at,
    oauth_tokens.c.refresh_expires_at,
    oauth_tokens.c.refreshable,
    oauth_tokens.c.attempted_at,
    oauth_tokens.c.failures,
    oauth_tokens.c.retry_at,
    oauth_tokens.c.last_error,
)


def standing(conn: sa.Connection, connection_id: int) -> Standing | None:
    """How the connection's tokens stand; None when it has none."""
    row = conn.execute(sa.select(*_COLUMNS).where(oauth_tokens.c.connection_id == connection_id)).first()
    return Standing(*row) if row else None


def begin(conn: sa.Connection, connection_id: int, *, times: Times, scopes: str, refreshable: bool) -> int:
    """Tokens of a fresh authorisation take the place of whatever was there; their version."""
    values = _fresh(times, refreshable=refreshable) | {"scopes": scopes}
    statement = (
        pg.insert(oauth_tokens)
        .values(connection_id=connection_id, version=1, **values)
        .on_conflict_do_update(
            index_elements=[oauth_tokens.c.connection_id], set_={**values, "version": oauth_tokens.c.version + 1}
        )
        .returning(oauth_tokens.c.version)
    )
    return conn.execute(statement).scalar_one()


def advance(conn: sa.Connection, connection_id: int, *, seen: int, times: Times) -> bool:
    """Tokens that were refreshed take the place of version `seen`; False when that is not the last any more."""
    statement = (
        sa.update(oauth_tokens)
        .where(oauth_tokens.c.connection_id == connection_id, oauth_tokens.c.version == seen)
        .values(version=seen + 1, **_fresh(times, refreshable=True))
    )
    return conn.execute(statement).rowcount == 1


def attempting(conn: sa.Connection, connection_id: int, *, now: datetime) -> None:
    """The provider is about to be asked; if we die now, this is what tells that an answer may be lost."""
    conn.execute(sa.update(oauth_tokens).where(oauth_tokens.c.connection_id == connection_id).values(attempted_at=now))


def failed(conn: sa.Connection, connection_id: int, *, seen: int, reason: str, retry_at: datetime) -> int:
    """The provider did not answer, or not usefully; how often in a row by now. 0 when others have new tokens already."""
    statement = (
        sa.update(oauth_tokens)
        .where(oauth_tokens.c.connection_id == connection_id, oauth_tokens.c.version == seen)
        .values(
            failures=oauth_tokens.c.failures + 1,
            last_error=reason,
            retry_at=retry_at,
            # A token that was refused before its time is due when it is tried again, not when its time has come.
            due_at=sa.func.least(oauth_tokens.c.due_at, retry_at),
            attempted_at=None,
        )
        .returning(oauth_tokens.c.failures)
    )
    return conn.execute(statement).scalar_one_or_none() or 0


def refused(conn: sa.Connection, connection_id: int, *, seen: int, reason: str) -> bool:
    """The provider refuses the refresh token for good; False when others have new tokens already."""
    statement = (
        sa.update(oauth_tokens)
        .where(oauth_tokens.c.connection_id == connection_id, oauth_tokens.c.version == seen)
        .values(refreshable=False, due_at=None, last_error=reason, attempted_at=None)
    )
    return conn.execute(statement).rowcount == 1


def forget(conn: sa.Connection, connection_id: int) -> None:
    """The connection has no tokens any more."""
    conn.execute(sa.delete(oauth_tokens).where(oauth_tokens.c.connection_id == connection_id))


def due(conn: sa.Connection, *, before: datetime, now: datetime, limit: int) -> list[tuple[Connection, int]]:
    """Connections whose tokens are to be refreshed before then, with the version seen; the most urgent first.

    None that failed just now. Who refreshes must say the version: by then somebody else may have done it.
    """
    query = (
        sa.select(*COLUMNS, oauth_tokens.c.version)
        .join(oauth_tokens, oauth_tokens.c.connection_id == connections.c.id)
        .where(
            oauth_tokens.c.refreshable,
            oauth_tokens.c.due_at < before,
            sa.or_(oauth_tokens.c.retry_at.is_(None), oauth_tokens.c.retry_at <= now),
            connections.c.status.in_(_ALIVE),
        )
        .order_by(oauth_tokens.c.due_at, connections.c.id)
        .limit(limit)
    )
    return [(connection_of(row[:-1]), row[-1]) for row in map(tuple, conn.execute(query))]


def all_of(conn: sa.Connection) -> list[tuple[Connection, Standing]]:
    """Every connection that has tokens, and how they stand; what ends first comes first."""
    query = (
        sa.select(*COLUMNS, *_COLUMNS)
        .join(oauth_tokens, oauth_tokens.c.connection_id == connections.c.id)
        .order_by(oauth_tokens.c.expires_at.asc().nulls_last(), connections.c.id)
    )
    width = len(COLUMNS)
    return [(connection_of(row[:width]), Standing(*row[width:])) for row in map(tuple, conn.execute(query))]


def _fresh(times: Times, *, refreshable: bool) -> dict[str, datetime | int | bool | str | None]:
    return {
        "obtained_at": times.obtained_at,
        "expires_at": times.expires_at,
        "refresh_expires_at": times.refresh_expires_at,
        "due_at": times.due_at,
        "refreshable": refreshable,
        "attempted_at": None,
        "failures": 0,
        "retry_at": None,
        "last_error": None,
    }
