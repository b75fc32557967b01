"""The access token of one connection while it is worked on: watched, renewed before its end and after a refusal."""

import logging
from datetime import timedelta
from threading import Lock
from typing import Final

import sqlalchemy as sa

from sync_core.errors import SyncError
from sync_core.oauth.grant import Grant
from sync_core.oauth.host import Host
from sync_core.oauth.keeping import held
from sync_core.oauth.refreshing import PAUSES, renewed
from sync_core.store import tokens
from sync_core.store.connections import Connection

MARGIN: Final = timedelta(minutes=5)
"""So long before its end a token is renewed by whoever uses it."""
_log = logging.getLogger(__name__)


class Bearer:
    """A `TokenSource` for one connection. Threads share it, and only one of them waits for a refresh."""

    def __init__(self, host: Host, connection: Connection, grant: Grant) -> None:
        self._host = host
        self._connection = connection
        self._grant = grant
        self._not_before = host.clock.now()
        self._lock = Lock()

    def current(self) -> str:
        """The token to use now. Raises as `refresh` does, unless the token in hand is good for a while yet."""
        grant = self._grant
        if not self._ends_within(grant, MARGIN):
            return grant.access_token
        with self._lock:
            if self._grant is grant:
                self._renew_in_time(grant)
            return self._grant.access_token

    def after_refusal(self, token: str) -> str | None:
        """Another token than this one, which the provider has just refused; None when nothing could get one."""
        with self._lock:
            if self._grant.access_token == token:
                if self._grant.refresh_token is None:
                    return None
                self._grant = renewed(self._host, self._connection, seen=self._grant.version)
            return self._grant.access_token

    def _renew_in_time(self, grant: Grant) -> None:
        """Renew, or go on with a token that is still good when that fails, and leave the next try to later."""
        now = self._host.clock.now()
        ended = self._ends_within(grant, timedelta(0))
        if not ended and now < self._not_before:
            return
        try:
            self._grant = renewed(self._host, self._connection, seen=grant.version)
        except SyncError:
            if ended:
                raise
            self._not_before = now + timedelta(seconds=PAUSES[0])
            _log.info("oauth.last_minutes connection=%s", self._connection.label)

    def _ends_within(self, grant: Grant, margin: timedelta) -> bool:
        return grant.expires_at is not None and self._host.clock.now() >= grant.expires_at - margin


def bearer_of(host: Host, conn: sa.Connection, connection: Connection) -> Bearer | None:
    """The watch over a connection's tokens; None where it has none. Raises what `Vault.read` raises."""
    if tokens.standing(conn, connection.id) is None:
        return None
    return Bearer(host, connection, held(host, conn, connection))
