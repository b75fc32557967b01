"""The local keyring: real encryption, loud about itself, absent from production."""

import logging
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.errors import ConfigurationError, IntegrityError
from sync_core.vault.local import LocalKeyring

CONTEXT = {"product": "venue-sync", "venue": "v1", "provider": "stripe", "kind": "api_key"}


def test_a_data_key_opens_under_its_own_context(local_keyring: LocalKeyring) -> None:
    key = local_keyring.new_data_key(CONTEXT)
    assert len(key.plain) == 32
    assert local_keyring.open_data_key(key.wrapped, CONTEXT) == key.plain


@pytest.mark.parametrize("part", sorted(CONTEXT))
def test_a_data_key_does_not_open_under_another_context(local_keyring: LocalKeyring, part: str) -> None:
    key = local_keyring.new_data_key(CONTEXT)
    with pytest.raises(IntegrityError, match="another venue, provider or kind"):
        local_keyring.open_data_key(key.wrapped, {**CONTEXT, part: "other"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 60 * 8 - 1))
def test_a_wrapped_data_key_with_one_flipped_bit_is_refused(local_keyring: LocalKeyring, bit: int) -> None:
    wrapped = bytearray(local_keyring.new_data_key(CONTEXT).wrapped)
    assert len(wrapped) == 60
    wrapped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(IntegrityError):
        local_keyring.open_data_key(bytes(wrapped), CONTEXT)


@pytest.mark.parametrize("length", [0, 1, 59, 61])
def test_a_wrapped_data_key_of_another_length_is_refused(local_keyring: LocalKeyring, length: int) -> None:
    wrapped = (local_keyring.new_data_key(CONTEXT).wrapped + b"\0")[:length]
    with pytest.raises(IntegrityError):
        local_keyring.open_data_key(wrapped, CONTEXT)


def test_the_key_file_is_created_for_its_owner_alone_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "master.key"
    first = LocalKeyring(file, environment="development")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == 32
    key = first.new_data_key(CONTEXT)
    second = LocalKeyring(file, environment="development")
    assert second.open_data_key(key.wrapped, CONTEXT) == key.plain
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]


def test_those_who_start_together_agree_on_one_master_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def start(file: Path) -> str:
        together.wait(10)
        return LocalKeyring(file, environment="development").new_data_key(CONTEXT).key_id

    for number in range(25):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(8) as pool:
            key_ids = set(pool.map(start, [folder / "master.key"] * 8))
        assert key_ids == {LocalKeyring(folder / "master.key", environment="development").new_data_key(CONTEXT).key_id}
        assert len(list(folder.iterdir())) == 1


def test_another_master_key_opens_nothing(tmp_path: Path, local_keyring: LocalKeyring) -> None:
    other = LocalKeyring(tmp_path / "other.key", environment="development")
    key = local_keyring.new_data_key(CONTEXT)
    assert other.new_data_key(CONTEXT).key_id != key.key_id
    with pytest.raises(IntegrityError, match="file was replaced"):
        other.open_data_key(key.wrapped, CONTEXT)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "master.key"
    file.write_bytes(bytes(32))
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        LocalKeyring(file, environment="development")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    file = tmp_path / "master.key"
    file.touch(mode=0o600)
    file.write_bytes(bytes(size))
    with pytest.raises(ConfigurationError, match="exactly 32 bytes"):
        LocalKeyring(file, environment="development")


def test_a_key_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file/master\.key cannot be read or created"):
        LocalKeyring(tmp_path / "file" / "master.key", environment="development")


@pytest.mark.parametrize("environment", ["production", "Production", " prod "])
def test_production_is_refused_before_a_file_is_made(tmp_path: Path, environment: str) -> None:
    with pytest.raises(ConfigurationError, match="refused in production"):
        LocalKeyring(tmp_path / "master.key", environment=environment)
    assert list(tmp_path.iterdir()) == []


def test_it_warns_once_and_loudly(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keyring = LocalKeyring(tmp_path / "master.key", environment="development")
    keyring.check()
    keyring.new_data_key(CONTEXT)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "NOT BY AWS KMS" in warnings[0].getMessage()


def test_no_key_shows_in_a_repr_a_log_or_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "master.key"
    keyring = LocalKeyring(file, environment="development")
    key = keyring.new_data_key(CONTEXT)
    with pytest.raises(IntegrityError) as refused:
        keyring.open_data_key(key.wrapped, {**CONTEXT, "venue": "v2"})
    shown = f"{keyring!r} {key!r} {refused.value} {refused.value!r} {caplog.text}"
    for hidden in (key.plain, file.read_bytes()):
        assert hidden.hex() not in shown
        assert repr(hidden) not in shown
    assert repr(key) == f"DataKey(key_id={key.key_id!r})"
