"""Limits that processes share: the database counts as the process does, and gives nothing twice."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.http.allowance import Grant, Limit, OwnAllowance
from sync_core.store import allowance_leases
from sync_core.store.allowance_leases import SharedAllowance
from tests.fakes import FakeClock

NOON = 1_795_176_000.0
PACED = Limit("all per second", 20, 1)
NARROW = Limit("GET /a per second", 5, 1)
COUNTED = Limit("POST /batch per minute", 40, 60)

steps = st.lists(
    st.tuples(
        st.floats(0, 20).map(lambda pause: round(pause, 3)),
        st.sampled_from(["take", "take", "take", "lower"]),
        st.lists(st.sampled_from([PACED, NARROW, COUNTED]), min_size=1, max_size=3, unique=True),
        st.integers(1, 30),
    ),
    min_size=1,
    max_size=30,
)


@contextmanager
def undone(database: sa.Engine) -> Iterator[sa.Connection]:
    with database.connect() as conn:
        yield conn
        conn.rollback()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_database_gives_what_the_process_itself_would_give(
    shared_database: sa.Engine, steps: list[tuple[float, str, list[Limit], int]]
) -> None:
    clock = FakeClock()
    clock.advance(NOON)
    own = OwnAllowance(clock)
    with undone(shared_database) as conn:
        for pause, what, limits, wanted in steps:
            clock.advance(pause)
            if what == "lower":
                own.lower(limits[0])
                allowance_leases.lower(conn, "a", limits[0], present=clock.monotonic())
                continue
            mine = own.take(limits, wanted, waiting=wanted // 2)
            theirs = allowance_leases.take(
                conn, "a", limits, wanted=wanted, waiting=wanted // 2, present=clock.monotonic()
            )
            assert theirs.permits == mine.permits
            assert (theirs.wait, theirs.first, theirs.step) == pytest.approx(
                (mine.wait, mine.first, mine.step), abs=1e-5
            )


def test_accounts_do_not_share(shared_database: sa.Engine) -> None:
    one, other = SharedAllowance(shared_database, "one"), SharedAllowance(shared_database, "other")
    assert one.take([COUNTED], 40, waiting=1) == Grant(36)
    assert one.take([COUNTED], 1, waiting=1).wait > 59
    assert other.take([COUNTED], 40, waiting=1) == Grant(36)


def test_threads_with_connections_of_their_own_never_get_more_than_there_is(shared_database: sa.Engine) -> None:
    limits = [Limit("GET /a per minute", 200, 60), Limit("all per second", 100, 1)]
    got: list[int] = []
    began = time.monotonic()

    def take() -> None:
        allowance = SharedAllowance(shared_database, "many")
        while time.monotonic() - began < 1:
            grant = allowance.take(limits, 3, waiting=0)
            got.append(grant.permits)
            time.sleep(min(0.02, grant.wait))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    assert 0.5 * 90 < sum(got) <= 90 * took + limits[1].burst


def test_limits_of_the_past_are_forgotten_and_those_in_use_kept(shared_database: sa.Engine) -> None:
    with undone(shared_database) as conn:
        allowance_leases.take(conn, "old", [PACED], wanted=1, waiting=1, present=NOON / 2)
        allowance_leases.take(conn, "new", [PACED], wanted=1, waiting=1)
        allowance_leases.forget_unused(conn)
        kept = conn.execute(sa.text("SELECT account FROM sync.provider_limits WHERE account IN ('old', 'new')"))
        assert list(kept.scalars()) == ["new"]
