"""The end of a connection, and its renewal without the venue: revoke, destroy, forget what is under way; or try again."""

from collections.abc import Callable

import sqlalchemy as sa

from sync_core.errors import SyncError
from sync_core.http.backoff import LOW
from sync_core.oauth.application import application_of
from sync_core.oauth.asking import asking
from sync_core.oauth.host import Host
from sync_core.oauth.keeping import TROUBLES, credential_of, held
from sync_core.oauth.refreshing import refresh
from sync_core.oauth.terms import Disconnected
from sync_core.providers.protocol import Account
from sync_core.store import alerts, connections, locks, oauth_states, queue, tokens
from sync_core.store.connections import Connection
from sync_core.sync.admission import admit


def disconnect(host: Host, connection: Connection) -> Disconnected:
    """Take the venue's account out of our hands: its credentials are destroyed whatever the provider says.

    Work that waits is dropped; what was synced, and what is known of it, stays. A refresh under way is waited for, so
    that it is its tokens that are revoked.
    """
    return _left(host, connection, connections.mark_disconnected)


def forget(host: Host, connection: Connection) -> Disconnected:
    """Disconnect, and delete all that is known of the connection, so that another account can be connected."""
    return _left(host, connection, connections.forget)


def reconnect(host: Host, connection: Connection) -> Account:
    """Try to bring a connection back without the venue: refresh its tokens if it has any, and test the account.

    Raises:
        AuthorizationLost: the credential is gone or refused; the venue must connect again.
        TransientError, ConfigurationError, ProviderRefused: as `refresh`.
        ConfigurationError: the credential opens another account now.
    """
    with host.database.connect() as conn:
        standing = tokens.standing(conn, connection.id)
    if standing is not None and standing.refreshable:
        refresh(host, connection)
    with host.database.connect() as conn:
        secret = credential_of(host, conn, connection)
    account = host.account_of(connection.venue, connection.provider, secret, environment=connection.environment)
    with host.database.begin() as conn:
        admit(conn, connection.venue, connection.provider, environment=connection.environment, account=account)
    return account


def _left(host: Host, connection: Connection, marked: Callable[[sa.Connection, int], None]) -> Disconnected:
    with (
        host.meters.written(host.database),
        host.database.connect() as conn,
        locks.alone(conn, connection.id),
    ):
        farewell = _revoked(host, conn, connection)
        with conn.begin():
            host.vault.destroy(conn, connection_id=connection.id)
            tokens.forget(conn, connection.id)
            oauth_states.drop(conn, connection.venue, connection.provider)
            queue.clear(conn, connection_ids=[connection.id])
            queue.stop(conn, connection_ids=[connection.id])
            alerts.close(conn, connection_id=connection.id, kinds=TROUBLES)
            marked(conn, connection.id)
    return farewell


def _revoked(host: Host, conn: sa.Connection, connection: Connection) -> Disconnected:
    """What the provider says to our giving the tokens back. Whatever keeps us from it is a remark and no hindrance."""
    with conn.begin():
        if tokens.standing(conn, connection.id) is None:
            return Disconnected(revoked=False)
    try:
        application = application_of(host.spec(connection.provider), host.settings, environment=connection.environment)
        with conn.begin():
            grant = held(host, conn, connection)
        with asking(host, application, label=connection.label, connection_id=connection.id, patience=LOW) as ask:
            ask.revoke(grant, account_id=connection.account_id)
    except SyncError as hindered:
        return Disconnected(revoked=False, remark=str(hindered))
    return Disconnected(revoked=True)
