"""What the API's tables no longer need is deleted now and then, by whichever process comes to it."""

import logging
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from sync_api.context import Api
from sync_core.store import allowance_leases, allowances, idempotency

EVERY_SECONDS: Final = 3600.0
_log = logging.getLogger(__name__)


def tidy(api: Api) -> None:
    """Forget answers after seven days, callers and provider accounts with their whole allowance; a failure waits an hour."""
    now = api.clock.now()
    try:
        with api.database.begin() as conn:
            requests, callers = idempotency.forget_expired(conn, now=now), allowances.forget_full(conn, now=now)
            limits = allowance_leases.forget_unused(conn)
    except SQLAlchemyError as failed:
        _log.warning("api.not_tidied error=%s", type(failed).__name__)
        return
    _log.info("api.tidied requests=%d callers=%d limits=%d", requests, callers, limits)
