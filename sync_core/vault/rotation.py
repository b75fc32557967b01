"""Sealing everything anew: under the present master key and fresh data keys, while everybody works on.

What stays true: an envelope is replaced only by one that was opened again and held the same, and only if it is still the
one that was read, so a token that is refreshed meanwhile is never set back. What was done is seen in the envelopes
themselves; a rotation that was killed goes on where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from sync_core.errors import IntegrityError, SyncError
from sync_core.store import rotations
from sync_core.store.locks import rotating
from sync_core.store.rotations import Kept, Rotation
from sync_core.vault.credentials import Vault

BATCH: Final = 50
_START: Final = (0, "")
_PROBE: Final = {"venue": "-", "provider": "-", "kind": "rotation"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rotation did: envelopes sealed anew by this call, and what could not be opened, by connection and reason."""

    key_id: str
    resealed: int
    refused: tuple[tuple[str, str], ...]
    finished: bool


def rotate(database: sa.Engine, vault: Vault, *, on_progress: Callable[[int], None] = lambda _: None) -> Outcome:
    """Seal every credential anew; goes on with an unfinished rotation to the same master key.

    `on_progress` hears how many were sealed so far.

    Raises:
        TransientError: the master key cannot be reached; what is done stays done, run it again.
        ConfigurationError: the master key refuses us, or another rotation is running.
    """
    # A fresh vault's data keys may be as old as the cache allows: what this seals is opened under the present key.
    key_id = vault.sealer(**_PROBE).key_id
    resealed, refused = 0, list[tuple[str, str]]()
    with database.connect() as conn, rotating(conn):
        with conn.begin():
            rotation = rotations.begun(conn, key_id=key_id)
        after = _START
        while True:
            with conn.begin():
                batch = rotations.left(conn, rotation, after=after, limit=BATCH)
                for kept in batch:
                    try:
                        resealed += _resealed(conn, vault, rotation, kept)
                    except IntegrityError as broken:
                        refused.append((f"{kept.venue}/{kept.provider}", str(broken)))
            if not batch:
                break
            after = (batch[-1].connection_id, batch[-1].kind)
            on_progress(resealed)
        with conn.begin():
            finished = rotations.finish(conn, rotation)
    return Outcome(key_id, resealed, tuple(refused), finished)


def verify(database: sa.Engine, vault: Vault) -> list[tuple[str, str]]:
    """Open every credential; what could not be opened, by connection and reason."""
    broken: list[tuple[str, str]] = []
    after = _START
    with database.connect() as conn:
        while batch := rotations.everything(conn, after=after, limit=BATCH):
            for kept in batch:
                try:
                    _opened(vault, kept, kept.envelope)
                except SyncError as refused:
                    broken.append((f"{kept.venue}/{kept.provider}", str(refused)))
            after = (batch[-1].connection_id, batch[-1].kind)
    return broken


def _resealed(conn: sa.Connection, vault: Vault, rotation: Rotation, kept: Kept) -> bool:
    secret = _opened(vault, kept, kept.envelope)
    sealed = vault.sealer(venue=kept.venue, provider=kept.provider, kind=kept.kind).seal(secret)
    if _opened(vault, kept, sealed.envelope) != secret:
        raise IntegrityError("A credential sealed anew did not open to what it was; it is left as it is.")
    return rotations.replace(conn, rotation, kept, envelope=sealed.envelope, key_id=sealed.key_id)


def _opened(vault: Vault, kept: Kept, envelope: bytes) -> dict[str, str]:
    return vault.open(envelope, venue=kept.venue, provider=kept.provider, kind=kept.kind)
