"""Exit codes: what a script learns from a command without reading its output. Documented in docs/how-to/cli.md."""

from sync_core.errors import (
    AuthorizationLost,
    ConfigurationError,
    DeclarationError,
    OutcomeUnknown,
    ProviderRefused,
    SyncError,
    TransientError,
)
from sync_core.store.failures import failure_of

FINE = 0
SOME_FAILED = 1
WRONG_USAGE = 2
OUTSIDE_DOWN = 3
INTERRUPTED = 130

EPILOG = (
    "Exit codes: 0 fine; 1 some record or venue failed, or the two sides differ; 2 wrong usage or configuration; "
    "3 something outside is down (database, provider); 130 interrupted."
)

_OUTSIDE = (TransientError, OutcomeUnknown, ProviderRefused, AuthorizationLost)
_USAGE = (ConfigurationError, DeclarationError)


def code_of(error: Exception) -> int:
    """The exit code that says who acts next: the caller (2), whoever runs the outside (3), or a look at the records (1)."""
    if isinstance(error, _USAGE):
        return WRONG_USAGE
    if isinstance(error, _OUTSIDE) or failure_of(error) is not None:
        return OUTSIDE_DOWN
    return SOME_FAILED


def sentence_of(error: Exception) -> str | None:
    """What to tell the person, None when the error is not one that we raise or expect."""
    if isinstance(error, SyncError):
        return str(error)
    failure = failure_of(error)
    return None if failure is None else str(failure)
