"""Errors, grouped by who must act next.

A message is one sentence that names the thing, the reason and the next step.
It never carries a payload, a secret or a URL query: exception text reaches Dagster's storage.

    SyncError
    ├── TransientError        the engine: wait and try again
    │   ├── ThrottledError    the provider said when (retry_after)
    │   └── DatabaseFailure   the operator, or nobody: our own database is away, full, read-only or busy
    ├── OutcomeUnknown        the engine: the write may or may not have happened; look it up before writing again
    ├── AuthorizationLost     the venue: reconnect the account
    ├── AuthorizationRefused  the person who connects: begin again
    ├── RecordRejected        the operator: one record is wrong; its neighbours go on
    ├── BatchRefused          the engine: nothing of the batch was written; split it to find the record
    ├── DeclarationError      us, at load time: a YAML file is wrong
    ├── ConfigurationError    the operator: a setting or an argument is wrong
    ├── ProviderRefused       the operator: the provider refuses the request as a whole
    ├── SignatureError        nobody: a webhook is not proven to come from the provider, and is turned away
    ├── UnreadableWebhook     the operator: a webhook is from the provider, and yet not what we know how to read
    ├── Stopped               nobody: a running sync was asked to stop, or to make room for others
    ├── Held                  the engine: another sync holds what this one needs first; begin again in a moment
    └── IntegrityError        us, now: touch nothing (vault tag, ledger invariant)
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

DatabaseTrouble = Literal["gone", "full", "read_only", "deadlock", "slow", "crowded"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider told of an error, for the table of `sync_core.trouble`: no text, nothing of the record.

    `provider` is its declared name; `status` HTTP's, None where there was no answer; `code` the provider's own, or one
    of ours; `family` what the provider sorts its codes by.
    """

    provider: str | None = None
    status: int | None = None
    code: str | None = None
    family: str | None = None


class SyncError(Exception):
    """Base of every error that this product raises on purpose. `told` is None where no provider told anything."""

    def __init__(self, message: str = "", *, told: Told | None = None) -> None:
        super().__init__(message)
        self.told = told


class TransientError(SyncError):
    """The provider or the network failed for the moment; the same call may succeed later."""


class ThrottledError(TransientError):
    """The provider asked us to slow down.

    `retry_after` is in seconds, None when the provider named no time.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, told: Told | None = None) -> None:
        super().__init__(message, told=told)
        self.retry_after = retry_after


class DatabaseFailure(TransientError):
    """Our own database could not do its part, for a reason that has nothing to do with what it was asked."""

    def __init__(self, message: str, *, trouble: DatabaseTrouble) -> None:
        super().__init__(message)
        self.trouble: DatabaseTrouble = trouble


class OutcomeUnknown(SyncError):
    """A write may or may not have taken effect, and its idempotency key cannot tell; look the record up first."""


class AuthorizationLost(SyncError):
    """The provider refuses our credential; the venue must connect again."""


class AuthorizationRefused(SyncError):
    """A connection by OAuth did not come about; `code` is state_invalid, access_denied or exchange_failed."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class RecordRejected(SyncError):
    """The provider or a check refuses one record; `code` is a short machine-readable reason."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, told=Told(code=code))
        self.code = code


class BatchRefused(SyncError):
    """The provider refused an atomic batch and wrote nothing of it."""


class DeclarationError(SyncError):
    """A declaration or mapping file is wrong: `file`, the `path` inside it and the reason."""

    def __init__(self, file: Path | str, path: str, reason: str) -> None:
        super().__init__(f"{file}: {path or 'file'}: {reason}")
        self.file = str(file)
        self.path = path
        self.reason = reason


class ConfigurationError(SyncError):
    """A setting, an argument or an environment variable is wrong."""


class ProviderRefused(SyncError):
    """The provider refuses the request as a whole, and repeating it will not help."""


class SignatureError(SyncError):
    """A webhook is not proven to come from who it says, or not now; it is turned away and nothing of it is kept."""


class UnreadableWebhook(SyncError):
    """A webhook with a good signature whose body is not in any form that the provider is known to send."""


class Stopped(SyncError):
    """A running sync is to stop: a person or its worker asked it to. What it has settled stays, the next goes on there."""


class Held(SyncError):
    """Another sync holds an entity that must be brought in step first; nothing was done."""


class IntegrityError(SyncError):
    """Something that must always hold does not; nothing may be written on top of it."""
