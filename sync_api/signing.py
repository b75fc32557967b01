"""The keys behind callers' tokens: public ones from a file, or a private one of our own, for development only."""

import logging
import os
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sync_api.tokens import ALGORITHM, Role, Verifier
from sync_core.clock import Clock
from sync_core.errors import ConfigurationError
from sync_core.settings import Settings

_SMALLEST_KEY: Final = 2048
_PEM: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_log = logging.getLogger(__name__)


def open_verifier(settings: Settings, clock: Clock) -> Verifier:
    """A verifier with the keys of VENUE_SYNC_JWT_KEYS, else with the development key, which is made if need be.

    Raises ConfigurationError when the file has no usable key, or production has no file.
    """
    if settings.jwt_keys is not None:
        keys = public_keys(settings.jwt_keys)
    else:
        keys = [development_key(settings).public_key()]
        _log.warning(
            "CALLERS' TOKENS ARE CHECKED AGAINST A LOCAL DEVELOPMENT KEY (%s): whoever reads this file is an "
            "administrator. Set VENUE_SYNC_JWT_KEYS before anybody else can reach this API.",
            settings.development_jwt_key_file,
        )
    return Verifier(keys=keys, issuer=settings.jwt_issuer, audience=settings.jwt_audience, clock=clock)


def public_keys(file: Path) -> list[rsa.RSAPublicKey]:
    """The RSA public keys in a PEM file. Raises ConfigurationError when there is none, or one is too short."""
    try:
        blocks = _PEM.findall(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"VENUE_SYNC_JWT_KEYS: {file} cannot be read ({error.strerror}).") from None
    if not blocks:
        raise ConfigurationError(
            f"VENUE_SYNC_JWT_KEYS: {file} holds no public key: it must have -----BEGIN PUBLIC KEY-----."
        )
    return [_usable(block, file) for block in blocks]


def _usable(block: bytes, file: Path) -> rsa.RSAPublicKey:
    try:
        key = serialization.load_pem_public_key(block)
    except ValueError:
        raise ConfigurationError(f"VENUE_SYNC_JWT_KEYS: a key in {file} is no valid PEM: copy it again.") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SMALLEST_KEY:
        raise ConfigurationError(f"VENUE_SYNC_JWT_KEYS: a key in {file} is not RSA of {_SMALLEST_KEY} bits or more.")
    return key


def development_key(settings: Settings) -> rsa.RSAPrivateKey:
    """The private key in this installation's home, made on first use. Raises ConfigurationError in production."""
    if settings.stage == "production":
        raise ConfigurationError(
            "Production checks callers' tokens against your own identity provider: set VENUE_SYNC_JWT_KEYS to a file "
            "of its public keys. The development key is refused here."
        )
    file = settings.development_jwt_key_file
    if not file.exists():
        _make(file)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigurationError(f"{file} holds no RSA key: delete it, and a new one is made.")
    return key


def _make(file: Path) -> None:
    pem = rsa.generate_private_key(public_exponent=65537, key_size=_SMALLEST_KEY).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123 - wants the mode
        out.write(pem)
    try:
        os.link(fresh, file)  # whole or not at all, and the first of two processes wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def sign(
    settings: Settings, *, subject: str, role: Role, venues: Sequence[str], now: datetime, lasting: timedelta
) -> str:
    """A token signed with the development key. Raises ConfigurationError in production."""
    claims = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": subject,
        "role": role,
        "venues": list(venues),
        "iat": now,
        "exp": now + lasting,
    }
    return jwt.encode(claims, development_key(settings), algorithm=ALGORITHM)
