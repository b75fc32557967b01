"""The envelope: bytes sealed under a data key, in a format of one version and one algorithm.

Layout, integers big-endian; docs/decisions/0003-vault.md gives the reasons:

    magic 4 | version 1 | algorithm 1 | key id 2+n | wrapped data key 2+n | salt 32 | nonce 12 | commitment 32 | length 4
    ciphertext and 16-byte tag, `length` bytes together

What stays true: a data key never encrypts anything itself. HKDF-SHA256 over the data key and a salt drawn per message
gives one key that encrypts and one value that commits to the data key, so an envelope opens under one data key only.
Everything before the ciphertext is authenticated, together with the context it was sealed in. An older version or
another algorithm is refused, never tried.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from secrets import token_bytes
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync_core.errors import ConfigurationError, IntegrityError
from sync_core.vault.context import canonical
from sync_core.vault.keyring import DATA_KEY_BYTES, DataKey, Keyring

MAGIC: Final = b"VSEN"
VERSION: Final = 1
AES_256_GCM_COMMITTED: Final = 1
LARGEST_SECRET: Final = 1_048_576  # bytes; a credential is a few hundred
LARGEST_WRAPPED: Final = 6_144  # bytes; the most AWS KMS takes in Decrypt (API reference, CiphertextBlob)

_PREFIX: Final = struct.Struct(">4sBB")
_SHORT: Final = struct.Struct(">H")
_SALT_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_COMMITMENT_BYTES: Final = 32
_TAIL: Final = struct.Struct(f">{_SALT_BYTES}s{_NONCE_BYTES}s{_COMMITMENT_BYTES}sI")
_TAG_BYTES: Final = 16
_ENCRYPT: Final = b"venue-sync/vault/1/encrypt"
_COMMIT: Final = b"venue-sync/vault/1/commit"

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Header:
    """What an envelope says of itself before anything is opened; `encoded` is the header's own bytes."""

    key_id: str
    wrapped: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    commitment: bytes = field(repr=False)
    encoded: bytes = field(repr=False)


def seal(plain: bytes, *, context: Mapping[str, str], keyring: Keyring, entropy: Entropy = token_bytes) -> bytes:
    """An envelope of `plain` that opens only under the same context.

    Args:
        plain: what to seal, at most 1 MiB.
        context: whom it belongs to; see `credential_context`.
        keyring: gives the data key; pass a `DataKeyCache` to keep KMS calls few.
        entropy: n -> n random bytes; anything but the default is for tests of the format.

    Raises:
        ConfigurationError: `plain` is too large, or the master key refuses us.
        TransientError: the master key cannot be reached for the moment.
    """
    return seal_under(keyring.new_data_key(context), plain, context=context, entropy=entropy)


def seal_under(data_key: DataKey, plain: bytes, *, context: Mapping[str, str], entropy: Entropy = token_bytes) -> bytes:
    """An envelope of `plain` under a data key that is at hand already and was made for the same context.

    For whoever must be able to seal what it gets even if the master key is out of reach by then.

    Raises:
        ConfigurationError: `plain` is too large.
    """
    if len(plain) > LARGEST_SECRET:
        raise ConfigurationError(f"A secret of {len(plain)} bytes is over the vault's limit of {LARGEST_SECRET} bytes.")
    salt, nonce = entropy(_SALT_BYTES), entropy(_NONCE_BYTES)
    header = b"".join(
        (
            _PREFIX.pack(MAGIC, VERSION, AES_256_GCM_COMMITTED),
            _counted(data_key.key_id.encode()),
            _counted(data_key.wrapped),
            _TAIL.pack(salt, nonce, _derive(data_key.plain, salt, _COMMIT), len(plain) + _TAG_BYTES),
        )
    )
    cipher = AESGCM(_derive(data_key.plain, salt, _ENCRYPT))
    return header + cipher.encrypt(nonce, plain, header + canonical(context))


def unseal(sealed: bytes, *, context: Mapping[str, str], keyring: Keyring) -> bytes:
    """What `seal` was given, or nothing at all.

    Raises:
        IntegrityError: the envelope was changed, cut, extended or downgraded, or belongs to another context.
        ConfigurationError: the master key refuses us.
        TransientError: the master key cannot be reached for the moment.
    """
    header = read_header(sealed)
    data_key = keyring.open_data_key(header.wrapped, context)
    if not compare_digest(_derive(data_key, header.salt, _COMMIT), header.commitment):
        raise _refused("its data key is not the one it was sealed with")
    cipher = AESGCM(_derive(data_key, header.salt, _ENCRYPT))
    try:
        return cipher.decrypt(header.nonce, sealed[len(header.encoded) :], header.encoded + canonical(context))
    except InvalidTag:
        raise _refused("it was changed, or belongs to another venue, provider or kind") from None


def read_header(sealed: bytes) -> Header:
    """The header of an envelope. Nothing in it may be believed before `unseal` has succeeded.

    Raises:
        IntegrityError: this is no envelope of the one version and algorithm we accept, or its length is wrong.
    """
    reader = _Reader(sealed)
    magic, version, algorithm = _PREFIX.unpack(reader.take(_PREFIX.size))
    if magic != MAGIC:
        raise _refused("it does not begin as one")
    if (version, algorithm) != (VERSION, AES_256_GCM_COMMITTED):
        raise _refused(f"version {version} with algorithm {algorithm} is not accepted")
    key_id, wrapped = reader.take_counted(), reader.take_counted()
    if not 0 < len(wrapped) <= LARGEST_WRAPPED:
        raise _refused("its data key has an impossible length")
    salt, nonce, commitment, length = _TAIL.unpack(reader.take(_TAIL.size))
    encoded = sealed[: reader.position]
    if length < _TAG_BYTES or len(sealed) - len(encoded) != length:
        raise _refused("it is cut short or has bytes behind its end")
    return Header(_text(key_id), wrapped, salt, nonce, commitment, encoded)


class _Reader:
    """Takes a header apart from the front and refuses to read past the end."""

    def __init__(self, sealed: bytes) -> None:
        self._sealed = sealed
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._sealed):
            raise _refused("it is cut short")
        taken = self._sealed[self.position : end]
        self.position = end
        return taken

    def take_counted(self) -> bytes:
        (count,) = _SHORT.unpack(self.take(_SHORT.size))
        return self.take(count)


def _derive(data_key: bytes, salt: bytes, purpose: bytes) -> bytes:
    if len(data_key) != DATA_KEY_BYTES:
        raise _refused("its data key has an impossible length")
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=purpose).derive(data_key)


def _counted(part: bytes) -> bytes:
    return _SHORT.pack(len(part)) + part


def _text(encoded: bytes) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        raise _refused("its key id is no text") from None


def _refused(reason: str) -> IntegrityError:
    return IntegrityError(f"A sealed credential was refused: {reason}; restore it from a backup or connect again.")
