"""Secrets of the service before this one: CryptoJS's AES with a passphrase, OpenSSL's format of old.

The format authenticates nothing: the key is derived by one round of MD5, and a wrong passphrase or a changed byte shows
only where the padding or the encoding breaks. CryptoJS itself gives an empty text then, and calls it decrypted. Here
nothing is given back that is not whole; who imports a secret proves it against the provider besides.
"""

import base64
import binascii
import hashlib
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from sync_core.errors import SyncError

_PREFIX: Final = b"Salted__"
_SALT_BYTES: Final = 8
_BLOCK: Final = 16
_KEY_BYTES: Final = 32


class LegacySecretError(SyncError):
    """A legacy secret could not be decrypted to something that can be trusted."""


def decrypt_cryptojs(ciphertext_b64: str, passphrase: str) -> str:
    """The text that `CryptoJS.AES.encrypt(text, passphrase).toString()` made `ciphertext_b64` of.

    Args:
        ciphertext_b64: base64 of "Salted__", eight bytes of salt, and AES-256-CBC with PKCS#7 padding.
        passphrase: as it was given to CryptoJS; key and IV come from it by OpenSSL's EVP_BytesToKey (MD5, one round).

    Raises:
        LegacySecretError: this is no such ciphertext, or the passphrase is not the one it was made with.
    """
    salt, encrypted = _taken_apart(ciphertext_b64)
    key, iv = _derived(_encoded(passphrase), salt)
    decryptor = Cipher(AES(key), CBC(iv)).decryptor()
    try:
        return _unpadded(decryptor.update(encrypted) + decryptor.finalize()).decode()
    except UnicodeDecodeError:
        raise _refused("what comes out is no text; the passphrase is another one") from None


def _taken_apart(ciphertext_b64: str) -> tuple[bytes, bytes]:
    try:
        raw = base64.b64decode(ciphertext_b64.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise _refused("it is not base64") from None
    if not raw.startswith(_PREFIX):
        raise _refused('it does not begin with "Salted__"')
    start = len(_PREFIX) + _SALT_BYTES
    encrypted = raw[start:]
    if len(raw) < start or not encrypted or len(encrypted) % _BLOCK:
        raise _refused("it is cut short")
    return raw[len(_PREFIX) : start], encrypted


def _encoded(passphrase: str) -> bytes:
    try:
        return passphrase.encode()
    except UnicodeEncodeError:
        raise _refused("the passphrase is no valid text") from None


def _derived(passphrase: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """EVP_BytesToKey: MD5 over the digest before, the passphrase and the salt, until there is enough."""
    material = digest = b""
    while len(material) < _KEY_BYTES + _BLOCK:
        digest = hashlib.md5(digest + passphrase + salt).digest()  # noqa: S324 - the format's own
        material += digest
    return material[:_KEY_BYTES], material[_KEY_BYTES : _KEY_BYTES + _BLOCK]


def _unpadded(padded: bytes) -> bytes:
    count = padded[-1]
    if not 1 <= count <= _BLOCK or padded[-count:] != bytes([count]) * count:
        raise _refused("its end is wrong; it was changed, or the passphrase is another one")
    return padded[:-count]


def _refused(reason: str) -> LegacySecretError:
    return LegacySecretError(f"A legacy secret was refused: {reason}; export it again, or let the venue connect anew.")
