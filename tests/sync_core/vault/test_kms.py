"""The KMS keyring against a server that speaks KMS's protocol: right answers, refusals, outages."""

import logging
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from sync_core.errors import ConfigurationError, IntegrityError, SyncError, ThrottledError, TransientError
from sync_core.vault.cache import DataKeyCache
from sync_core.vault.context import credential_context
from sync_core.vault.envelope import read_header, seal, unseal
from sync_core.vault.kms import KmsKeyring

CONTEXT = credential_context(venue="v1", provider="stripe", kind="api_key")
OTHERS = credential_context(venue="v2", provider="stripe", kind="api_key")


@pytest.fixture
def keyring(kms_client: Any, kms_key_id: str) -> KmsKeyring:
    return KmsKeyring(kms_client, kms_key_id)


@pytest.fixture
def calls(kms_client: Any) -> list[str]:
    """The KMS operations that leave the client, in order, as botocore itself reports them."""
    seen: list[str] = []
    kms_client.meta.events.register("before-send.kms", lambda event_name, **_: seen.append(event_name.split(".")[-1]))
    return seen


def test_a_data_key_opens_under_its_own_context(keyring: KmsKeyring, kms_key_id: str) -> None:
    key = keyring.new_data_key(CONTEXT)
    assert len(key.plain) == 32
    assert keyring.open_data_key(key.wrapped, CONTEXT) == key.plain
    assert key.key_id.endswith(f":key/{kms_key_id}")


def test_another_venues_data_key_is_refused_by_kms_itself(keyring: KmsKeyring) -> None:
    key = keyring.new_data_key(CONTEXT)
    with pytest.raises(IntegrityError, match="another venue, provider or kind"):
        keyring.open_data_key(key.wrapped, OTHERS)


def test_a_changed_data_key_is_refused(keyring: KmsKeyring) -> None:
    wrapped = keyring.new_data_key(CONTEXT).wrapped
    with pytest.raises(IntegrityError):
        keyring.open_data_key(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), CONTEXT)


def test_a_data_key_of_another_master_key_is_refused(keyring: KmsKeyring, kms_client: Any, kms_key_id: str) -> None:
    """The key id travels with Decrypt, so that KMS does not pick the key out of the ciphertext."""
    foreign = KmsKeyring(kms_client, kms_client.create_key()["KeyMetadata"]["KeyId"])
    wrapped = foreign.new_data_key(CONTEXT).wrapped
    with pytest.raises(ConfigurationError, match=kms_key_id):
        keyring.open_data_key(wrapped, CONTEXT)


def test_an_alias_is_enough_and_the_key_behind_it_is_recorded(kms_client: Any, kms_key_id: str) -> None:
    kms_client.create_alias(AliasName="alias/venue-sync-test", TargetKeyId=kms_key_id)
    keyring = KmsKeyring(kms_client, "alias/venue-sync-test")
    sealed = seal(b"secret", context=CONTEXT, keyring=keyring)
    assert unseal(sealed, context=CONTEXT, keyring=keyring) == b"secret"
    assert read_header(sealed).key_id.endswith(f":key/{kms_key_id}")
    kms_client.delete_alias(AliasName="alias/venue-sync-test")


def test_every_flipped_bit_of_an_envelope_is_refused(keyring: KmsKeyring, clock: Any) -> None:
    cache = DataKeyCache(keyring, clock=clock)
    sealed = seal(b"sk_test_abc", context=CONTEXT, keyring=cache)
    for position in range(0, len(sealed) * 8, 7):
        flipped = bytearray(sealed)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises((IntegrityError, ConfigurationError)):  # the latter where KMS reads another key's id
            unseal(bytes(flipped), context=CONTEXT, keyring=cache)


def test_ten_thousand_reads_of_one_credential_cost_one_call_per_age(
    keyring: KmsKeyring, calls: list[str], clock: Any
) -> None:
    sealed = seal(b"sk_test_abc", context=CONTEXT, keyring=keyring)
    calls.clear()
    cache = DataKeyCache(keyring, clock=clock)
    for _ in range(10_000):
        assert unseal(sealed, context=CONTEXT, keyring=cache) == b"sk_test_abc"
        clock.sleep(0.1)
    assert calls == ["Decrypt"] * 4
    assert (cache.counts().calls, cache.counts().hits) == (4, 9_996)


def test_threads_share_one_keyring_and_its_client(keyring: KmsKeyring, calls: list[str], clock: Any) -> None:
    cache = DataKeyCache(keyring, clock=clock)

    def work(number: int) -> None:
        context = credential_context(venue=f"v{number % 5}", provider="stripe", kind="api_key")
        plain = b"secret %d" % number
        assert unseal(seal(plain, context=context, keyring=cache), context=context, keyring=cache) == plain

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(500)))
    assert calls == ["GenerateDataKey"] * 5


