"""Tokens in the vault: those of a new authorisation come in, those of a connection are read.

What stays true: a connection has one credential, so the tokens of an authorisation take the place of a key; and what is
known of tokens without opening them is written in the same transaction as the tokens themselves.
"""

from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from sync_core.errors import ConfigurationError
from sync_core.oauth.application import application_of
from sync_core.oauth.grant import KIND, Grant, opened
from sync_core.oauth.host import Host
from sync_core.providers.protocol import Account
from sync_core.spec.oauth import OAuthSpec
from sync_core.store import alerts, tokens
from sync_core.store.connections import Connection
from sync_core.store.credentials import delete_envelope, save_envelope
from sync_core.store.oauth_states import Pending
from sync_core.sync.admission import admit
from sync_core.vault.credentials import Sealer

API_KEY: Final = "api_key"
REFUSED: Final = "oauth_refused"
FAILING: Final = "oauth_failing"
TROUBLES: Final = (REFUSED, FAILING)


def keep_first(host: Host, pending: Pending, grant: Grant, *, account: Account, sealer: Sealer) -> int:
    """Store the tokens of a new authorisation over whatever credential the connection had; the connection's id.

    Raises:
        ConfigurationError: another account than the one this venue was synced with; nothing is stored.
    """
    spec = application_of(host.spec(pending.provider), host.settings, environment=pending.environment).spec
    with host.database.begin() as conn:
        number = admit(conn, pending.venue, pending.provider, environment=pending.environment, account=account)
        refreshable = grant.refresh_token is not None
        version = tokens.begin(conn, number, times=grant.times(spec), scopes=grant.scopes, refreshable=refreshable)
        save(conn, number, replace(grant, version=version), sealer=sealer)
        delete_envelope(conn, connection_id=number, kind=API_KEY)
        alerts.close(conn, connection_id=number, kinds=TROUBLES)
    return number


def give_up_tokens(conn: sa.Connection, connection_id: int) -> None:
    """A key took the place of whatever tokens the connection had; nothing happens where it had none."""
    tokens.forget(conn, connection_id)
    delete_envelope(conn, connection_id=connection_id, kind=KIND)
    alerts.close(conn, connection_id=connection_id, kinds=TROUBLES)


def save(conn: sa.Connection, connection_id: int, grant: Grant, *, sealer: Sealer) -> None:
    """Seal a grant and store it over the last one, in the caller's transaction. Needs no master key any more."""
    sealed = sealer.seal(grant.sealable())
    save_envelope(conn, connection_id=connection_id, kind=KIND, envelope=sealed.envelope, key_id=sealed.key_id)


def held(host: Host, conn: sa.Connection, connection: Connection) -> Grant:
    """The connection's grant. Raises what `Vault.read` raises."""
    return opened(
        host.vault.read(
            conn, connection_id=connection.id, venue=connection.venue, provider=connection.provider, kind=KIND
        )
    )


def credential_of(host: Host, conn: sa.Connection, connection: Connection) -> dict[str, str]:
    """The credential for the client of a connection, whichever way it was made. Raises what `Vault.read` raises."""
    if tokens.standing(conn, connection.id) is None:
        return host.vault.read(
            conn, connection_id=connection.id, venue=connection.venue, provider=connection.provider, kind=API_KEY
        )
    return held(host, conn, connection).credential(declared(host, connection))


def declared(host: Host, connection: Connection) -> OAuthSpec:
    """How the provider of a connection does OAuth. Raises ConfigurationError when it does no more."""
    spec = host.spec(connection.provider)
    if spec.auth.oauth is None:
        raise ConfigurationError(f"{spec.title} has no OAuth any more: connect {connection.label} with a key.")
    return spec.auth.oauth
