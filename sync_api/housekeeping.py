"""This process does its part in deleting what was kept long enough; where no API runs, Dagster does (assets/tidying.py)."""

import logging
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from sync_api.context import Api
from sync_core.store import retention

FIRST_SECONDS: Final = 60.0
EVERY_SECONDS: Final = 3600.0
_log = logging.getLogger(__name__)


def tidy(api: Api) -> None:
    """Delete what was kept long enough. A failure waits an hour."""
    try:
        retention.tidy(api.database, now=api.clock.now())
    except SQLAlchemyError as failed:
        _log.warning("api.not_tidied error=%s", type(failed).__name__)
