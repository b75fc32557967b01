"""Refreshing: by one process at a time however slow the provider is, and no token lost that could have been kept.

A refresh holds a session lock on a database connection of its own for as long as the provider takes, and stores what it
got only if the version it began with is still the last one. So whoever waited finds new tokens and asks nobody; and a
process that lost its lock (its database connection died) can at worst ask once too often, never overwrite newer tokens.
The key that will seal the new tokens is at hand before the provider is asked.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from sync_core.errors import AuthorizationLost, IntegrityError, SyncError, TransientError
from sync_core.oauth.application import application_of
from sync_core.oauth.asking import asking
from sync_core.oauth.grant import KIND, Grant
from sync_core.oauth.host import Host
from sync_core.oauth.keeping import FAILING, REFUSED, TROUBLES, held, save
from sync_core.oauth.terms import Refreshed
from sync_core.store import alerts, connections, locks, tokens
from sync_core.store.connections import Connection
from sync_core.store.tokens import Standing
from sync_core.vault.credentials import Sealer

MOST_FAILURES: Final = 3
PAUSES: Final = (15.0, 60.0, 300.0, 900.0)
"""Seconds before the next attempt, after so many failures in a row."""

_STORE_PAUSES: Final = (0.5, 2.0, 5.0, 10.0)
_log = logging.getLogger(__name__)


def refresh(host: Host, connection: Connection) -> Refreshed:
    """Refresh a connection's tokens now; if somebody else is at it, what they get will do.

    Raises:
        AuthorizationLost: there is nothing to refresh with, or the provider refuses it for good: connect again.
        TransientError: the provider or the master key cannot be reached, or an attempt failed just now.
        ConfigurationError, ProviderRefused: the provider refuses our application.
    """
    with host.database.connect() as conn:
        standing = tokens.standing(conn, connection.id)
    if standing is None:
        raise AuthorizationLost(f"{connection.label} is not connected by OAuth; there is no token to refresh.")
    grant = renewed(host, connection, seen=standing.version)
    return Refreshed(expires_at=grant.expires_at, version=grant.version)


def renewed(host: Host, connection: Connection, *, seen: int) -> Grant:
    """Tokens newer than version `seen`: those that somebody else got meanwhile, else fresh ones. Raises as `refresh`."""
    with (
        host.meters.written(host.database),
        host.database.connect() as conn,
        locks.alone(conn, connection.id),
    ):
        standing, grant = _last(host, conn, connection)
        if standing.version != seen:
            return grant
        _refuse_hopeless(connection, standing, now=host.clock.now())
        return _Refresh(host, connection, standing).run(conn, grant)


def _last(host: Host, conn: sa.Connection, connection: Connection) -> tuple[Standing, Grant]:
    with conn.begin():
        standing = tokens.standing(conn, connection.id)
        if standing is None:
            raise AuthorizationLost(f"{connection.label} was disconnected; the venue must connect again.")
        grant = held(host, conn, connection)
    if grant.version != standing.version:
        raise IntegrityError(
            f"The tokens of {connection.label} are of version {grant.version} and version {standing.version} is on "
            "record: an older envelope was put back; let the venue connect again."
        )
    return standing, grant


def _refuse_hopeless(connection: Connection, standing: Standing, *, now: datetime) -> None:
    """Raise when asking the provider would be in vain: it said no for good, or failed a moment ago."""
    if not standing.refreshable:
        reason = standing.last_error or "It was authorised without a refresh token; the venue must connect again."
        raise AuthorizationLost(f"{connection.label} cannot be refreshed. {reason}")
    if standing.retry_at is not None and now < standing.retry_at:
        seconds = (standing.retry_at - now).total_seconds()
        raise TransientError(
            f"{connection.label} could not be refreshed a moment ago, and is not tried again for {seconds:.0f} s: "
            f"{standing.last_error}"
        )


class _Refresh:
    """One refresh of one connection, by whoever holds the lock."""

    def __init__(self, host: Host, connection: Connection, standing: Standing) -> None:
        self._host = host
        self._connection = connection
        self._standing = standing
        self._seen = standing.version

    def run(self, conn: sa.Connection, grant: Grant) -> Grant:
        """Ask the provider, and store what it gave before anybody sees it."""
        host, connection = self._host, self._connection
        sealer = host.vault.sealer(venue=connection.venue, provider=connection.provider, kind=KIND)
        application = application_of(host.spec(connection.provider), host.settings, environment=connection.environment)
        with conn.begin():
            tokens.attempting(conn, connection.id, now=host.clock.now())
        try:
            with asking(host, application, label=connection.label, connection_id=connection.id) as ask:
                fresh = ask.refresh(grant)
        except AuthorizationLost as lost:
            return self._refused(lost)
        except SyncError as failed:
            self._failed(failed)
            raise
        fresh = replace(fresh, version=self._seen + 1)
        return self._kept(conn, fresh, sealer=sealer, times=fresh.times(application.spec))

    def _kept(self, conn: sa.Connection, fresh: Grant, *, sealer: Sealer, times: tokens.Times) -> Grant:
        """Store new tokens, through a new database connection if ours is gone: the provider may give them only once."""
        number = self._connection.id

        def store(transaction: sa.Connection) -> bool:
            if not tokens.advance(transaction, number, seen=self._seen, times=times):
                return False
            save(transaction, number, fresh, sealer=sealer)
            alerts.close(transaction, connection_id=number, kinds=TROUBLES)
            if self._standing.failures >= MOST_FAILURES:
                connections.mark_recovered(transaction, number)
            return True

        try:
            with conn.begin():
                stored = store(conn)
        except DBAPIError:
            stored = self._persistently(store)
        return fresh if stored else self._theirs()

    def _persistently(self, store: Callable[[sa.Connection], bool]) -> bool:
        """Store through fresh database connections, with patience. Raises DBAPIError when the database stays away."""
        for seconds in _STORE_PAUSES:
            _log.warning("oauth.store_again connection=%s seconds=%s", self._connection.label, seconds)
            self._host.clock.sleep(seconds)
            try:
                with self._host.database.begin() as conn:
                    return store(conn)
            except DBAPIError:
                continue
        with self._host.database.begin() as conn:
            return store(conn)

    def _theirs(self) -> Grant:
        """The tokens that somebody else stored while we were asking."""
        with self._host.database.connect() as conn:
            return _last(self._host, conn, self._connection)[1]

    def _refused(self, lost: AuthorizationLost) -> Grant:
        """The provider refuses the refresh token: the connection is in error, unless others have newer tokens by now."""
        reason = str(lost)
        if self._standing.attempted_at is not None:
            began = self._standing.attempted_at.strftime("%Y-%m-%d %H:%M:%S")
            reason += (
                f" An earlier refresh, begun at {began} UTC, was cut short; its answer may have been the last good one."
            )
        with self._host.database.begin() as conn:
            ours = tokens.refused(conn, self._connection.id, seen=self._seen, reason=reason)
            if ours:
                connections.mark_failed(conn, self._connection.id, reason=reason)
                alerts.tell(conn, connection_id=self._connection.id, kind=REFUSED, message=reason)
        if not ours:
            return self._theirs()
        _log.error("oauth.refused connection=%s reason=%s", self._connection.label, reason)
        raise AuthorizationLost(reason)

    def _failed(self, failed: SyncError) -> None:
        """Count the failure; the third in a row puts the connection in error and tells people."""
        reason = str(failed)
        pause = PAUSES[min(self._standing.failures, len(PAUSES) - 1)]
        retry_at = self._host.clock.now() + timedelta(seconds=pause)
        with self._host.database.begin() as conn:
            failures = tokens.failed(conn, self._connection.id, seen=self._seen, reason=reason, retry_at=retry_at)
            if failures >= MOST_FAILURES:
                connections.mark_failed(conn, self._connection.id, reason=reason)
                alerts.tell(conn, connection_id=self._connection.id, kind=FAILING, message=reason)
        level = logging.ERROR if failures >= MOST_FAILURES else logging.WARNING
        _log.log(level, "oauth.failed connection=%s failures=%d reason=%s", self._connection.label, failures, reason)
