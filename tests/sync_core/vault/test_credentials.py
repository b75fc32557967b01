"""Credentials in a real database: sealed at rest, bound to their venue, gone when destroyed."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.errors import AuthorizationLost, ConfigurationError, IntegrityError, TransientError
from sync_core.store.credentials import save_envelope
from sync_core.store.sync_tables import connections, credentials
from sync_core.store.venue_tables import venues
from sync_core.vault.cache import DataKeyCache
from sync_core.vault.context import credential_context
from sync_core.vault.credentials import Secret, Vault
from sync_core.vault.envelope import seal
from sync_core.vault.kms import KmsKeyring
from sync_core.vault.local import LocalKeyring

OWNER = {"venue": "v1", "provider": "stripe", "kind": "oauth"}
TOKENS = {"access_token": "sk_test_abc", "refresh_token": "rt_test_é世", "expires_at": "2026-01-01T00:00:00Z"}


@pytest.fixture
def vault(local_keyring: LocalKeyring) -> Vault:
    return Vault(local_keyring)


@pytest.fixture
def connected(database: sa.Engine) -> Callable[[str], int]:
    """Venue -> id of the new Stripe connection of this new venue."""

    def connect(venue: str) -> int:
        with database.begin() as conn:
            conn.execute(sa.insert(venues).values(id=venue, name=venue, currency="USD"))
            values = {"venue_id": venue, "provider": "stripe", "environment": "sandbox"}
            return conn.execute(sa.insert(connections).values(values).returning(connections.c.id)).scalar_one()

    return connect


def test_what_was_stored_is_read_back(database: sa.Engine, vault: Vault, connected: Callable[[str], int]) -> None:
    number = connected("v1")
    with database.begin() as conn:
        vault.store(conn, connection_id=number, **OWNER, secret=TOKENS)
    with database.begin() as conn:
        assert vault.read(conn, connection_id=number, **OWNER) == TOKENS


def test_the_database_holds_nothing_readable(
    database: sa.Engine, vault: Vault, local_keyring: LocalKeyring, connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    with database.begin() as conn:
        vault.store(conn, connection_id=number, **OWNER, secret=TOKENS)
        row = conn.execute(sa.select(credentials)).one()
    assert (row.connection_id, row.kind) == (number, "oauth")
    assert row.key_id == local_keyring.new_data_key({}).key_id
    assert bytes(row.envelope).startswith(b"VSEN")
    for name, value in TOKENS.items():
        assert name.encode() not in bytes(row.envelope)
        assert value.encode() not in bytes(row.envelope)


def test_a_second_store_replaces_the_first(database: sa.Engine, vault: Vault, connected: Callable[[str], int]) -> None:
    number = connected("v1")
    for token in ("old", "new"):
        with database.begin() as conn:
            vault.store(conn, connection_id=number, **OWNER, secret={"access_token": token})
    with database.begin() as conn:
        assert vault.read(conn, connection_id=number, **OWNER) == {"access_token": "new"}
        assert conn.execute(sa.select(sa.func.count()).select_from(credentials)).scalar_one() == 1


def test_a_store_that_is_rolled_back_leaves_the_old_credential(
    database: sa.Engine, vault: Vault, connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    with database.begin() as conn:
        vault.store(conn, connection_id=number, **OWNER, secret={"access_token": "old"})
    with database.connect() as conn:
        vault.store(conn, connection_id=number, **OWNER, secret={"access_token": "new"})
        conn.rollback()
    with database.begin() as conn:
        assert vault.read(conn, connection_id=number, **OWNER) == {"access_token": "old"}


def test_two_kinds_of_one_connection_live_side_by_side(
    database: sa.Engine, vault: Vault, connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    with database.begin() as conn:
        for kind in ("api_key", "oauth"):
            vault.store(conn, connection_id=number, **{**OWNER, "kind": kind}, secret={"is": kind})
        for kind in ("api_key", "oauth"):
            assert vault.read(conn, connection_id=number, **{**OWNER, "kind": kind}) == {"is": kind}


def test_nothing_stored_asks_the_venue_to_connect(
    database: sa.Engine, vault: Vault, connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    with database.begin() as conn, pytest.raises(AuthorizationLost) as lost:
        vault.read(conn, connection_id=number, **OWNER)
    for named in ("v1", "stripe", "run venue-sync connect"):
        assert named in str(lost.value)


def test_another_venue_opens_nothing_even_with_the_row_in_its_hands(
    database: sa.Engine, vault: Vault, connected: Callable[[str], int]
) -> None:
    """A row copied to another venue's connection, as an attacker with the database could, stays shut there."""
    mine, others = connected("v1"), connected("v2")
    with database.begin() as conn:
        vault.store(conn, connection_id=mine, **OWNER, secret=TOKENS)
        row = conn.execute(sa.select(credentials)).one()
        save_envelope(conn, connection_id=others, kind=row.kind, envelope=bytes(row.envelope), key_id=row.key_id)
    with database.begin() as conn:
        for changed in ({"venue": "v2"}, {"provider": "square"}):
            with pytest.raises(IntegrityError):
                vault.read(conn, connection_id=others, **{**OWNER, **changed})


