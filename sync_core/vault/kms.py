"""AWS KMS as master key: GenerateDataKey and Decrypt, and what each of its refusals asks of whom.

KMS errors are read from the operations' own error lists (docs.aws.amazon.com/kms/latest/APIReference). KMS's own
sentences are not repeated: they carry identities of the AWS account, and ours reach Dagster's storage.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from sync_core.errors import ConfigurationError, IntegrityError, SyncError, ThrottledError, TransientError
from sync_core.vault.context import PRODUCT
from sync_core.vault.keyring import DATA_KEY_BYTES, DataKey, prove

# IAM conditions on kms:EncryptionContext:product let this through too.
_CHECK_CONTEXT: Final = {"product": PRODUCT, "purpose": "check"}
_SERVER_ERROR: Final = 500

_THROTTLED: Final = frozenset(
    {"ThrottlingException", "Throttling", "LimitExceededException", "RequestLimitExceeded", "TooManyRequestsException"}
)
_PASSING: Final = frozenset(
    {"KMSInternalException", "DependencyTimeoutException", "KeyUnavailableException", "RequestTimeout"}
)
_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied"})
_UNKNOWN_CALLER: Final = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_UNUSABLE_KEY: Final = {
    "NotFoundException": "does not exist in this account and region; correct the key id or the region",
    "DisabledException": "is disabled; enable it",
    "KMSInvalidStateException": "is pending deletion or otherwise unusable; cancel the deletion or restore it",
    "InvalidKeyUsageException": "is not for encryption; use a symmetric key of usage ENCRYPT_DECRYPT",
    "IncorrectKeyException": "did not wrap this data key; set the key id the credential was stored under",
}


class KmsClient(Protocol):
    """The two calls of boto3's KMS client that the vault makes. boto3 clients may be shared between threads."""

    def generate_data_key(self, **request: Any) -> Mapping[str, Any]:
        """docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html."""
        ...

    def decrypt(self, **request: Any) -> Mapping[str, Any]:
        """docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html."""
        ...


class KmsKeyring:
    """Data keys under one symmetric AWS KMS key."""

    def __init__(self, client: KmsClient, key_id: str) -> None:
        """Use `key_id` (key id, key ARN, alias or alias ARN) through a boto3 KMS client."""
        self._client = client
        self._key_id = key_id
        # At DEBUG botocore logs every response body, and KMS answers with the plain data key.
        logging.getLogger("botocore.parsers").addFilter(_without_plaintext)

    @property
    def name(self) -> str:
        """How a person calls this master key."""
        return f"AWS KMS key {self._key_id}"

    def new_data_key(self, context: Mapping[str, str]) -> DataKey:
        """A fresh AES-256 data key bound to `context`; one KMS call, kms:GenerateDataKey.

        The data key's `key_id` is the ARN of the key that wrapped it, also where an alias was given.

        Raises:
            TransientError, ThrottledError: KMS cannot be reached, is failing or asks us to slow down.
            ConfigurationError: KMS refuses us or the key.
        """
        answer = self._ask(
            lambda: self._client.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=dict(context)
            ),
            permission="kms:GenerateDataKey",
        )
        return DataKey(plain=self._whole(answer["Plaintext"]), wrapped=answer["CiphertextBlob"], key_id=answer["KeyId"])

    def open_data_key(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The plain data key that was wrapped under the same `context`; one KMS call, kms:Decrypt.

        The key id is sent along, so that KMS refuses data keys which another master key wrapped.

        Raises:
            IntegrityError: it was changed, or belongs to another context.
            TransientError, ThrottledError: KMS cannot be reached, is failing or asks us to slow down.
            ConfigurationError: KMS refuses us or the key, or another master key wrapped it.
        """
        answer = self._ask(
            lambda: self._client.decrypt(KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext=dict(context)),
            permission="kms:Decrypt",
        )
        return self._whole(answer["Plaintext"])

    def check(self) -> None:
        """Make a data key and open it again: proves the network, the credentials, the key and both permissions."""
        prove(self, _CHECK_CONTEXT)

    def _ask(self, call: Callable[[], Mapping[str, Any]], *, permission: str) -> Mapping[str, Any]:
        try:
            return call()
        except ClientError as exc:
            raise self._answered(exc.response, permission=permission) from None
        except (BotoConnectionError, HTTPClientError, CredentialRetrievalError) as exc:
            raise TransientError(
                f"{self.name} cannot be reached ({type(exc).__name__}); credentials in use go on until their data keys "
                "expire, the rest waits for KMS."
            ) from None
        except BotoCoreError as exc:
            raise ConfigurationError(
                f"The call {permission} to {self.name} could not be made ({type(exc).__name__}); "
                "check the AWS credentials, the region and the endpoint."
            ) from None

    def _answered(self, response: Mapping[str, Any], *, permission: str) -> SyncError:
        code = response.get("Error", {}).get("Code", "unknown")
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _THROTTLED:
            return ThrottledError(f"{self.name} is throttled ({code}); the call is tried again later.")
        if code in _PASSING or status >= _SERVER_ERROR:
            return TransientError(f"{self.name} fails for the moment ({code}, HTTP {status}); try again later.")
        if code == "InvalidCiphertextException":
            return IntegrityError(
                f"A data key was refused by {self.name}: it was changed, or belongs to another venue, provider or kind; "
                "restore the credential from a backup or connect again."
            )
        return ConfigurationError(self._complaint(code, permission=permission))

    def _complaint(self, code: str, *, permission: str) -> str:
        if code in _DENIED:
            return f"{self.name} denies {permission}; allow it to this process's AWS identity in the key or IAM policy."
        if code in _UNKNOWN_CALLER:
            return f"AWS does not accept this process's credentials ({code}) for {self.name}; renew them."
        if code in _UNUSABLE_KEY:
            return f"{self.name} {_UNUSABLE_KEY[code]}."
        return f"{self.name} refuses {permission} ({code}); check the key's type, policy and region."

    def _whole(self, plain: bytes) -> bytes:
        if len(plain) != DATA_KEY_BYTES:
            raise IntegrityError(
                f"{self.name} gave a data key of {len(plain)} bytes, not {DATA_KEY_BYTES}; do not use it."
            )
        return plain


def _without_plaintext(record: logging.LogRecord) -> bool:
    return "Plaintext" not in record.getMessage()
