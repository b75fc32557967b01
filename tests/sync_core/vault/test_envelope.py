"""The envelope opens to what was sealed, in the context it was sealed in, or not at all."""

import os
import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.errors import ConfigurationError, IntegrityError
from sync_core.vault.envelope import read_header, seal, unseal
from sync_core.vault.keyring import DataKey
from sync_core.vault.local import LocalKeyring

CONTEXT = {"product": "venue-sync", "venue": "venue-7", "provider": "stripe", "kind": "api_key"}
SECRET = b'{"api_key": "sk_test_known_answer"}'

# Made by a second implementation, HKDF out of the standard library's hmac: master key 00..1f, data key 20..3f wrapped
# with nonce 40..4b, salt 80..9f, nonce a0..ab.
MASTER_KEY = bytes(range(32))
DATA_KEY = DataKey(
    plain=bytes(range(32, 64)),
    wrapped=bytes.fromhex(
        "404142434445464748494a4bc2988c000219a124e5ed3d1db7493d7449f7606f830039144f7e74deab2ed3e422f4e362bf38a6f0"
        "1d500d2580ecfe84"
    ),
    key_id="local:41b174d6ed01b9df",
)
KNOWN = bytes.fromhex(
    "5653454e010100166c6f63616c3a34316231373464366564303162396466003c404142434445464748494a4bc2988c000219"
    "a124e5ed3d1db7493d7449f7606f830039144f7e74deab2ed3e422f4e362bf38a6f01d500d2580ecfe848081828384858687"
    "88898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabb9b2f290373085ec1c31c8800974"
    "85def01aa6307304739e84089c6d875dc75b00000033180f0c9c26ccda8522584ccdabe3b3823f85dd788c77f5eb11620c8c"
    "e08d1c92732cdf9e8e997e0e6ca32187340b079899d071"
)

fixture_once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


