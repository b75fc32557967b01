"""Who waits for whom: syncs never for each other, but for one who only reads an object again."""

import threading
import time

import sqlalchemy as sa

from sync_core.store import locks


def test_of_two_syncs_the_second_does_nothing_at_once(database: sa.Engine) -> None:
    with database.connect() as one, database.connect() as two:
        with locks.holding(one, 1, "customers") as first, locks.holding(two, 1, "customers") as second:
            assert (first, second) == (True, False)
        with locks.holding(two, 1, "customers") as again:
            assert again


def test_who_needs_the_lock_for_a_moment_does_not_wait_for_a_sync(database: sa.Engine) -> None:
    with database.connect() as one, database.connect() as two:
        with locks.holding(one, 1, "customers"):
            with locks.holding_briefly(two, 1, "customers") as taken:
                assert not taken
            with locks.holding_briefly(two, 1, "products") as other:
                assert other
        with locks.holding_briefly(two, 1, "customers") as taken:
            assert taken


def test_of_two_who_need_the_lock_for_a_moment_the_second_waits(database: sa.Engine) -> None:
    told = list[bool]()

    def another() -> None:
        with database.connect() as conn, locks.holding_briefly(conn, 1, "customers") as taken:
            told.append(taken)

    with database.connect() as conn, locks.holding_briefly(conn, 1, "customers") as first:
        thread = threading.Thread(target=another)
        thread.start()
        time.sleep(0.2)
        assert (first, told) == (True, [])
    thread.join(10)
    assert told == [True]


def test_a_sync_waits_for_who_holds_the_lock_for_a_moment(database: sa.Engine) -> None:
    begun, told = threading.Event(), list[bool]()

    def sync() -> None:
        with database.connect() as conn:
            begun.set()
            with locks.holding(conn, 1, "customers") as taken:
                told.append(taken)

    with database.connect() as conn, locks.holding_briefly(conn, 1, "customers") as taken:
        assert taken
        thread = threading.Thread(target=sync)
        thread.start()
        assert begun.wait(5)
        time.sleep(0.1)
        assert told == []
    thread.join(5)

    assert told == [True]


def test_a_lock_that_was_left_by_a_lost_connection_is_free(database: sa.Engine) -> None:
    with database.connect() as one, database.connect() as two:
        with locks.holding_briefly(one, 1, "customers"):
            one.invalidate()
        with locks.holding(two, 1, "customers") as taken:
            assert taken
