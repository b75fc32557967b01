"""What nobody needs of requests, webhooks and the queue is deleted now and then, by whichever process comes to it."""

import logging
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from sync_api.context import Api
from sync_core.store import allowance_leases, allowances, idempotency, inbox, queue

EVERY_SECONDS: Final = 3600.0
KEPT: Final = timedelta(days=30)
"""For so long one sees what became of a webhook, and of a sync that was asked for."""
_log = logging.getLogger(__name__)


def tidy(api: Api) -> None:
    """Forget answers after seven days, whoever has the whole allowance, and what is done after thirty days.

    A failure waits an hour.
    """
    now = api.clock.now()
    try:
        with api.database.begin() as conn:
            requests, callers = idempotency.forget_expired(conn, now=now), allowances.forget_full(conn, now=now)
            limits = allowance_leases.forget_unused(conn)
        with api.database.begin() as conn:
            events = inbox.forget_done(conn, before=now - KEPT)
            items = queue.forget_finished(conn, before=now - KEPT)
    except SQLAlchemyError as failed:
        _log.warning("api.not_tidied error=%s", type(failed).__name__)
        return
    told = "api.tidied requests=%d callers=%d limits=%d events=%d items=%d"
    _log.info(told, requests, callers, limits, events, items)
