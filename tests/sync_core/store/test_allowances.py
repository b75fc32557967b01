"""Allowances of callers: a bucket in the database that all processes share."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from sync_core.store import allowances

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def take(database: sa.Engine, *, after: float = 0, cost: int = 1, caller: str = "user:ana") -> allowances.Allowance:
    with database.begin() as conn:
        return allowances.take(conn, caller, cost=cost, per_minute=60, now=NOON + timedelta(seconds=after))


def test_a_minute_s_allowance_may_come_at_once_and_then_one_by_one(database: sa.Engine) -> None:
    granted = [take(database) for _ in range(60)]

    assert [allowance.remaining for allowance in granted] == list(range(59, -1, -1))
    assert take(database).wait == timedelta(seconds=1)
    assert take(database, after=0.5).wait == timedelta(seconds=0.5)
    assert take(database, after=1).wait == timedelta()
    assert take(database, after=1).wait == timedelta(seconds=1)


def test_what_is_refused_costs_nothing(database: sa.Engine) -> None:
    take(database, cost=59)

    assert [take(database, cost=2).wait for _ in range(5)] == [timedelta(seconds=1)] * 5
    assert take(database).wait == timedelta()


def test_callers_do_not_share(database: sa.Engine) -> None:
    take(database, cost=60)

    assert take(database, caller="user:bo").remaining == 59


def test_a_caller_with_the_whole_allowance_is_forgotten(database: sa.Engine) -> None:
    take(database, cost=30)

    with database.begin() as conn:
        assert allowances.forget_full(conn, now=NOON + timedelta(seconds=29)) == 0
        assert allowances.forget_full(conn, now=NOON + timedelta(seconds=31)) == 1
