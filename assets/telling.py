"""A step that the database lets down fails with one sentence of ours: Dagster stores whatever an exception says."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from sync_core.errors import SyncError
from sync_core.store.failures import failure_of


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Raises dagster.Failure instead of an error of the engine or of a database in trouble. Other errors pass."""
    try:
        yield
    except (SyncError, SQLAlchemyError) as error:
        told = error if isinstance(error, SyncError) else failure_of(error)
        if told is None:
            raise
        # Not tried again at once: whoever started this starts it again when it is time.
        raise dg.Failure(str(told), allow_retries=False) from None
