"""Breakers of accounts and providers as several processes see them: each has a board of its own on one database."""

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from sync_core.clock import SystemClock
from sync_core.errors import TransientError
from sync_core.http.breaker import Pause
from sync_core.spec.provider import RateSpec
from sync_core.store import breakers
from sync_core.store.database import open_engine
from sync_core.sync.guards import Board, Guards, SharedBreaker

STRIPE = "stripe/production"


def breaker(database: sa.Engine, account: str = "one") -> SharedBreaker:
    """The breaker of an account as a process sees it that has just begun."""
    return SharedBreaker(Board(database), f"{STRIPE}/{account}", system=STRIPE)


def fail(database: sa.Engine, account: str, times: int) -> None:
    for _ in range(times):
        breaker(database, account).failed("HTTP 500")


def pass_a_minute(database: sa.Engine) -> None:
    with database.begin() as conn:
        conn.execute(
            sa.text(
                "UPDATE sync.breakers SET opened_at = opened_at - interval '1 minute', "
                "changed_at = changed_at - interval '1 minute', trying_until = trying_until - interval '1 minute'"
            )
        )


def names(database: sa.Engine) -> dict[str, str]:
    with database.connect() as conn:
        return {standing.name: standing.state for standing in breakers.standing(conn)}


def test_five_failed_calls_of_an_account_stop_its_calls_in_every_process_and_nobody_else_s(database: sa.Engine) -> None:
    fail(database, "one", 4)
    assert breaker(database).admit() is None
    fail(database, "one", 1)
    pause = breaker(database).admit()
    assert pause is not None
    assert (58 < pause.seconds <= 60, pause.widely) == (True, False)
    assert breaker(database).open
    assert breaker(database, "two").admit() is None
    assert not breaker(database, "two").open


def test_one_broken_account_never_stops_the_provider_s_other_accounts(database: sa.Engine) -> None:
    fail(database, "one", 40)
    fail(database, "two", 1)
    assert breaker(database, "three").admit() is None
    assert names(database) == {f"{STRIPE}": "closed", f"{STRIPE}/one": "open", f"{STRIPE}/two": "closed"}


def test_failures_of_several_accounts_stop_all_calls_to_the_provider(database: sa.Engine) -> None:
    for account in ("one", "two", "three"):
        fail(database, account, 2)
    pause = breaker(database, "four").admit()
    assert pause is not None
    assert pause.widely
    assert SharedBreaker(Board(database), "square/production/one", system="square/production").admit() is None


def test_a_success_ends_the_row_for_every_process(database: sa.Engine) -> None:
    fail(database, "one", 4)
    breaker(database).succeeded()
    fail(database, "one", 4)
    assert breaker(database).admit() is None


def test_after_a_minute_one_process_at_a_time_tries_and_two_successes_close(database: sa.Engine) -> None:
    fail(database, "one", 5)
    pass_a_minute(database)
    first, second = breaker(database), breaker(database)
    assert first.admit() is None
    assert second.admit() == Pause(1.0, trying=True)
    first.succeeded()
    assert names(database)[f"{STRIPE}/one"] == "half_open"
    assert second.admit() is None
    second.succeeded()
    assert names(database) == {}


def test_a_failed_trial_stops_calls_for_another_minute(database: sa.Engine) -> None:
    fail(database, "one", 5)
    pass_a_minute(database)
    trying = breaker(database)
    assert trying.admit() is None
    trying.failed("no answer within 60 s")
    pause = breaker(database).admit()
    assert pause is not None
    assert pause.seconds > 58


def test_a_trial_that_ends_for_our_own_reasons_or_with_its_process_leaves_room_for_the_next(
    database: sa.Engine,
) -> None:
    fail(database, "one", 5)
    pass_a_minute(database)
    trying = breaker(database)
    assert trying.admit() is None
    trying.abandoned()
    assert breaker(database).admit() is None
    assert breaker(database).admit() == Pause(1.0, trying=True)
    for _ in range(4):
        pass_a_minute(database)
    assert breaker(database).admit() is None


def test_a_call_that_was_under_way_when_the_breaker_opened_changes_nothing(database: sa.Engine) -> None:
    late = breaker(database)
    assert late.admit() is None
    fail(database, "one", 5)
    late.succeeded()
    late.failed("HTTP 500")
    assert names(database)[f"{STRIPE}/one"] == "open"


def test_failures_far_apart_are_no_row(database: sa.Engine) -> None:
    fail(database, "one", 4)
    for _ in range(11):
        pass_a_minute(database)
    fail(database, "one", 1)
    assert breaker(database).admit() is None


def test_while_a_provider_is_well_nothing_is_written_and_the_breakers_are_read_once_a_second(
    database: sa.Engine,
) -> None:
    statements: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *told: statements.append(told[2]))
    one = breaker(database)
    for _ in range(200):
        assert one.admit() is None
        one.succeeded()
    assert all(statement.startswith("SELECT") for statement in statements)
    assert 0 < len(statements) < 5


def test_sessions_of_one_account_share_a_guard_and_accounts_do_not(database: sa.Engine) -> None:
    guards, rate = Guards(database, clock=SystemClock()), RateSpec(per_second=10)
    one = guards.of("a/1", system="a", rate=rate)
    assert guards.of("a/1", system="a", rate=rate) is one
    assert guards.of("a/2", system="a", rate=rate) is not one


def test_without_the_database_nobody_calls() -> None:
    nowhere = open_engine("postgresql://nobody@127.0.0.1:9/nothing")
    guard = Guards(nowhere, clock=SystemClock()).of("a/1", system="a", rate=RateSpec(per_second=10))
    for step in (
        guard.breaker.admit,
        lambda: guard.limiter.acquire("GET /a"),
        lambda: guard.breaker.failed("HTTP 500"),
    ):
        with pytest.raises(TransientError, match="does not answer"):
            step()
