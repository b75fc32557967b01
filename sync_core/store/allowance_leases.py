"""What is left of each provider account's limits, counted by the database for all processes.

A process takes some permits for the next moment by one statement, and those it does not use expire: one that dies takes
no more with it. The time is the database's, so the machines' clocks need not agree.
"""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.http.allowance import (
    AHEAD_SECONDS,
    FALL,
    FALL_ONCE_IN_SECONDS,
    FLOOR,
    LEASE_SECONDS,
    RECOVERY_SECONDS,
    SHARE,
    SHORT_SECONDS,
    SLICES,
    Grant,
    Limit,
)
from sync_core.store.database import at_once
from sync_core.store.limits_tables import provider_limits

UNUSED_SECONDS: Final = 3600.0
_TAKE: Final = sa.text(
    "SELECT permits, wait, first_after, step FROM sync.take_permits(:account, :names, :amounts, :windows, :wanted, "
    ":waiting, :share, :lease, :ahead, :slices, :recovery, :short, :present)"
).bindparams(
    sa.bindparam("names", type_=pg.ARRAY(sa.Text)),
    sa.bindparam("amounts", type_=pg.ARRAY(sa.Double)),
    sa.bindparam("windows", type_=pg.ARRAY(sa.Double)),
    sa.bindparam("present", type_=sa.Double),
    share=SHARE,
    lease=LEASE_SECONDS,
    ahead=AHEAD_SECONDS,
    slices=float(SLICES),
    recovery=RECOVERY_SECONDS,
    short=SHORT_SECONDS,
)


def take(
    conn: sa.Connection,
    account: str,
    limits: Sequence[Limit],
    *,
    wanted: int,
    waiting: int,
    present: float | None = None,
) -> Grant:
    """Up to `wanted` permits of an account, and times ahead for so many as are `waiting`: see `Allowance.take`.

    `present` is the moment in seconds, None for the database's own.
    """
    row = conn.execute(
        _TAKE,
        {
            "account": account,
            "names": [limit.name for limit in limits],
            "amounts": [limit.amount for limit in limits],
            "windows": [limit.seconds for limit in limits],
            "wanted": wanted,
            "waiting": waiting,
            "present": present,
        },
    ).one()
    return Grant(row.permits, row.wait, row.first_after, row.step)


def lower(conn: sa.Connection, account: str, limit: Limit, *, present: float | None = None) -> None:
    """Go on with half of what there is of a limit, once for all calls that were throttled together."""
    table = provider_limits
    moment = sa.extract("epoch", sa.func.clock_timestamp()) if present is None else sa.literal(present, sa.Double)
    moment = sa.cast(moment, sa.Double)
    share = sa.func.least(1.0, table.c.low + sa.func.greatest(0.0, moment - table.c.lowered_at) / RECOVERY_SECONDS)
    insert = pg.insert(table).values(
        account=account, name=limit.name, low=FALL, lowered_at=moment, free_at=moment, used_at=moment
    )
    conn.execute(
        insert.on_conflict_do_update(
            index_elements=["account", "name"],
            set_={
                "low": sa.func.greatest(FLOOR, share * FALL),
                "lowered_at": moment,
                "free_at": sa.func.greatest(table.c.free_at, moment),
            },
            where=sa.or_(table.c.low >= 1.0, moment - table.c.lowered_at >= FALL_ONCE_IN_SECONDS),
        )
    )


def forget_unused(conn: sa.Connection) -> int:
    """Delete the limits that nobody has used for an hour, which are full again by now; how many."""
    moment = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)
    return conn.execute(sa.delete(provider_limits).where(provider_limits.c.used_at < moment - UNUSED_SECONDS)).rowcount


class SharedAllowance:
    """The allowance of one account as all processes share it: a `sync_core.http.allowance.Allowance`."""

    def __init__(self, database: sa.Engine, account: str) -> None:
        self._database = database
        self._account = account

    def take(self, limits: Sequence[Limit], wanted: int, *, waiting: int) -> Grant:
        """See `Allowance`. Raises TransientError when the database cannot be asked."""
        with at_once(self._database) as conn:
            return take(conn, self._account, limits, wanted=wanted, waiting=waiting)

    def lower(self, limit: Limit) -> None:
        """See `Allowance`. Raises as `take`."""
        with at_once(self._database) as conn:
            lower(conn, self._account, limit)
