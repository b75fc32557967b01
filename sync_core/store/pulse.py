"""What changed a moment ago: PostgreSQL tells which venues' syncs have moved on, so that nobody has to ask again and again.

Triggers on the queue and on the sync log send the venue's id when a transaction commits (migration 0006).
"""

from collections.abc import AsyncIterator
from typing import Final

import psycopg
import sqlalchemy as sa

CHANNEL: Final = "venue_sync_progress"


async def venues_moved(database: sa.Engine) -> AsyncIterator[str | None]:
    """The venues whose syncs have just moved on, for as long as the database connection lasts.

    None comes first, when everything is told from then on: what changed before, nobody knows.
    Raises psycopg.OperationalError when the connection is lost.
    """
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with await psycopg.AsyncConnection.connect(
        address, autocommit=True, application_name="venue-sync progress", connect_timeout=10
    ) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        yield None
        async for notice in connection.notifies():
            yield notice.payload
