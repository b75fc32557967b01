"""Credentials as the rest of the product sees them: stored, read and destroyed by connection.

What stays true: what reaches the database is sealed for one venue, provider and kind, and a row moved to another
venue's connection does not open there. Who may ask is decided elsewhere.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from sync_core.errors import AuthorizationLost, IntegrityError
from sync_core.store.credentials import delete_envelopes, load_envelope, save_envelope
from sync_core.vault.cache import CacheCounts, DataKeyCache
from sync_core.vault.context import credential_context
from sync_core.vault.envelope import read_header, seal_under, unseal
from sync_core.vault.keyring import DataKey, Keyring


class Secret(dict[str, str]):
    """An opened credential: a dict that shows the names of its parts and never their values."""

    def __repr__(self) -> str:
        return f"Secret({', '.join(sorted(self))})"


@dataclass(frozen=True, slots=True)
class Sealed:
    """An envelope, and the master key that wrapped its data key."""

    envelope: bytes = field(repr=False)
    key_id: str


class Sealer:
    """Seals for one venue, provider and kind under a data key that is at hand: it needs no master key any more."""

    def __init__(self, data_key: DataKey, context: Mapping[str, str]) -> None:
        self._data_key = data_key
        self._context = context

    @property
    def key_id(self) -> str:
        """The master key under which it seals."""
        return self._data_key.key_id

    def seal(self, secret: Mapping[str, str]) -> Sealed:
        """The parts of a secret as an envelope. Raises ConfigurationError when they are over 1 MiB."""
        plain = json.dumps(dict(secret)).encode()
        return Sealed(seal_under(self._data_key, plain, context=self._context), self._data_key.key_id)


class Vault:
    """Venues' credentials, sealed under one keyring; a `DataKeyCache` keeps its KMS calls few.

    `former` are keyrings, by the id of their master key, under which older envelopes may still be sealed: they open
    and never seal.
    """

    def __init__(self, keyring: Keyring, *, former: Mapping[str, Keyring] | None = None) -> None:
        self._keyring = keyring
        self._former = dict(former or {})

    def check(self) -> None:
        """Prove that credentials can be sealed and opened; raises what `Keyring.check` raises."""
        self._keyring.check()

    def counts(self) -> CacheCounts:
        """How often the master keys were asked and cached data keys served since this process began."""
        total = CacheCounts(generated=0, opened=0, failed=0, hits=0, entries=0)
        for keyring in (self._keyring, *self._former.values()):
            if isinstance(keyring, DataKeyCache):
                total = total.plus(keyring.counts())
        return total

    def sealer(self, *, venue: str, provider: str, kind: str) -> Sealer:
        """Be ready to seal, so that nothing that arrives is lost should the master key be out of reach by then.

        Raises:
            TransientError: the master key cannot be reached for the moment.
            ConfigurationError: the master key refuses us, or venue, provider or kind is empty.
        """
        context = credential_context(venue=venue, provider=provider, kind=kind)
        return Sealer(self._keyring.new_data_key(context), context)

    def open(self, envelope: bytes, *, venue: str, provider: str, kind: str) -> dict[str, str]:
        """The parts of a secret that was sealed for this venue, provider and kind. Its repr hides the values.

        Raises:
            IntegrityError: it was changed, or belongs to another venue, provider or kind.
            TransientError: the master key cannot be reached and no data key is cached.
            ConfigurationError: the master key refuses us.
        """
        context = credential_context(venue=venue, provider=provider, kind=kind)
        # What the header says of the key chooses among our own keyrings only; the keyring itself refuses what is not its.
        keyring = self._former.get(read_header(envelope).key_id, self._keyring)
        return _secret(json.loads(unseal(envelope, context=context, keyring=keyring)))

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
        sealed = self.sealer(venue=venue, provider=provider, kind=kind).seal(secret)
        save_envelope(conn, connection_id=connection_id, kind=kind, envelope=sealed.envelope, key_id=sealed.key_id)

    def read(self, conn: sa.Connection, *, connection_id: int, venue: str, provider: str, kind: str) -> dict[str, str]:
        """The credential as it was stored. Its repr hides the values.

        Raises:
            AuthorizationLost: none is stored; the venue has to connect.
            IntegrityError: what is stored was changed, or belongs to another venue, provider or kind.
            TransientError: the master key cannot be reached and no data key is cached.
            ConfigurationError: the master key refuses us.
        """
        envelope = load_envelope(conn, connection_id=connection_id, kind=kind)
        if envelope is None:
            raise AuthorizationLost(
                f"Venue {venue} has no {kind} stored for {provider}; run venue-sync connect for this venue and provider."
            )
        return self.open(envelope, venue=venue, provider=provider, kind=kind)

    def destroy(self, conn: sa.Connection, *, connection_id: int) -> None:
        """Delete every credential of a connection in the caller's transaction; nothing happens where none is stored."""
        delete_envelopes(conn, connection_id=connection_id)


def _secret(stored: Any) -> Secret:
    if not isinstance(stored, dict):
        raise IntegrityError("A credential opened to something that is no set of named parts; connect again.")
    return Secret(stored)
