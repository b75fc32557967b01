"""Bringing in the secrets of the service before this one: decrypted, proved, sealed, and able to be taken back.

What stays true: a secret is stored only after the provider has taken it and the envelope has been opened again; a
connection that has a credential is left alone, so an import may be repeated after a kill; and what an import stored can
be taken back for as long as the venue has not connected anew.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from sync_core.errors import AuthorizationLost, ConfigurationError, IntegrityError, SyncError
from sync_core.store import connections, ledger, legacy_imports
from sync_core.store.connections import Environment
from sync_core.sync.engine import Engine
from sync_core.vault.legacy import decrypt_cryptojs

_KIND: Final = "api_key"


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line: "stored", "kept" (nothing was done), "taken back", or "refused"; with a sentence why."""

    number: int
    label: str
    outcome: Literal["stored", "kept", "taken back", "refused"]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    venue: str
    provider: str
    environment: Environment
    secret: Mapping[str, str]
    digest: bytes


def bring_in(
    engine: Engine, lines: Iterable[bytes], *, passphrase: str, name: str, on_line: Callable[[Line], None]
) -> list[Line]:
    """Import a file of JSON lines: {"venue", "provider", "environment", "secret": {part: CryptoJS ciphertext}}.

    A line's trouble does not raise: it is told in what became of it. An outage of the vault or the database does raise;
    run the import again under the same name.

    Raises:
        ConfigurationError: the passphrase is empty.
        TransientError: the vault's master key cannot be reached.
    """
    if not passphrase:
        raise ConfigurationError("The passphrase of the legacy secrets is empty: name the variable that holds it.")
    engine.vault.check()
    done: list[Line] = []
    for number, text in enumerate(lines, start=1):
        if text.strip():
            done.append(_line(engine, number, text, passphrase=passphrase, name=name))
            on_line(done[-1])
    return done


def take_back(engine: Engine, name: str) -> list[Line]:
    """Destroy what an import of this name stored, where the venue has not connected anew since."""
    with engine.database.connect() as conn:
        found = legacy_imports.stored_by(conn, name)
    if not found:
        raise ConfigurationError(f"There is no import named {name!r}, or it was taken back already.")
    done: list[Line] = []
    for number, one in enumerate(found, start=1):
        label = f"{one.venue}/{one.provider}"
        if not one.untouched:
            done.append(Line(number, label, "kept", "the venue has connected anew since"))
            continue
        with engine.database.begin() as conn:
            engine.vault.destroy(conn, connection_id=one.connection_id)
            legacy_imports.forget(conn, name, one.connection_id)
            if one.made_connection and ledger.is_empty(conn, one.connection_id):
                connections.forget(conn, one.connection_id)
            else:
                connections.mark_disconnected(conn, one.connection_id)
        done.append(Line(number, label, "taken back"))
    return done


def _line(engine: Engine, number: int, text: bytes, *, passphrase: str, name: str) -> Line:
    label = f"line {number}"
    try:
        wanted = _read(text, passphrase)
        label = f"{wanted.venue}/{wanted.provider}"
        with engine.database.connect() as conn:
            known = connections.find(conn, wanted.venue, wanted.provider)
            there = known is not None and legacy_imports.has_credential(conn, known.id)
        if there:
            # Killed between storing and noting, the import finds its own work here.
            noted = _noted(engine, wanted, name=name)
            return Line(number, label, "stored" if noted else "kept", None if noted else "it has a credential already")
        engine.connect(wanted.venue, wanted.provider, wanted.secret, environment=wanted.environment)
        _proved(engine, wanted, name=name, made_connection=known is None)
    except SyncError as refused:
        return Line(number, label, "refused", str(refused))
    return Line(number, label, "stored")


def _noted(engine: Engine, wanted: _Wanted, *, name: str) -> bool:
    """Whether the credential that is there is this one and was not noted yet; then it is."""
    with engine.database.connect() as conn:
        if legacy_imports.is_noted(conn, wanted.digest):
            return False
    try:
        _proved(engine, wanted, name=name, made_connection=False)
    except (AuthorizationLost, IntegrityError):
        return False
    return True


def _proved(engine: Engine, wanted: _Wanted, *, name: str, made_connection: bool) -> None:
    """Open what was stored again, and note where it came from."""
    with engine.database.begin() as conn:
        connection = connections.find(conn, wanted.venue, wanted.provider)
        if connection is None:
            raise IntegrityError(f"{wanted.venue}/{wanted.provider} vanished while it was imported; import it again.")
        stored = engine.vault.read(
            conn, connection_id=connection.id, venue=wanted.venue, provider=wanted.provider, kind=_KIND
        )
        if stored != wanted.secret:
            raise IntegrityError(f"{connection.label} does not open to what was imported; disconnect it.")
        legacy_imports.note(
            conn,
            name=name,
            connection_id=connection.id,
            kind=_KIND,
            digest=wanted.digest,
            made_connection=made_connection,
        )


def _read(text: bytes, passphrase: str) -> _Wanted:
    try:
        given: Any = orjson.loads(text)
        venue, provider, secret = given["venue"], given["provider"], given["secret"]
        environment = given.get("environment", "production")
        texts = [venue, provider, environment, *secret, *secret.values()]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise ConfigurationError('It is no JSON object with "venue", "provider" and "secret": correct it.') from None
    if not all(isinstance(one, str) for one in texts) or environment not in ("production", "sandbox"):
        raise ConfigurationError("A part of it is no text, or its environment is neither production nor sandbox.")
    opened = {part: decrypt_cryptojs(sealed, passphrase) for part, sealed in secret.items()}
    return _Wanted(venue, provider, environment, opened, hashlib.sha256(text.strip()).digest())
