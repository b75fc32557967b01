"""A tick that the database lets down: it is skipped with one sentence, and the next one tries again."""

import dagster as dg
from sqlalchemy.exc import DBAPIError

from sync_core.store.failures import failure_of


def skipped(failed: DBAPIError) -> dg.SkipReason:
    """Why there is nothing to do for now. Raises the error again where it is not the database that is in trouble."""
    failure = failure_of(failed)
    if failure is None:
        raise failed
    # Nothing of the exception is passed on: it may hold the database's address.
    return dg.SkipReason(str(failure))
