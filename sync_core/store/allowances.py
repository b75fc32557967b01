"""How many requests each caller may still make, shared by all processes of the API.

A token bucket kept as one moment per caller (the generic cell rate algorithm): the time at which the bucket is full
again. One statement takes from it, so two processes cannot both take the last token.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.store.api_tables import api_allowances

WINDOW: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What became of a request: `wait` is the time until there is enough, zero when it was granted."""

    remaining: int
    wait: timedelta


def take(conn: sa.Connection, caller: str, *, cost: int, per_minute: int, now: datetime) -> Allowance:
    """Take `cost` of the `per_minute` requests that `caller` has a minute; all of them may come at once."""
    one = WINDOW / per_minute
    table = api_allowances
    insert = pg.insert(table).values(caller=caller, spent_until=now + cost * one)
    spent = sa.func.greatest(table.c.spent_until, now) + cost * one
    taken = conn.execute(
        insert.on_conflict_do_update(
            index_elements=["caller"], set_={"spent_until": spent}, where=spent <= now + WINDOW
        ).returning(table.c.spent_until)
    ).scalar_one_or_none()
    if taken is not None:
        return Allowance(remaining=max(0, int((now + WINDOW - taken) / one)), wait=timedelta())
    full_at = conn.execute(sa.select(table.c.spent_until).where(table.c.caller == caller)).scalar_one()
    return Allowance(remaining=0, wait=full_at + cost * one - WINDOW - now)


def forget_full(conn: sa.Connection, *, now: datetime) -> int:
    """Delete the callers that have their whole allowance; how many."""
    return conn.execute(sa.delete(api_allowances).where(api_allowances.c.spent_until < now)).rowcount
