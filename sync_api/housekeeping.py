"""What the API's tables no longer need is deleted now and then, by whichever process comes to it."""

import logging
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from sync_api.context import Api
from sync_core.store import allowances, idempotency

EVERY_SECONDS: Final = 3600.0
_log = logging.getLogger(__name__)


def tidy(api: Api) -> None:
    """Forget answers after their seven days, and callers who have their whole allowance. A failure waits for the next time."""
    now = api.clock.now()
    try:
        with api.database.begin() as conn:
            requests, callers = idempotency.forget_expired(conn, now=now), allowances.forget_full(conn, now=now)
    except SQLAlchemyError as failed:
        _log.warning("api.not_tidied error=%s", type(failed).__name__)
        return
    _log.info("api.tidied requests=%d callers=%d", requests, callers)