def test_destroying_takes_every_credential_of_this_connection_alone(
    database: sa.Engine, vault: Vault, connected: Callable[[str], int]
) -> None:
    mine, others = connected("v1"), connected("v2")
    with database.begin() as conn:
        vault.store(conn, connection_id=mine, **OWNER, secret=TOKENS)
        vault.store(conn, connection_id=mine, **{**OWNER, "kind": "api_key"}, secret=TOKENS)
        vault.store(conn, connection_id=others, **{**OWNER, "venue": "v2"}, secret=TOKENS)
    with database.begin() as conn:
        vault.destroy(conn, connection_id=mine)
        vault.destroy(conn, connection_id=mine)
    with database.begin() as conn:
        for kind in ("oauth", "api_key"):
            with pytest.raises(AuthorizationLost):
                vault.read(conn, connection_id=mine, **{**OWNER, "kind": kind})
        assert vault.read(conn, connection_id=others, **{**OWNER, "venue": "v2"}) == TOKENS


def test_a_credential_of_nobody_is_not_stored(
    database: sa.Engine, vault: Vault, connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    with database.begin() as conn, pytest.raises(ConfigurationError, match="venue is empty"):
        vault.store(conn, connection_id=number, **{**OWNER, "venue": ""}, secret=TOKENS)


def test_a_credential_that_opens_to_no_named_parts_is_refused(
    database: sa.Engine, vault: Vault, local_keyring: LocalKeyring, connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    sealed = seal(b'["sk_test_abc"]', context=credential_context(**OWNER), keyring=local_keyring)
    with database.begin() as conn:
        save_envelope(conn, connection_id=number, kind="oauth", envelope=sealed, key_id="local")
        with pytest.raises(IntegrityError, match="no set of named parts") as refused:
            vault.read(conn, connection_id=number, **OWNER)
    assert "sk_test_abc" not in str(refused.value)


def test_a_master_key_that_is_away_stores_nothing(
    database: sa.Engine, failing_kms: Callable[..., Any], connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    vault = Vault(KmsKeyring(failing_kms(500, "KMSInternalException"), "key-1"))
    with database.begin() as conn:
        with pytest.raises(TransientError):
            vault.store(conn, connection_id=number, **OWNER, secret=TOKENS)
        assert conn.execute(sa.select(sa.func.count()).select_from(credentials)).scalar_one() == 0


def test_ten_thousand_reads_of_one_credential_cost_one_kms_call(
    database: sa.Engine, kms_client: Any, kms_key_id: str, clock: Any, connected: Callable[[str], int]
) -> None:
    number = connected("v1")
    keyring = KmsKeyring(kms_client, kms_key_id)
    cache = DataKeyCache(keyring, clock=clock)
    with database.begin() as conn:
        Vault(keyring).store(conn, connection_id=number, **OWNER, secret=TOKENS)
        vault = Vault(cache)
        vault.check()
        for _ in range(10_000):
            assert vault.read(conn, connection_id=number, **OWNER) == TOKENS
    assert cache.counts().calls == 1


def test_no_secret_shows_in_a_log_or_a_repr(
    database: sa.Engine, vault: Vault, connected: Callable[[str], int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.DEBUG)
    number = connected("v1")
    try:
        with database.begin() as conn:
            vault.store(conn, connection_id=number, **OWNER, secret=TOKENS)
            secret = vault.read(conn, connection_id=number, **OWNER)
    finally:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    shown = f"{caplog.text} {secret} {secret!r} {vault!r}"
    assert isinstance(secret, Secret)
    assert repr(secret) == "Secret(access_token, expires_at, refresh_token)"
    assert not any(value in shown for value in TOKENS.values())
