"""Secrets that CryptoJS encrypted: given back whole or refused, never as something else."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_core.vault.legacy import LegacySecretError, decrypt_cryptojs

SHARED = Path(__file__).parents[4] / "shared" / "vectors" / "cryptojs_vectors.json"

# Text, passphrase and salt; `encrypted` makes the ciphertext.
OWN = [
    ("", "correct horse", "0001020304050607"),
    ("sk_live_abc", "correct horse", "ffffffffffffffff"),
    ("pässwörd 密码 🔑", "ключ", "0102030405060708"),
    ("a" * 16, "p", "a1b2c3d4e5f60718"),
]


def encrypted(text: str, passphrase: str, salt: bytes) -> str:
    """What CryptoJS makes, written from OpenSSL's documentation of EVP_BytesToKey alone."""
    one = hashlib.md5(passphrase.encode() + salt).digest()
    two = hashlib.md5(one + passphrase.encode() + salt).digest()
    three = hashlib.md5(two + passphrase.encode() + salt).digest()
    plain = text.encode()
    padded = plain + bytes([16 - len(plain) % 16]) * (16 - len(plain) % 16)
    encryptor = Cipher(AES(one + two), CBC(three)).encryptor()
    return base64.b64encode(b"Salted__" + salt + encryptor.update(padded) + encryptor.finalize()).decode()


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED.name} is not beside the repository")
def test_every_vector_of_cryptojs_itself_is_decrypted() -> None:
    vectors = json.loads(SHARED.read_text())["vectors"]
    assert len(vectors) >= 6
    for vector in vectors:
        assert decrypt_cryptojs(vector["ciphertext_b64"], vector["passphrase"]) == vector["plaintext"], vector["name"]


@pytest.mark.parametrize(("text", "passphrase", "salt"), OWN)
def test_what_was_encrypted_comes_back(text: str, passphrase: str, salt: str) -> None:
    assert decrypt_cryptojs(encrypted(text, passphrase, bytes.fromhex(salt)), passphrase) == text


@given(st.text(max_size=80), st.text(max_size=40), st.binary(min_size=8, max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_text_comes_back(text: str, passphrase: str, salt: bytes) -> None:
    assert decrypt_cryptojs(encrypted(text, passphrase, salt), passphrase) == text


def test_another_passphrase_gives_nothing_of_two_thousand() -> None:
    secret = encrypted("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "right", bytes(8))
    for number in range(2_000):
        with pytest.raises(LegacySecretError):
            decrypt_cryptojs(secret, f"wrong {number}")


WHOLE = base64.b64decode(encrypted("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "right", bytes(8)))


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "no base64 at all!",
        base64.b64encode(b"Salted__").decode(),
        base64.b64encode(b"Salted__12345678").decode(),
        base64.b64encode(WHOLE[:-1]).decode(),
        base64.b64encode(WHOLE[:-16]).decode(),
        base64.b64encode(WHOLE + b"\0").decode(),
        base64.b64encode(b"salted__" + WHOLE[8:]).decode(),
        base64.b64encode(WHOLE[:-1] + bytes([WHOLE[-1] ^ 1])).decode(),
        base64.b64encode(WHOLE[:8] + b"another!" + WHOLE[16:]).decode(),
        base64.b64encode(WHOLE).decode()[:-4] + "é===",
    ],
)
def test_what_is_no_whole_ciphertext_is_refused(broken: str) -> None:
    with pytest.raises(LegacySecretError) as refused:
        decrypt_cryptojs(broken, "right")
    assert "sk_live" not in str(refused.value)


def test_a_passphrase_that_is_no_text_is_refused() -> None:
    with pytest.raises(LegacySecretError, match="passphrase"):
        decrypt_cryptojs(base64.b64encode(WHOLE).decode(), "\ud800")
