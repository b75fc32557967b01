"""A connection's own address for webhooks, for accounts whose events the application's address does not get.

It ends in a token that only its hash is kept of; what its webhooks are signed with is sealed in the vault, and goes
with the connection's other secrets when the venue disconnects.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

import sqlalchemy as sa

from sync_core.errors import ConfigurationError, SignatureError
from sync_core.store import webhook_addresses
from sync_core.store.connections import Connection
from sync_core.store.credentials import load_envelope
from sync_core.vault.credentials import Vault

KIND = "webhook"


@dataclass(frozen=True, slots=True)
class Address:
    """Whose address it is (None: the application's), what is signed with, and the address as the provider was given it."""

    connection_id: int | None
    secrets: tuple[str, ...] = field(repr=False)
    url: str = field(repr=False)


def open_address(conn: sa.Connection, vault: Vault, connection: Connection, *, base: str) -> str:
    """A fresh address below `base` for the webhooks of `connection`; the one before is good for nothing any more.

    Mailchimp's carries a secret of its own, because Mailchimp need not sign; the others are told theirs by `set_secret`.
    """
    token = secrets.token_urlsafe(32)
    url = f"{base.rstrip('/')}/webhooks/{connection.provider}/{token}"
    parts = {"url": url}
    if connection.provider == "mailchimp":
        parts["secret"] = secrets.token_urlsafe(32)
        parts["url"] = f"{url}?secret={parts['secret']}"
    webhook_addresses.save(conn, connection.id, token_hash=hash_of(token))
    _keep(conn, vault, connection, parts)
    return parts["url"]


def set_secret(conn: sa.Connection, vault: Vault, connection: Connection, *, secret: str) -> None:
    """Webhooks at the connection's address are signed with `secret` from now on; the one before stays good beside it.

    Raises ConfigurationError when the connection has no address.
    """
    parts = _opened(conn, vault, connection.id, connection.venue, connection.provider)
    if "url" not in parts:
        raise ConfigurationError(f"{connection.label} has no address for webhooks yet: open one first.")
    former = {"former": parts["secret"]} if "secret" in parts and parts["secret"] != secret else {}
    _keep(conn, vault, connection, {"url": parts["url"], "secret": secret, **former})


def at_address(conn: sa.Connection, vault: Vault, provider: str, token: str) -> Address:
    """Whose address ends in this token.

    Raises:
        SignatureError: nobody's, or that of another provider.
        TransientError: the vault's master key cannot be reached for the moment.
    """
    owner = webhook_addresses.owner_of(conn, token_hash=hash_of(token))
    if owner is None or owner.provider != provider:
        raise SignatureError("There is no such address for webhooks.")
    parts = _opened(conn, vault, owner.id, owner.venue, owner.provider)
    known = tuple(parts[name] for name in ("secret", "former") if name in parts)
    return Address(connection_id=owner.id, secrets=known, url=parts.get("url", ""))


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _keep(conn: sa.Connection, vault: Vault, connection: Connection, parts: dict[str, str]) -> None:
    vault.store(
        conn,
        connection_id=connection.id,
        venue=connection.venue,
        provider=connection.provider,
        kind=KIND,
        secret=parts,
    )


def _opened(conn: sa.Connection, vault: Vault, connection_id: int, venue: str, provider: str) -> dict[str, str]:
    envelope = load_envelope(conn, connection_id=connection_id, kind=KIND)
    return {} if envelope is None else vault.open(envelope, venue=venue, provider=provider, kind=KIND)
