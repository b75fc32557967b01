"""Every call that reaches a provider is counted by connection, endpoint and hour, whatever became of the sync."""

import threading
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from sync_core.errors import AuthorizationLost
from sync_core.http.calls import CallCount
from sync_core.store import call_counts
from sync_core.store.call_counts import Called
from sync_core.sync.meters import Meters
from sync_core.sync.report import Mode
from sync_core.vault.cache import CacheCounts
from tests.world import World

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _counter(world: World, metric: str, *labels: str) -> float:
    with world.database.connect() as conn:
        return call_counts.totals(conn).get((metric, labels), 0.0)


def _calls(world: World, venue: str, provider: str = "stripe") -> CallCount:
    connection = world.connection(venue, provider)
    with world.database.connect() as conn:
        return call_counts.of_hours(conn, [connection.id], since=LONG_AGO).get(connection.id, CallCount())


def test_what_the_provider_saw_is_what_is_counted(shared_world: World) -> None:
    world, venue = shared_world, shared_world.venue("counted")
    for number in range(3):
        world.insert("customers", venue, id=f"c{number}", email=f"c{number}@example.com")
    before = _counter(world, "api_calls", "stripe", "production")
    world.forget_calls()
    world.faults("stripe", {"kind": "error_before", "times": 2, "status": 500})
    report = world.sync(venue, "stripe", "customers")
    world.no_faults("stripe")
    seen = world.calls("stripe")["total"]

    assert report.status == "succeeded"
    counted = _calls(world, venue)
    assert (counted.calls, counted.retries, counted.failures) == (seen, 2, 2)
    assert counted.calls == report.api_calls
    assert counted.seconds > 0
    assert counted.bytes > 0
    assert _counter(world, "api_calls", "stripe", "production") - before == seen
    with world.database.connect() as conn:
        endpoints = call_counts.by_endpoint(conn, world.connection(venue, "stripe").id, since=LONG_AGO)
        (use,) = call_counts.used(conn, first=date(2020, 1, 1), last=date(2100, 1, 1), venue=venue)
    assert endpoints["POST /v1/customers"].calls >= 3
    assert sum(count.calls for count in endpoints.values()) == use.calls.calls == seen
    assert use.metered == 0


def test_a_refused_sync_a_plan_and_a_test_of_the_key_are_counted_too(shared_world: World) -> None:
    world, venue = shared_world, shared_world.venue("counted-too")
    connection = world.connection(venue, "stripe")
    world.forget_calls()
    world.engine.plan(connection, "customers", mode=Mode())
    planned = _calls(world, venue).calls
    assert planned == world.calls("stripe")["total"] > 0

    refused = _counter(world, "syncs", "stripe", "customers", "failed")
    world.faults("stripe", {"kind": "refuse", "times": 1, "status": 401})
    assert world.sync(venue, "stripe", "customers").status == "failed"
    world.no_faults("stripe")
    assert _calls(world, venue).calls == world.calls("stripe")["total"] > planned
    assert _counter(world, "syncs", "stripe", "customers", "failed") == refused + 1

    all_calls = _counter(world, "api_calls", "stripe", "production")
    with pytest.raises(AuthorizationLost):
        world.engine.account_of(venue, "stripe", {"api_key": "sk_test_nobody"}, environment="production")
    assert _counter(world, "api_calls", "stripe", "production") == all_calls + 1


def test_counts_that_the_database_refused_go_with_the_next_ones(shared_world: World) -> None:
    world, meters = shared_world, shared_world.engine.meters
    meters.count("trials", "lost")
    with world.database.connect() as conn:
        conn.execute(sa.text("SET TRANSACTION READ ONLY"))
        with pytest.raises(DBAPIError):
            meters.write(conn)
    meters.count("trials", "lost", by=2)
    meters.write_now(world.database)
    assert _counter(world, "trials", "lost") == 3


def test_hours_and_days_are_told_apart_and_forgotten_in_time(shared_world: World) -> None:
    world, venue = shared_world, shared_world.venue("by-the-hour")
    mine = world.connection(venue, "stripe").id
    noon = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
    with world.database.begin() as conn:
        for at in (noon, noon + timedelta(minutes=20), noon + timedelta(minutes=40), noon + timedelta(hours=12)):
            called = Called(mine, "GET /v1/charges", CallCount(calls=1, seconds=2.0), metered=1)
            call_counts.add(conn, calls=[called], present=at)
        call_counts.add(conn, calls=[Called(2**40, "GET /v1/charges", CallCount(calls=1))], present=noon)  # nobody's
        since_one = call_counts.of_hours(conn, [mine], since=noon + timedelta(minutes=45))[mine]
        assert since_one == CallCount(calls=2, seconds=4.0)
        (march,) = call_counts.used(conn, first=date(2026, 3, 1), last=date(2026, 3, 31), venue=venue)
        assert (march.calls.calls, march.metered) == (3, 3)

        assert call_counts.forget_old(conn, now=noon + timedelta(days=3, hours=1)) == 2
        assert call_counts.of_hours(conn, [mine], since=LONG_AGO)[mine].calls == 1
        assert call_counts.used(conn, first=date(2026, 3, 1), last=date(2026, 3, 31), venue=venue) == [march]
        call_counts.forget_old(conn, now=noon + timedelta(days=500))
        assert call_counts.used(conn, first=date(2026, 3, 1), last=date(2026, 4, 30), venue=venue) == []


def test_the_use_of_the_master_key_is_counted_once_though_two_threads_ask_for_it_at_once(shared_world: World) -> None:
    world, opened = shared_world, count(1)
    second = threading.Thread(target=lambda: meters.write_now(world.database))

    def counts() -> CacheCounts:
        """Each time the key was used once more; while the first one asks, the second one does too."""
        now = CacheCounts(generated=0, opened=next(opened), failed=0, hits=0, entries=0)
        if now.opened == 2:
            second.start()
            second.join(0.3)
        return now

    meters = Meters(clock=world.engine.clock, vault_counts=counts)
    before = _counter(world, "kms_calls", "opened")
    meters.write_now(world.database)
    second.join(5)
    meters.write_now(world.database)
    uses = next(opened) - 2  # since the first time that it was asked how often it was used
    assert _counter(world, "kms_calls", "opened") - before == uses
