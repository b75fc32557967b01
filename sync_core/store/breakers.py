"""Breakers that all processes share: who has failed in a row, who is not called for a while, and who tries whether it is over.

An account's own breaker opens after five failed calls in a row. A provider's opens after five of several accounts, of
which none counts more than twice: one venue's broken account never stops the calls for others. A breaker that has
nothing to say has no row, so nobody writes here while providers are well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from sync_core.http.breaker import FAILURES, OPEN_SECONDS, SUCCESSES, State
from sync_core.store.limits_tables import breakers

MOST_OF_ONE_ACCOUNT: Final = 2
"""An account's failed calls count so often for its provider."""
ROW_SECONDS: Final = 600.0
"""Failures further apart than this are no row."""
UNCALLED_SECONDS: Final = 86_400.0
"""An open breaker that nobody has reported to for so long is of an account that nobody calls any more."""
TRIAL_SECONDS: Final = 180.0
"""A trial that nobody has reported on for so long died with its process."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A breaker that has something to say. `left` is for how many seconds more nobody calls, 0 when it is not open."""

    name: str
    state: State
    failures: int
    accounts: int
    reason: str
    opened_at: datetime | None
    left: float

    def of_provider(self, provider: str) -> bool:
        """Whether it is the provider's, in whichever environment, or one of its accounts'."""
        return self.name.partition("/")[0] == provider

    @property
    def account(self) -> str | None:
        """The account's id; None when it is the provider's own ("stripe/production")."""
        return self.name.split("/", 2)[2] if self.name.count("/") > 1 else None


def standing(conn: sa.Connection) -> list[Standing]:
    """Every breaker that counts failures or is open, by name."""
    table = breakers
    left = sa.func.greatest(0.0, sa.extract("epoch", table.c.opened_at + _open_for() - _moment()))
    rows = conn.execute(
        sa.select(table, sa.cast(sa.func.coalesce(left, 0.0), sa.Double).label("left")).order_by(table.c.name)
    )
    return [
        Standing(
            name=row.name,
            state="closed" if row.opened_at is None else "open" if row.left > 0 else "half_open",
            failures=row.failures,
            accounts=len(set(row.failed_by)),
            reason=row.reason,
            opened_at=row.opened_at,
            left=row.left,
        )
        for row in rows
    ]


def fail(conn: sa.Connection, name: str, *, account: str, most_each: int, reason: str) -> bool:
    """Note a failed call of an account, which counts at most `most_each` times in the row; whether that opened it."""
    table, moment = breakers, _moment()
    gone = sa.and_(table.c.opened_at.is_(None), table.c.changed_at < moment - _seconds(ROW_SECONDS))
    counts = sa.func.coalesce(sa.func.cardinality(sa.func.array_positions(table.c.failed_by, account)), 0) < most_each
    mine = sa.cast([account], pg.ARRAY(sa.Text))
    row = sa.case((gone, mine), (counts, table.c.failed_by + mine), else_=table.c.failed_by)
    tried = table.c.opened_at + _open_for() <= moment
    full = sa.and_(table.c.opened_at.is_(None), sa.func.cardinality(row) >= FAILURES)
    insert = pg.insert(table).values(name=name, failures=1, failed_by=mine, reason=reason, changed_at=moment)
    opened = sa.case((sa.or_(tried, full), moment), else_=table.c.opened_at)
    statement = insert.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "failures": sa.case((gone, 1), else_=table.c.failures + 1),
            "failed_by": row,
            "reason": reason,
            "opened_at": opened,
            "successes": 0,
            "trying_until": None,
            "changed_at": moment,
        },
    )
    return conn.execute(statement.returning(table.c.opened_at == table.c.changed_at)).scalar_one() is True


def succeed(conn: sa.Connection, name: str) -> bool:
    """Note a successful call: it ends a row of failures, and the second one closes an open breaker; whether it did."""
    table, moment = breakers, _moment()
    tried = table.c.opened_at + _open_for() <= moment
    enough = sa.and_(tried, table.c.successes + 1 >= SUCCESSES)
    ended = conn.execute(
        sa.delete(table)
        .where(table.c.name == name, sa.or_(table.c.opened_at.is_(None), enough))
        .returning(table.c.opened_at)
    ).one_or_none()
    if ended is None:
        values = {"successes": table.c.successes + 1, "trying_until": None, "changed_at": moment}
        conn.execute(sa.update(table).where(table.c.name == name, tried).values(values))
    return ended is not None and ended.opened_at is not None


def try_again(conn: sa.Connection, name: str) -> bool:
    """Be the only one who calls to see whether it is over; False when it is too early or somebody else does."""
    table, moment = breakers, _moment()
    free = sa.or_(table.c.trying_until.is_(None), table.c.trying_until < moment)
    claim = sa.update(table).where(table.c.name == name, table.c.opened_at + _open_for() <= moment, free)
    claimed = conn.execute(claim.values(trying_until=moment + _seconds(TRIAL_SECONDS))).rowcount == 1
    return claimed or _closed(conn, name)


def give_up_trying(conn: sa.Connection, names: Sequence[str]) -> None:
    """The trial ended for a reason of our own: let somebody else try."""
    conn.execute(sa.update(breakers).where(breakers.c.name.in_(names)).values(trying_until=None))


def forget_uncalled(conn: sa.Connection) -> int:
    """Delete what has nothing to say any more: rows of failures that ended, and breakers of who is not called; how many."""
    table, moment = breakers, _moment()
    longest = sa.case((table.c.opened_at.is_(None), ROW_SECONDS), else_=UNCALLED_SECONDS)
    return conn.execute(sa.delete(table).where(table.c.changed_at < moment - _seconds(longest))).rowcount


def _closed(conn: sa.Connection, name: str) -> bool:
    opened = sa.select(breakers.c.name).where(breakers.c.name == name, breakers.c.opened_at.is_not(None))
    return conn.execute(opened).one_or_none() is None


def _moment() -> sa.ColumnElement[datetime]:
    # One moment per statement: it is compared with what the same statement writes.
    return sa.func.statement_timestamp(type_=breakers.c.changed_at.type)


def _seconds(number: float | sa.ColumnElement[float]) -> sa.ColumnElement[object]:
    return sa.func.make_interval(0, 0, 0, 0, 0, 0, number)


def _open_for() -> sa.ColumnElement[object]:
    return _seconds(OPEN_SECONDS)
