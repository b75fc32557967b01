"""Errors as callers see them: one shape, one table of codes, and where each of the engine's errors belongs in it.

What stays true: the message is a sentence of ours, and nothing of the request's body or of a secret is in it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, Field

from sync_core.errors import (
    AuthorizationLost,
    ConfigurationError,
    OutcomeUnknown,
    ProviderRefused,
    SyncError,
    TransientError,
)
from sync_core.store.failures import failure_of
from sync_core.trouble import Category, trouble_of

Code = Literal[
    "AUTH_REQUIRED",
    "INVALID_TOKEN",
    "TOKEN_EXPIRED",
    "FORBIDDEN",
    "VALIDATION_ERROR",
    "VENUE_ID_REQUIRED",
    "VENUE_NOT_FOUND",
    "INVALID_PROVIDER",
    "PROVIDER_NOT_SUPPORTED",
    "INTEGRATION_NOT_FOUND",
    "INTEGRATION_NOT_CONNECTED",
    "CONNECTION_TEST_FAILED",
    "CREDENTIALS_NOT_FOUND",
    "SYNC_IN_PROGRESS",
    "SYNC_NOT_FOUND",
    "DEAD_LETTER_NOT_FOUND",
    "API_KEY_NOT_FOUND",
    "WEBHOOK_NOT_FOUND",
    "WEBHOOK_SIGNATURE_INVALID",
    "MAPPING_INVALID",
    "REQUIRED_FIELD_MISSING",
    "TEMPLATE_NOT_FOUND",
    "OAUTH_STATE_INVALID",
    "OAUTH_EXCHANGE_FAILED",
    "TOKEN_REFRESH_FAILED",
    "RECONNECTION_FAILED",
    "CONFLICT",
    "IDEMPOTENCY_IN_PROGRESS",
    "IDEMPOTENCY_KEY_REUSED",
    "RATE_LIMIT_EXCEEDED",
    "BODY_TOO_LARGE",
    "NOT_FOUND",
    "METHOD_NOT_ALLOWED",
    "PROVIDER_REFUSED",
    "PROVIDER_UNAVAILABLE",
    "SERVICE_UNAVAILABLE",
    "INTERNAL_ERROR",
]

STATUS: Final[Mapping[Code, int]] = {
    "AUTH_REQUIRED": 401,
    "INVALID_TOKEN": 401,
    "TOKEN_EXPIRED": 401,
    "FORBIDDEN": 403,
    "VALIDATION_ERROR": 400,
    "VENUE_ID_REQUIRED": 400,
    "VENUE_NOT_FOUND": 404,
    "INVALID_PROVIDER": 404,
    "PROVIDER_NOT_SUPPORTED": 400,
    "INTEGRATION_NOT_FOUND": 404,
    "INTEGRATION_NOT_CONNECTED": 409,
    "CONNECTION_TEST_FAILED": 401,
    "CREDENTIALS_NOT_FOUND": 404,
    "SYNC_IN_PROGRESS": 409,
    "SYNC_NOT_FOUND": 404,
    "DEAD_LETTER_NOT_FOUND": 404,
    "API_KEY_NOT_FOUND": 404,
    "WEBHOOK_NOT_FOUND": 404,
    "WEBHOOK_SIGNATURE_INVALID": 401,
    "MAPPING_INVALID": 400,
    "REQUIRED_FIELD_MISSING": 422,
    "TEMPLATE_NOT_FOUND": 404,
    "OAUTH_STATE_INVALID": 401,
    "OAUTH_EXCHANGE_FAILED": 401,
    "TOKEN_REFRESH_FAILED": 401,
    "RECONNECTION_FAILED": 400,
    "CONFLICT": 409,
    "IDEMPOTENCY_IN_PROGRESS": 409,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "RATE_LIMIT_EXCEEDED": 429,
    "BODY_TOO_LARGE": 413,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "PROVIDER_REFUSED": 502,
    "PROVIDER_UNAVAILABLE": 503,
    "SERVICE_UNAVAILABLE": 503,
    "INTERNAL_ERROR": 500,
}
_RETRY_SECONDS = 5
_PEOPLE_SECONDS = 60
_WAITS_FOR_PEOPLE: Final = ("full", "read_only")
_PASSING: Final = "The database does not answer for the moment: try again in a few seconds."


class FieldError(BaseModel):
    """What is wrong with one field: its dotted path in the query, path or body, and a sentence."""

    field: str
    message: str


class ErrorBody(BaseModel):
    """Every answer that is not a success."""

    success: Literal[False] = False
    code: Code = Field(description="Which error it is, for programs.")
    error: str = Field(description="Which error it is, for people: one sentence.")
    category: Category | None = Field(
        default=None, description="Where a provider or our own database failed: who must act next."
    )
    details: list[FieldError] = Field(default_factory=list[FieldError])
    requestId: str = Field(description="The X-Request-Id of this request; the logs know it.")  # noqa: N815 - JSON's name
    timestamp: datetime


class Refused(Exception):
    """A request that is not carried out, by the code that says why."""

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        details: Sequence[FieldError] = (),
        retry_after: float | None = None,
        category: Category | None = None,
    ) -> None:
        super().__init__(message)
        self.code: Code = code
        self.status = STATUS[code]
        self.details = tuple(details)
        self.retry_after = retry_after
        self.category: Category | None = category


_MEANING: Final[tuple[tuple[type[Exception], Code], ...]] = (
    (AuthorizationLost, "CONNECTION_TEST_FAILED"),
    (TransientError, "PROVIDER_UNAVAILABLE"),
    (ProviderRefused, "PROVIDER_REFUSED"),
    (OutcomeUnknown, "PROVIDER_REFUSED"),
    (ConfigurationError, "VALIDATION_ERROR"),
    (SyncError, "INTERNAL_ERROR"),
)


def refusal_of(error: Exception) -> Refused | None:
    """The refusal that says what an error of the engine means to a caller; None for one that nobody foresaw."""
    if isinstance(error, Refused):
        return error
    failure = failure_of(error)
    if failure is not None:
        passing = failure.trouble not in _WAITS_FOR_PEOPLE
        sentence = _PASSING if passing else str(failure)
        seconds = _RETRY_SECONDS if passing else _PEOPLE_SECONDS
        return Refused("SERVICE_UNAVAILABLE", sentence, retry_after=seconds, category=trouble_of(failure).category)
    for kind, code in _MEANING:
        if isinstance(error, kind):
            again = _RETRY_SECONDS if isinstance(error, TransientError) else None
            seconds = getattr(error, "retry_after", None) or again
            return Refused(code, str(error), retry_after=seconds, category=trouble_of(error).category)
    return None
