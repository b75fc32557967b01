"""From an error, or the code of a record's refusal, to its row of the table."""

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync_core.errors import (
    AuthorizationLost,
    AuthorizationRefused,
    BatchRefused,
    ConfigurationError,
    DatabaseFailure,
    DeclarationError,
    Held,
    IntegrityError,
    OutcomeUnknown,
    ProviderRefused,
    RecordRejected,
    SignatureError,
    Stopped,
    SyncError,
    ThrottledError,
    TransientError,
    UnreadableWebhook,
)
from sync_core.trouble.kinds import Trouble
from sync_core.trouble.table import look_up

_STATUS: Final = re.compile(r"http_(\d{3})", re.IGNORECASE)
_UNNAMED: Final = Trouble(
    "validation", "warning", "never", "A value of the record is not as it must be: its reason says which one."
)
_UNKNOWN: Final = Trouble("unknown", "error", "never", "Nobody foresaw this: a developer looks at the log.")

_BY_TYPE: Final[tuple[tuple[type[BaseException], Trouble], ...]] = (
    (ThrottledError, Trouble("rate_limit", "info", "high", "We are asked to slow down: we wait and go on.")),
    (Held, Trouble("data", "info", "never", "Another sync holds what this one needs: it begins again in a moment.")),
    (
        Stopped,
        Trouble("data", "info", "never", "It was asked to stop or to make room: the next sync goes on from here."),
    ),
    (TransientError, Trouble("provider", "warning", "high", "It fails for the moment: the same is tried again.")),
    (
        OutcomeUnknown,
        Trouble(
            "provider", "warning", "never", "Nobody knows whether it was done: it is looked up before it is repeated."
        ),
    ),
    (
        AuthorizationLost,
        Trouble("authentication", "error", "never", "The credential opens nothing any more: the venue connects again."),
    ),
    (
        AuthorizationRefused,
        Trouble("authentication", "warning", "never", "The connection did not come about: begin again."),
    ),
    (
        SignatureError,
        Trouble(
            "authentication",
            "warning",
            "never",
            "A webhook is not proven to come from the provider: it is turned away.",
        ),
    ),
    (RecordRejected, _UNNAMED),
    (BatchRefused, Trouble("validation", "warning", "never", "A batch was refused as a whole: it is split.")),
    (UnreadableWebhook, Trouble("data", "warning", "never", "A webhook is in no form that we know: report it.")),
    (DeclarationError, Trouble("configuration", "error", "never", "A declaration or mapping is wrong: correct it.")),
    (ConfigurationError, Trouble("configuration", "error", "never", "A setting is wrong: correct it.")),
    (
        ProviderRefused,
        Trouble(
            "configuration", "error", "never", "The provider refuses the request as a whole: correct the declaration."
        ),
    ),
    (
        IntegrityError,
        Trouble(
            "data", "critical", "never", "Something that must always hold does not: touch nothing, and look at once."
        ),
    ),
    (
        PoolTimeout,
        Trouble("configuration", "error", "never", "No database connection was free: allow more, or fewer workers."),
    ),
    (
        DBAPIError,
        Trouble("network", "error", "never", "The database failed: what was under way is finished by the next sync."),
    ),
)
"""Errors that no answer of a provider stands behind, the narrower type first."""


def trouble_of(error: BaseException, *, provider: str | None = None) -> Trouble:
    """What an error is, by what the provider told where it told something, else by its type; never raises.

    `provider` is the declared name, for errors that do not know it themselves.
    """
    if isinstance(error, DatabaseFailure):
        return look_up(None, None, f"database_{error.trouble}") or _UNKNOWN
    told = error.told if isinstance(error, SyncError) else None
    if told is not None:
        found = look_up(told.provider or provider, told.status, told.code, family=told.family)
        if found is not None:
            return found
    return _first(trouble for kind, trouble in _BY_TYPE if isinstance(error, kind))


def trouble_of_code(provider: str | None, code: str) -> Trouble:
    """What the refusal of one record is, by its code; a code that no row is about is of a value that is wrong.

    An answer without a code of its own has its status for one: HTTP_404.
    """
    answered = _STATUS.fullmatch(code)
    return look_up(provider, int(answered[1]) if answered else None, None if answered else code) or _UNNAMED


def code_of(error: BaseException) -> str | None:
    """The code that an error carries, the provider's or our own; None when it has none."""
    told = error.told if isinstance(error, SyncError) else None
    return told.code if told is not None else None


def _first(found: Iterable[Trouble]) -> Trouble:
    return next(iter(found), _UNKNOWN)
