"""A master key in a local file, for development: real AES-256-GCM, no AWS account.

Whoever reads the file reads every credential, and nothing records who did; so it warns whenever it is opened and
refuses to work in production.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync_core.errors import ConfigurationError, IntegrityError
from sync_core.vault.context import PRODUCT, canonical
from sync_core.vault.keyring import DATA_KEY_BYTES, DataKey, prove

_LOG: Final = logging.getLogger(__name__)
_MASTER_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_PURPOSE: Final = b"venue-sync/local-keyring/1"
_CHECK_CONTEXT: Final = {"product": PRODUCT, "purpose": "check"}


class LocalKeyring:
    """Data keys under a 32-byte master key in a file, which is created when it does not exist.

    A wrapped data key is a 12-byte nonce, the encrypted key and a 16-byte tag: 60 bytes.
    """

    def __init__(self, master_key_file: Path, *, environment: str) -> None:
        """Read or create the master key, and warn.

        Args:
            master_key_file: 32 raw bytes, readable by its owner alone (mode 0600).
            environment: "production" is refused.

        Raises:
            ConfigurationError: in production; or the file is readable by others, has another size, or cannot be read.
        """
        if environment.strip().lower() in {"production", "prod"}:
            raise ConfigurationError(
                "The local master key file is for development and is refused in production; set an AWS KMS key id."
            )
        master_key = _read_or_create(master_key_file)
        self._cipher = AESGCM(master_key)
        self._key_id = f"local:{sha256(_PURPOSE + master_key).hexdigest()[:16]}"
        self._file = master_key_file
        _LOG.warning(
            "CREDENTIALS ARE PROTECTED BY A LOCAL MASTER KEY FILE (%s) AND NOT BY AWS KMS: "
            "for development only, whoever reads this file reads every venue's credentials.",
            master_key_file,
        )

    @property
    def name(self) -> str:
        """How a person calls this master key."""
        return f"local master key file {self._file}"

    @property
    def key_id(self) -> str:
        """How envelopes name this master key: a fingerprint of it."""
        return self._key_id

    def new_data_key(self, context: Mapping[str, str]) -> DataKey:
        """A fresh data key bound to `context`; never needs the network."""
        plain, nonce = token_bytes(DATA_KEY_BYTES), token_bytes(_NONCE_BYTES)
        wrapped = nonce + self._cipher.encrypt(nonce, plain, _PURPOSE + canonical(context))
        return DataKey(plain=plain, wrapped=wrapped, key_id=self._key_id)

    def open_data_key(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The plain data key that was wrapped under the same `context`.

        Raises:
            IntegrityError: it was changed, belongs to another context, or another master key wrapped it.
        """
        if len(wrapped) != _NONCE_BYTES + DATA_KEY_BYTES + _TAG_BYTES:
            raise self._refused()
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _PURPOSE + canonical(context))
        except InvalidTag:
            raise self._refused() from None

    def check(self) -> None:
        """Make a data key and open it again."""
        prove(self, _CHECK_CONTEXT)

    def _refused(self) -> IntegrityError:
        return IntegrityError(
            f"A data key was refused by the {self.name}: it was changed, belongs to another venue, provider or kind, "
            "or the file was replaced; restore the file or connect again."
        )


def _read_or_create(path: Path) -> bytes:
    try:
        if not path.exists():
            _create(path)
        return _read(path)
    except OSError as exc:
        raise ConfigurationError(
            f"The local master key file {path} cannot be read or created ({exc.strerror}); correct its path or owner."
        ) from exc


def _create(path: Path) -> None:
    """Write the key aside and link it into place: another process sees the whole key or none, and the first one wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(token_bytes(_MASTER_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise ConfigurationError(
                f"The local master key file {path} is open to other users of this machine; run chmod 600 on it."
            )
        master_key = file.read(_MASTER_KEY_BYTES + 1)
    if len(master_key) != _MASTER_KEY_BYTES:
        raise ConfigurationError(
            f"The local master key file {path} does not hold exactly {_MASTER_KEY_BYTES} bytes; restore it from a backup."
        )
    return master_key