def test_an_outage_is_outlived_by_cached_keys_and_ends_by_itself(
    moto_server: ThreadedMotoServer, connect: Callable[..., Any], clock: Any
) -> None:
    host, port = moto_server.get_host_and_port()
    client = connect(host, port)
    keyring = KmsKeyring(client, client.create_key()["KeyMetadata"]["KeyId"])
    cache = DataKeyCache(keyring, clock=clock)
    mine = seal(b"mine", context=CONTEXT, keyring=cache)
    others = seal(b"others", context=OTHERS, keyring=keyring)
    moto_server.stop()

    assert unseal(mine, context=CONTEXT, keyring=cache) == b"mine"
    assert unseal(seal(b"new", context=CONTEXT, keyring=cache), context=CONTEXT, keyring=cache) == b"new"
    with pytest.raises(TransientError, match="cannot be reached"):
        unseal(others, context=OTHERS, keyring=cache)
    with pytest.raises(TransientError, match="cannot be reached"):
        cache.check()
    clock.sleep(300)
    with pytest.raises(TransientError, match="cannot be reached"):
        unseal(mine, context=CONTEXT, keyring=cache)
    assert cache.counts().failed == 2

    back = ThreadedMotoServer(ip_address=host, port=port, verbose=False)
    back.start()
    try:
        assert unseal(others, context=OTHERS, keyring=cache) == b"others"
        assert unseal(mine, context=CONTEXT, keyring=cache) == b"mine"
    finally:
        back.stop()


def test_a_kms_that_never_answers_is_an_outage(silent_kms: Any) -> None:
    with pytest.raises(TransientError, match="ReadTimeoutError"):
        KmsKeyring(silent_kms, "key-1").new_data_key(CONTEXT)


@pytest.mark.parametrize("code", ["ThrottlingException", "LimitExceededException"])
def test_throttling_asks_for_patience(failing_kms: Callable[..., Any], code: str) -> None:
    with pytest.raises(ThrottledError, match="key-1"):
        KmsKeyring(failing_kms(400, code), "key-1").new_data_key(CONTEXT)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "KMSInternalException"),
        (503, "DependencyTimeoutException"),
        (500, "KeyUnavailableException"),
        (400, "KMSInternalException"),
        (502, "Whatever"),
    ],
)
def test_a_failing_kms_is_tried_again_later(failing_kms: Callable[..., Any], status: int, code: str) -> None:
    with pytest.raises(TransientError, match="key-1"):
        KmsKeyring(failing_kms(status, code), "key-1").open_data_key(b"wrapped", CONTEXT)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("NotFoundException", "does not exist"),
        ("DisabledException", "enable it"),
        ("KMSInvalidStateException", "pending deletion"),
        ("InvalidKeyUsageException", "ENCRYPT_DECRYPT"),
        ("IncorrectKeyException", "did not wrap this data key"),
        ("UnrecognizedClientException", "renew them"),
        ("ExpiredTokenException", "renew them"),
        ("SomethingNew", "SomethingNew"),
    ],
)
def test_what_only_an_operator_can_mend_names_key_and_advice(
    failing_kms: Callable[..., Any], code: str, advice: str
) -> None:
    with pytest.raises(ConfigurationError, match=advice) as refused:
        KmsKeyring(failing_kms(400, code), "key-1").open_data_key(b"wrapped", CONTEXT)
    assert "key-1" in str(refused.value)


def test_a_denial_names_the_missing_permission_and_not_the_caller(failing_kms: Callable[..., Any]) -> None:
    keyring = KmsKeyring(failing_kms(400, "AccessDeniedException"), "key-1")
    with pytest.raises(ConfigurationError, match="key-1 denies kms:GenerateDataKey"):
        keyring.new_data_key(CONTEXT)
    with pytest.raises(ConfigurationError, match="key-1 denies kms:Decrypt") as refused:
        keyring.open_data_key(b"wrapped", CONTEXT)
    assert "111122223333" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_missing_aws_credentials_are_a_configuration_error(
    moto_server: ThreadedMotoServer, connect: Callable[..., Any]
) -> None:
    client = connect(*moto_server.get_host_and_port())
    client._request_signer._credentials = None
    with pytest.raises(ConfigurationError, match="NoCredentialsError"):
        KmsKeyring(client, "key-1").new_data_key(CONTEXT)


def test_the_check_needs_a_key_that_exists(keyring: KmsKeyring, kms_client: Any) -> None:
    keyring.check()
    with pytest.raises(ConfigurationError, match="does not exist"):
        KmsKeyring(kms_client, "11111111-2222-3333-4444-555555555555").check()


def test_no_data_key_shows_in_a_log_an_error_or_a_repr(keyring: KmsKeyring, caplog: pytest.LogCaptureFixture) -> None:
    """Botocore logs whole response bodies at DEBUG, and KMS answers with the plain data key."""
    caplog.set_level(logging.DEBUG)
    key = keyring.new_data_key(CONTEXT)
    keyring.open_data_key(key.wrapped, CONTEXT)
    with pytest.raises(SyncError) as refused:
        keyring.open_data_key(key.wrapped, OTHERS)
    shown = f"{caplog.text} {keyring!r} {key!r} {refused.value!r}"
    assert "botocore" in caplog.text
    for hidden in (key.plain.hex(), repr(key.plain), b64encode(key.plain).decode()):
        assert hidden not in shown
