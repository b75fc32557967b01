"""The one place that decides which master key protects the credentials."""

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
