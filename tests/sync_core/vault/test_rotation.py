"""Sealing everything anew: under another master key, while others work, killed in the middle, and with a broken envelope."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.errors import ConfigurationError, IntegrityError, TransientError
from sync_core.store import rotations
from sync_core.store.locks import rotating
from sync_core.store.sync_tables import connections, credentials
from sync_core.store.venue_tables import venues
from sync_core.vault.cache import DataKeyCache
from sync_core.vault.choose import open_former
from sync_core.vault.credentials import Vault
from sync_core.vault.kms import KmsKeyring
from sync_core.vault.local import LocalKeyring
from sync_core.vault.rotation import rotate, verify

KEY = {"provider": "stripe", "kind": "oauth"}


@pytest.fixture
def stored(database: sa.Engine) -> Callable[..., dict[str, int]]:
    """vault, how many -> connection ids by venue, each with a credential of its own."""

    def store(vault: Vault, count: int) -> dict[str, int]:
        numbers: dict[str, int] = {}
        with database.begin() as conn:
            for number in range(count):
                venue = f"v{number}"
                conn.execute(sa.insert(venues).values(id=venue, name=venue, currency="USD"))
                values = {"venue_id": venue, "provider": "stripe", "environment": "sandbox"}
                numbers[venue] = conn.execute(
                    sa.insert(connections).values(values).returning(connections.c.id)
                ).scalar_one()
                vault.store(conn, connection_id=numbers[venue], venue=venue, **KEY, secret={"token": f"of {venue}"})
        return numbers

    return store


@pytest.fixture
def rings(tmp_path: Path) -> tuple[LocalKeyring, LocalKeyring]:
    """The former master key and the present one."""
    return tuple(LocalKeyring(tmp_path / name, environment="development") for name in ("old.key", "new.key"))  # type: ignore[return-value]


@pytest.fixture
def kms_keyring(kms_client: Any, kms_key_id: str) -> KmsKeyring:
    return KmsKeyring(kms_client, kms_key_id)


def _secrets(database: sa.Engine, vault: Vault, numbers: dict[str, int]) -> dict[str, dict[str, str]]:
    with database.connect() as conn:
        return {venue: vault.read(conn, connection_id=number, venue=venue, **KEY) for venue, number in numbers.items()}


def _expected(numbers: dict[str, int]) -> dict[str, dict[str, str]]:
    return {venue: {"token": f"of {venue}"} for venue in numbers}


def test_both_master_keys_open_until_all_is_sealed_under_the_new_one(
    database: sa.Engine, rings: tuple[LocalKeyring, LocalKeyring], stored: Callable[..., dict[str, int]]
) -> None:
    old, new = rings
    numbers = stored(Vault(old), 120)
    vault = Vault(new, former={old.key_id: old})
    assert _secrets(database, vault, numbers) == _expected(numbers)
    with pytest.raises(IntegrityError):
        _secrets(database, Vault(new), numbers)

    outcome = rotate(database, vault)
    assert (outcome.resealed, outcome.refused, outcome.finished) == (120, (), True)
    assert _secrets(database, Vault(new), numbers) == _expected(numbers)
    assert verify(database, Vault(new)) == []
    with database.connect() as conn:
        assert [(share.key_id, share.envelopes) for share in rotations.shares(conn)] == [(new.key_id, 120)]


def test_the_same_master_key_seals_everything_under_fresh_data_keys(
    database: sa.Engine, rings: tuple[LocalKeyring, LocalKeyring], stored: Callable[..., dict[str, int]]
) -> None:
    vault = Vault(rings[1])
    numbers = stored(vault, 3)
    before = _envelopes(database)
    assert rotate(database, vault).resealed == 3
    assert set(_envelopes(database)).isdisjoint(before)
    assert _secrets(database, vault, numbers) == _expected(numbers)


def _envelopes(database: sa.Engine) -> list[bytes]:
    with database.connect() as conn:
        return [bytes(row) for row in conn.scalars(sa.select(credentials.c.envelope))]


def test_a_credential_that_changes_meanwhile_is_never_set_back(
    database: sa.Engine, rings: tuple[LocalKeyring, LocalKeyring], stored: Callable[..., dict[str, int]]
) -> None:
    """Each batch, somebody stores newer tokens between the reading of an envelope and its replacement."""
    old, new = rings
    numbers = stored(Vault(old), 5)
    vault = Vault(new, former={old.key_id: old})
    with database.begin() as conn:
        rotation = rotations.begun(conn, key_id=new.key_id)
        (first, *_) = rotations.left(conn, rotation, after=(0, ""), limit=1)
    with database.begin() as conn:
        vault.store(conn, connection_id=numbers["v0"], venue="v0", **KEY, secret={"token": "newer"})
    with database.begin() as conn:
        assert not rotations.replace(conn, rotation, first, envelope=b"older", key_id=new.key_id)
    assert rotate(database, vault).finished
    assert _secrets(database, vault, {"v0": numbers["v0"]}) == {"v0": {"token": "newer"}}


def test_one_that_cannot_be_opened_is_named_left_and_the_others_go_on(
    database: sa.Engine, rings: tuple[LocalKeyring, LocalKeyring], stored: Callable[..., dict[str, int]]
) -> None:
    old, new = rings
    numbers = stored(Vault(old), 4)
    with database.begin() as conn:
        conn.execute(
            sa.text(
                "UPDATE sync.credentials SET envelope = set_byte(envelope, length(envelope) - 1, "
                "get_byte(envelope, length(envelope) - 1) # 1) WHERE connection_id = :number"
            ),
            {"number": numbers["v2"]},
        )
    vault = Vault(new, former={old.key_id: old})
    outcome = rotate(database, vault)
    assert [label for label, _ in outcome.refused] == ["v2/stripe"]
    assert (outcome.resealed, outcome.finished) == (3, False)
    assert [label for label, _ in verify(database, vault)] == ["v2/stripe"]
    assert rotate(database, vault).resealed == 0


def test_a_kms_outage_in_the_middle_keeps_what_is_done_and_the_next_one_goes_on(
    database: sa.Engine,
    rings: tuple[LocalKeyring, LocalKeyring],
    stored: Callable[..., dict[str, int]],
    kms_keyring: KmsKeyring,
    moto_server: Any,
) -> None:
    old, _ = rings
    numbers = stored(Vault(old), 60)
    vault = Vault(kms_keyring, former={old.key_id: old})

    def away(_: int) -> None:
        moto_server.stop()

    with pytest.raises(TransientError):
        rotate(database, vault, on_progress=away)
    with database.connect() as conn:
        assert {share.envelopes for share in rotations.shares(conn)} == {50, 10}
        unfinished = rotations.latest(conn)
    assert unfinished is not None
    assert (unfinished.resealed, unfinished.finished_at) == (50, None)
    assert _secrets(database, Vault(old), {"v59": numbers["v59"]}) == {"v59": {"token": "of v59"}}


def test_only_one_rotates_at_a_time(database: sa.Engine, rings: tuple[LocalKeyring, LocalKeyring]) -> None:
    with database.connect() as conn, rotating(conn), pytest.raises(ConfigurationError, match="is running"):
        rotate(database, Vault(rings[1]))


def test_kill_9_in_the_middle_loses_nothing_and_the_next_one_does_the_rest(
    database: sa.Engine, tmp_path: Path, rings: tuple[LocalKeyring, LocalKeyring], stored: Callable[..., dict[str, int]]
) -> None:
    old, new = rings
    numbers = stored(Vault(old), 200)
    program = (
        "import sys, time; from pathlib import Path\n"
        "from sync_core.store.database import open_engine\n"
        "from sync_core.vault.credentials import Vault\n"
        "from sync_core.vault.local import LocalKeyring\n"
        "from sync_core.vault.rotation import rotate\n"
        "old, new = (LocalKeyring(Path(p), environment='development') for p in sys.argv[2:])\n"
        "rotate(open_engine(sys.argv[1]), Vault(new, former={old.key_id: old}), on_progress=lambda _: time.sleep(0.2))\n"
    )
    url = database.url.render_as_string(hide_password=False)
    files = [str(tmp_path / name) for name in ("old.key", "new.key")]
    vault = Vault(new, former={old.key_id: old})
    with subprocess.Popen([sys.executable, "-c", program, url, *files], stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 30
        while not 50 <= _resealed(database) < 200:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    done = _resealed(database)
    assert done < 200
    assert _secrets(database, vault, numbers) == _expected(numbers)
    outcome = rotate(database, vault)
    assert (outcome.resealed, outcome.finished) == (200 - done, True)
    assert _secrets(database, Vault(new), numbers) == _expected(numbers)


def _resealed(database: sa.Engine) -> int:
    with database.connect() as conn:
        last = rotations.latest(conn)
    return 0 if last is None else last.resealed


def test_former_keys_are_taken_by_arn_or_file_and_nothing_else(tmp_path: Path) -> None:
    old = LocalKeyring(tmp_path / "old.key", environment="development")
    where = {"kms_endpoint": None, "region": "eu-central-1"}
    arn = "arn:aws:kms:eu-central-1:111122223333:key/1"
    former = open_former(kms_key_arns=[arn], local_key_files=[tmp_path / "old.key"], environment="development", **where)
    assert set(former) == {arn, old.key_id}
    with pytest.raises(ConfigurationError, match="no ARN"):
        open_former(kms_key_arns=["alias/old"], local_key_files=[], environment="development", **where)
    with pytest.raises(ConfigurationError, match="is not there"):
        open_former(kms_key_arns=[], local_key_files=[tmp_path / "no.key"], environment="development", **where)
    with pytest.raises(ConfigurationError, match="refused in production"):
        open_former(kms_key_arns=[], local_key_files=[tmp_path / "old.key"], environment="production", **where)


def test_an_outage_lets_cached_credentials_go_on_stops_the_rest_and_ends_without_a_trace(
    database: sa.Engine, stored: Callable[..., dict[str, int]], rings: tuple[LocalKeyring, LocalKeyring], clock: Any
) -> None:
    """What was read lately is read on; what was not fails clearly; afterwards everything is as it was."""

    class Switch:
        name = "a master key behind a switch"

        def __init__(self) -> None:
            self.away = False

        def new_data_key(self, context: Any) -> Any:
            return self._there().new_data_key(context)

        def open_data_key(self, wrapped: bytes, context: Any) -> bytes:
            return self._there().open_data_key(wrapped, context)

        def check(self) -> None:
            self._there().check()

        def _there(self) -> LocalKeyring:
            if self.away:
                raise TransientError("AWS KMS cannot be reached.")
            return rings[1]

    switch = Switch()
    numbers = stored(Vault(rings[1]), 2)
    vault = Vault(DataKeyCache(switch, clock=clock))
    cached, other = {"v0": numbers["v0"]}, {"v1": numbers["v1"]}
    _secrets(database, vault, cached)
    switch.away = True
    assert _secrets(database, vault, cached) == _expected(cached)
    with pytest.raises(TransientError):
        _secrets(database, vault, other)
    clock.seconds += 301
    with pytest.raises(TransientError):
        _secrets(database, vault, cached)
    switch.away = False
    assert _secrets(database, vault, numbers) == _expected(numbers)
