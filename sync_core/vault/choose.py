"""The one place that decides which master key protects the credentials, and which former ones still open them."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import boto3.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from sync_core.errors import ConfigurationError
from sync_core.vault.keyring import Keyring
from sync_core.vault.kms import KmsClient, KmsKeyring
from sync_core.vault.local import LocalKeyring


def open_keyring(
    *, kms_key_id: str | None, kms_endpoint: str | None, region: str | None, local_key_file: Path, environment: str
) -> Keyring:
    """AWS KMS when a key id is given, else the local master key file. No network call; `check()` makes the first.

    Args:
        kms_key_id: key id, key ARN, alias or alias ARN of a symmetric key; None or "" for the local file.
        kms_endpoint: URL of another KMS endpoint, such as a VPC endpoint; None for AWS's own.
        region: AWS region; None leaves it to boto3's own search, as are the AWS credentials.
        local_key_file: where the local master key is, or will be created.
        environment: "production" refuses the local file.

    Raises:
        ConfigurationError: no region, no valid endpoint, or the local file is refused.
    """
    if not kms_key_id:
        return LocalKeyring(local_key_file, environment=environment)
    # Three tries with botocore's own back-off, and an outage is known in seconds, not boto3's default minutes.
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=32,
    )
    try:
        # A session of its own: boto3's default session is a global that others may change.
        client = boto3.session.Session().client(
            "kms", region_name=region or None, endpoint_url=kms_endpoint or None, config=config
        )
    except (BotoCoreError, ValueError) as exc:
        raise ConfigurationError(
            f"No client for the AWS KMS key {kms_key_id} ({type(exc).__name__}); check the region and the endpoint."
        ) from None
    return KmsKeyring(cast("KmsClient", client), kms_key_id)


def open_former(
    *,
    kms_key_arns: Sequence[str],
    kms_endpoint: str | None,
    region: str | None,
    local_key_files: Sequence[Path],
    environment: str,
) -> dict[str, Keyring]:
    """Keyrings that open and no longer seal, by the id that envelopes name. No network call.

    Args:
        kms_key_arns: ARNs of former AWS KMS keys, as `venue-sync vault status` shows them.
        kms_endpoint: as `open_keyring`.
        region: as `open_keyring`.
        local_key_files: former local master key files, which must exist.
        environment: "production" refuses local files.

    Raises:
        ConfigurationError: a key is no ARN, a file is missing or refused, or there is no region.
    """
    former: dict[str, Keyring] = {}
    for arn in kms_key_arns:
        if not arn.startswith("arn:"):
            raise ConfigurationError(f"The former KMS key {arn!r} is no ARN: copy it from 'venue-sync vault status'.")
        former[arn] = open_keyring(
            kms_key_id=arn,
            kms_endpoint=kms_endpoint,
            region=region,
            local_key_file=Path(),
            environment=environment,
        )
    for file in local_key_files:
        if not file.is_file():
            raise ConfigurationError(f"The former local master key file {file} is not there: correct its path.")
        local = LocalKeyring(file, environment=environment)
        former[local.key_id] = local
    return former
