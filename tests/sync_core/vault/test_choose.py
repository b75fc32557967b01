"""Which master key protects the credentials, and that the choice is made in one place."""

from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from sync_core.errors import ConfigurationError
from sync_core.vault.choose import open_keyring
from sync_core.vault.envelope import seal, unseal
from sync_core.vault.kms import KmsKeyring
from sync_core.vault.local import LocalKeyring


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_a_key_id_chooses_kms_also_in_production(
    tmp_path: Path, moto_server: ThreadedMotoServer, kms_key_id: str
) -> None:
    host, port = moto_server.get_host_and_port()
    keyring = open_keyring(
        kms_key_id=kms_key_id,
        kms_endpoint=f"http://{host}:{port}",
        region="eu-central-1",
        local_key_file=tmp_path / "master.key",
        environment="production",
    )
    assert isinstance(keyring, KmsKeyring)
    keyring.check()
    sealed = seal(b"secret", context={"venue": "v1"}, keyring=keyring)
    assert unseal(sealed, context={"venue": "v1"}, keyring=keyring) == b"secret"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kms_key_id", [None, ""])
def test_no_key_id_chooses_the_local_file(tmp_path: Path, kms_key_id: str | None) -> None:
    file = tmp_path / "master.key"
    keyring = open_keyring(
        kms_key_id=kms_key_id, kms_endpoint=None, region=None, local_key_file=file, environment="development"
    )
    assert isinstance(keyring, LocalKeyring)
    keyring.check()


def test_production_without_a_key_id_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="set an AWS KMS key id"):
        open_keyring(
            kms_key_id=None,
            kms_endpoint=None,
            region=None,
            local_key_file=tmp_path / "master.key",
            environment="production",
        )


@pytest.mark.parametrize(("region", "endpoint"), [(None, None), ("eu-central-1", "no-url"), ("no region!", None)])
def test_a_wrong_region_or_endpoint_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, region: str | None, endpoint: str | None
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="check the region and the endpoint"):
        open_keyring(
            kms_key_id="alias/venue-sync",
            kms_endpoint=endpoint,
            region=region,
            local_key_file=tmp_path / "master.key",
            environment="production",
        )