class OneKey:
    """A keyring that knows one data key: what a master key would answer if it could be told what to answer."""

    name = "one key"

    def __init__(self, key: DataKey) -> None:
        self._key = key

    def new_data_key(self, context: Mapping[str, str]) -> DataKey:
        return self._key

    def open_data_key(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        return self._key.plain

    def check(self) -> None:
        return None


@pytest.fixture
def known_keyring(tmp_path: Path) -> LocalKeyring:
    file = tmp_path / "known.key"
    file.touch(mode=0o600)
    file.write_bytes(MASTER_KEY)
    return LocalKeyring(file, environment="test")


@fixture_once
@given(
    plain=st.binary(max_size=2_000),
    venue=st.text(min_size=1, max_size=40),
    provider=st.text(min_size=1, max_size=20),
)
def test_what_was_sealed_comes_back(local_keyring: LocalKeyring, plain: bytes, venue: str, provider: str) -> None:
    context = {**CONTEXT, "venue": venue, "provider": provider}
    sealed = seal(plain, context=context, keyring=local_keyring)
    assert unseal(sealed, context=context, keyring=local_keyring) == plain
    assert read_header(sealed).key_id == local_keyring.new_data_key(context).key_id


def test_the_known_answer_is_sealed_byte_for_byte() -> None:
    drawn = iter([bytes(range(128, 160)), bytes(range(160, 172))])
    sealed = seal(SECRET, context=CONTEXT, keyring=OneKey(DATA_KEY), entropy=lambda _: next(drawn))
    assert sealed.hex() == KNOWN.hex()


def test_the_known_answer_opens(known_keyring: LocalKeyring) -> None:
    assert unseal(KNOWN, context=CONTEXT, keyring=known_keyring) == SECRET


def test_every_single_flipped_bit_is_refused(known_keyring: LocalKeyring) -> None:
    for position in range(len(KNOWN) * 8):
        flipped = bytearray(KNOWN)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(IntegrityError):
            unseal(bytes(flipped), context=CONTEXT, keyring=known_keyring)


def test_every_truncation_is_refused(known_keyring: LocalKeyring) -> None:
    for length in range(len(KNOWN)):
        with pytest.raises(IntegrityError):
            unseal(KNOWN[:length], context=CONTEXT, keyring=known_keyring)


@fixture_once
@given(plain=st.binary(max_size=300), data=st.data())
def test_a_flipped_bit_is_refused_where_the_keyring_would_not_notice(plain: bytes, data: st.DataObject) -> None:
    """The envelope itself guards every byte, also those of the wrapped key and the key id."""
    keyring = OneKey(DATA_KEY)
    sealed = bytearray(seal(plain, context=CONTEXT, keyring=keyring))
    position = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[position // 8] ^= 1 << position % 8
    with pytest.raises(IntegrityError):
        unseal(bytes(sealed), context=CONTEXT, keyring=keyring)


@fixture_once
@given(tail=st.binary(min_size=1, max_size=50))
def test_bytes_behind_the_end_are_refused(known_keyring: LocalKeyring, tail: bytes) -> None:
    with pytest.raises(IntegrityError, match="behind its end"):
        unseal(KNOWN + tail, context=CONTEXT, keyring=known_keyring)


@fixture_once
@given(rubbish=st.binary(max_size=400))
def test_rubbish_is_refused(known_keyring: LocalKeyring, rubbish: bytes) -> None:
    for sealed in (rubbish, KNOWN[:6] + rubbish):
        with pytest.raises(IntegrityError):
            unseal(sealed, context=CONTEXT, keyring=known_keyring)


@pytest.mark.parametrize("offset", [4, 5])
@pytest.mark.parametrize("value", [0, 2, 255])
def test_another_version_or_algorithm_is_refused_before_any_key_is_asked(offset: int, value: int) -> None:
    downgraded = bytearray(KNOWN)
    downgraded[offset] = value
    with pytest.raises(IntegrityError, match="is not accepted"):
        read_header(bytes(downgraded))


@pytest.mark.parametrize("part", sorted(CONTEXT))
def test_another_context_is_refused_by_the_master_key(known_keyring: LocalKeyring, part: str) -> None:
    with pytest.raises(IntegrityError):
        unseal(KNOWN, context={**CONTEXT, part: "other"}, keyring=known_keyring)


@pytest.mark.parametrize(
    "context",
    [
        {**CONTEXT, "venue": "venue-8"},
        {**CONTEXT, "more": "x"},
        {key: value for key, value in CONTEXT.items() if key != "kind"},
    ],
)
def test_another_context_is_refused_by_the_envelope_too(context: dict[str, str]) -> None:
    with pytest.raises(IntegrityError, match="another venue, provider or kind"):
        unseal(KNOWN, context=context, keyring=OneKey(DATA_KEY))


def test_another_data_key_is_refused_by_the_commitment() -> None:
    """Without commitment one AES-GCM ciphertext can be made to open under two keys."""
    other = DataKey(plain=bytes(32), wrapped=DATA_KEY.wrapped, key_id=DATA_KEY.key_id)
    with pytest.raises(IntegrityError, match="not the one it was sealed with"):
        unseal(KNOWN, context=CONTEXT, keyring=OneKey(other))


def test_a_data_key_of_another_length_is_refused() -> None:
    short = DataKey(plain=bytes(16), wrapped=DATA_KEY.wrapped, key_id=DATA_KEY.key_id)
    with pytest.raises(IntegrityError, match="impossible length"):
        unseal(KNOWN, context=CONTEXT, keyring=OneKey(short))


@pytest.mark.parametrize("length", [0, 6_145])
def test_a_wrapped_key_no_kms_would_take_is_refused(length: int) -> None:
    tail = bytes(32 + 12 + 32) + struct.pack(">I", 16) + bytes(16)
    sealed = b"VSEN\1\1" + struct.pack(">H", 1) + b"k" + struct.pack(">H", length) + bytes(length) + tail
    with pytest.raises(IntegrityError, match="impossible length"):
        read_header(sealed)


def test_one_secret_sealed_twice_shares_no_key_and_no_ciphertext() -> None:
    one, other = (seal(SECRET, context=CONTEXT, keyring=OneKey(DATA_KEY)) for _ in range(2))
    first, second = read_header(one), read_header(other)
    assert (first.salt, first.nonce, first.commitment) != (second.salt, second.nonce, second.commitment)
    assert one[-16 - len(SECRET) :] != other[-16 - len(SECRET) :]


def test_a_secret_of_more_than_a_mebibyte_is_refused(local_keyring: LocalKeyring) -> None:
    with pytest.raises(ConfigurationError, match="over the vault's limit"):
        seal(os.urandom(1_048_577), context=CONTEXT, keyring=local_keyring)


def test_nothing_secret_shows_in_a_header_or_a_refusal(known_keyring: LocalKeyring) -> None:
    with pytest.raises(IntegrityError) as refused:
        unseal(KNOWN[:-1], context=CONTEXT, keyring=known_keyring)
    shown = f"{read_header(KNOWN)!r} {refused.value!r}"
    assert shown.startswith("Header(key_id='local:41b174d6ed01b9df')")
    assert KNOWN.hex()[:40] not in shown
    assert "sk_test" not in shown
