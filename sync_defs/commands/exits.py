"""Exit codes: what a script learns from a command without reading its output. Documented in docs/how-to/cli.md."""

import sqlalchemy.exc as sa_exc

from sync_core.errors import (
    AuthorizationLost,
    ConfigurationError,
    DeclarationError,
    OutcomeUnknown,
    ProviderRefused,
    SyncError,
    TransientError,
)

FINE = 0
SOME_FAILED = 1
WRONG_USAGE = 2
OUTSIDE_DOWN = 3
INTERRUPTED = 130

EPILOG = (
    "Exit codes: 0 fine; 1 some record or venue failed, or the two sides differ; 2 wrong usage or configuration; "
    "3 something outside is down (database, provider); 130 interrupted."
)

_OUTSIDE = (TransientError, OutcomeUnknown, ProviderRefused, AuthorizationLost, sa_exc.OperationalError)
_USAGE = (ConfigurationError, DeclarationError)


def code_of(error: Exception) -> int:
    """The exit code that says who acts next: the caller (2), whoever runs the outside (3), or a look at the records (1)."""
    if isinstance(error, _USAGE):
        return WRONG_USAGE
    if isinstance(error, _OUTSIDE):
        return OUTSIDE_DOWN
    return SOME_FAILED


def sentence_of(error: Exception) -> str | None:
    """What to tell the person, None when the error is not one that we raise or expect."""
    if isinstance(error, SyncError):
        return str(error)
    if isinstance(error, sa_exc.OperationalError):
        return "The database does not answer (any more): see whether it runs and whether DATABASE_URL is right."
    return None
