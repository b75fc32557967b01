"""What a failure of the database means: one sentence with the next step, and whether it passes by itself.

Decided by SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html). The database's own words are never passed on:
they may hold its address or a record's values.
"""

from typing import Any, Final, cast

from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync_core.errors import DatabaseFailure, DatabaseTrouble

_BY_STATE: Final[dict[str, DatabaseTrouble]] = {
    "25006": "read_only",  # read_only_sql_transaction
    "40001": "deadlock",  # serialization_failure
    "40P01": "deadlock",  # deadlock_detected
    "53100": "full",  # disk_full
    "53300": "crowded",  # too_many_connections
    "55P03": "slow",  # lock_not_available
    "57014": "slow",  # query_canceled, by statement_timeout
    "57P01": "gone",  # admin_shutdown
    "57P02": "gone",  # crash_shutdown
    "57P03": "gone",  # cannot_connect_now
}
_NO_SPACE: Final = "No space left on device"  # what PostgreSQL could not write besides tables has other states (58030)
_FULL_HOUSE: Final = ("too many clients", "connection slots", "too many connections")  # at connecting there is no state

SENTENCES: Final[dict[DatabaseTrouble, str]] = {
    "gone": "The database does not answer: what was under way is finished when it is back; see whether it runs and "
    "whether DATABASE_URL is right.",
    "full": "The disk of the database is full, so nothing can be stored: make room where PostgreSQL keeps its data; "
    "what was under way goes on afterwards.",
    "read_only": "The database is read-only, so nothing can be stored: let DATABASE_URL name the primary, or end its "
    "default_transaction_read_only; what was under way goes on afterwards.",
    "deadlock": "Another transaction held what this one wanted, and wanted what it held (a deadlock): nothing of it "
    "was stored, and it is done again the next time.",
    "slow": "A statement took longer than it may, most likely because another transaction holds its rows: look for "
    "it in pg_stat_activity; what was under way is done again the next time.",
    "crowded": "No database connection was free: lower VENUE_SYNC_WORKERS, or raise PostgreSQL's max_connections.",
}


def failure_of(error: BaseException) -> DatabaseFailure | None:
    """What an error of the database is for people; None for one that is about a statement or its data."""
    if isinstance(error, DatabaseFailure):
        return error
    trouble = _trouble_of(error)
    return None if trouble is None else DatabaseFailure(SENTENCES[trouble], trouble=trouble)


def _trouble_of(error: BaseException) -> DatabaseTrouble | None:
    if isinstance(error, PoolTimeout):
        return "crowded"
    if isinstance(error, PendingRollbackError):  # used on although it was lost a moment ago
        return "gone"
    return _told_by_the_server(error) if isinstance(error, DBAPIError) else None


def _told_by_the_server(error: DBAPIError) -> DatabaseTrouble | None:
    original = cast("Any", error.orig)
    # psycopg calls it one way, the driver that Dagster's storage needs the other.
    state, text = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None), str(original)
    if state in _BY_STATE:
        return _BY_STATE[state]
    if _NO_SPACE in text:
        return "full"
    if state is None and any(words in text for words in _FULL_HOUSE):
        return "crowded"
    lost = error.connection_invalidated or (state or "").startswith("08")
    # A connection that could not be made has no state: psycopg knows only what the server said.
    return "gone" if lost or (state is None and isinstance(error, OperationalError)) else None
