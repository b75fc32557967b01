"""Credentials as the rest of the product sees them: stored, read and destroyed by connection.

What stays true: what reaches the database is sealed for one venue, provider and kind, and a row moved to another
venue's connection does not open there. Who may ask is decided elsewhere.
"""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from sync_core.errors import AuthorizationLost, IntegrityError
from sync_core.store.credentials import delete_envelopes, load_envelope, save_envelope
from sync_core.vault.context import credential_context
from sync_core.vault.envelope import read_header, seal, unseal
from sync_core.vault.keyring import Keyring


class Secret(dict[str, str]):
    """An opened credential: a dict that shows the names of its parts and never their values."""

    def __repr__(self) -> str:
        return f"Secret({', '.join(sorted(self))})"


class Vault:
    """Venues' credentials, sealed under one keyring; a `DataKeyCache` keeps its KMS calls few."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def check(self) -> None:
        """Prove that credentials can be sealed and opened; raises what `Keyring.check` raises."""
        self._keyring.check()

    def store(
        self,
        conn: sa.Connection,
        *,
        connection_id: int,
        venue: str,
        provider: str,
        kind: str,
        secret: Mapping[str, str],
    ) -> None:
        """Seal a credential and store it in the caller's transaction, over whatever was there.

        Args:
            conn: in whose transaction it happens.
            connection_id: row of sync.connections.
            venue: id of the venue the connection belongs to.
            provider: the connection's provider.
            kind: "api_key", "oauth".
            secret: the credential's parts, such as {"api_key": ...}.

        Raises:
            TransientError: the master key cannot be reached for the moment; nothing was stored.
            ConfigurationError: the master key refuses us, or venue, provider or kind is empty.
        """
        context = credential_context(venue=venue, provider=provider, kind=kind)
        sealed = seal(json.dumps(dict(secret)).encode(), context=context, keyring=self._keyring)
        key_id = read_header(sealed).key_id
        save_envelope(conn, connection_id=connection_id, kind=kind, envelope=sealed, key_id=key_id)

    def read(self, conn: sa.Connection, *, connection_id: int, venue: str, provider: str, kind: str) -> dict[str, str]:
        """The credential as it was stored. Its repr hides the values.

        Raises:
            AuthorizationLost: none is stored; the venue has to connect.
            IntegrityError: what is stored was changed, or belongs to another venue, provider or kind.
            TransientError: the master key cannot be reached and no data key is cached.
            ConfigurationError: the master key refuses us.
        """
        sealed = load_envelope(conn, connection_id=connection_id, kind=kind)
        if sealed is None:
            raise AuthorizationLost(
                f"Venue {venue} has no {kind} stored for {provider}; run venue-sync connect for this venue and provider."
            )
        context = credential_context(venue=venue, provider=provider, kind=kind)
        return _secret(json.loads(unseal(sealed, context=context, keyring=self._keyring)))

    def destroy(self, conn: sa.Connection, *, connection_id: int) -> None:
        """Delete every credential of a connection in the caller's transaction; nothing happens where none is stored."""
        delete_envelopes(conn, connection_id=connection_id)


def _secret(stored: Any) -> Secret:
    if not isinstance(stored, dict):
        raise IntegrityError("A credential opened to something that is no set of named parts; connect again.")
    return Secret(stored)
