"""A provider is away for hours: what waits is done when it is back, by itself, at the rate it allows, and nothing is given up.

The hours pass for whoever waits in them; what is done afterwards is done in real time, at a provider that counts.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from sync_core.spec.provider import RateSpec
from sync_core.store import inbox, queue
from sync_core.store.inbox import Arrival
from sync_core.store.queue import Asked
from sync_core.sync.asked import Worked, work_off
from sync_core.sync.engine import Engine
from sync_core.sync.report import EntityReport, Mode
from sync_core.webhooks import Event
from sync_core.webhooks.apply import Drained, drain
from sync_sims.server import running
from sync_sims.square.simulator import SquareSimulator
from tests.fakes import FakeClock
from tests.world import World, account, key, world

MANY = 1_000
PER_SECOND = 20


class Square:
    """A provider that can go away and come back at the same address, with everything it holds."""

    def __init__(self) -> None:
        self.simulator = SquareSimulator()
        self.there = ExitStack()
        self.address = self.there.enter_context(running(self.simulator))

    def away(self) -> None:
        """Nobody listens there any more."""
        self.there.close()

    def back(self) -> None:
        """As before."""
        self.there.enter_context(running(self.simulator, port=int(self.address.rpartition(":")[2])))


@pytest.fixture
def square() -> Iterator[Square]:
    """A Square that is there."""
    made = Square()
    yield made
    made.away()


@pytest.fixture
def outside(shared_database: sa.Engine, tmp_path: Path, square: Square) -> Iterator[World]:
    """A world with this Square, and the rate that is declared for it."""
    with world(shared_database, tmp_path, dict) as made:
        rate = RateSpec(per_second=PER_SECOND)
        specs = dict(made.engine.specs)
        limits = specs["square"].limits.model_copy(update={"production": rate})
        specs["square"] = specs["square"].model_copy(update={"limits": limits})
        settings = replace(made.settings, bases={"SQUARE_API_BASE": square.address})
        engine = replace(made.engine, specs=specs, settings=settings)
        yield replace(made, engine=engine, bases={"square": square.address}, settings=settings)


def hours_pass(made: World) -> None:
    """Whatever waits for a moment within the next hours is due now."""
    made.sql("UPDATE sync.webhook_events SET next_at = now() WHERE status IN ('received', 'failed')")
    made.sql("UPDATE sync.work SET not_before = now() WHERE status = 'queued'")
    made.sql("UPDATE sync.breakers SET opened_at = opened_at - interval '1 hour', trying_until = NULL")


def turn(made: World, engine: Engine, venue: str) -> tuple[EntityReport, Drained | None, Worked]:
    """What the schedule, the drain and the queue's worker do of their own accord."""
    report = engine.sync(made.connection(venue, "square"), "customers", mode=Mode(), run_id="schedule")
    drained = drain(engine, run_id="drain", quiet_seconds=0)
    return report, drained, work_off(engine, run_id="work", quiet_seconds=0)


@contextmanager
def answering(made: World, status: int) -> Iterator[None]:
    """The provider is there and says that it is not."""
    made.faults("square", {"kind": "error_before", "status": status})
    yield
    made.no_faults("square")


def test_after_hours_away_everything_that_waited_is_done_once(outside: World, square: Square) -> None:
    venue = outside.venue("patient", providers=("square",))
    headers = {"Authorization": f"Bearer {key(venue, 'square')}"}
    person: dict[str, Any] = {"given_name": "Ann", "email_address": "ann@x.example", "idempotency_key": "1"}
    made = requests.post(f"{square.address}/v2/customers", json=person, headers=headers, timeout=10).json()["customer"]
    outside.sql(
        "INSERT INTO venue.customers (venue_id, id, given_name, email) "
        "SELECT :venue, 'c' || n, 'Bob', 'c' || n || '@x.example' FROM generate_series(1, :count) AS n",
        venue=venue,
        count=MANY,
    )
    with outside.database.begin() as conn:
        event = Event("evt_1", "customer.updated", account(venue), "customer", made["id"], None, {})
        inbox.store(conn, [Arrival("square", event)])
        connection = outside.connection(venue, "square").id
        queue.enqueue(conn, Asked(connection, "customers", "incremental", "normal", "somebody"))
    waiting = replace(outside.engine, clock=FakeClock())

    square.away()
    for _ in range(7):
        failed, drained, worked = turn(outside, waiting, venue)
        assert (failed.status, failed.outage, worked.succeeded) == ("failed", True, 0)
        assert drained is not None
        assert (drained.failed, drained.dead) == (1, 0)
        hours_pass(outside)
    square.back()
    with answering(outside, 503):
        outside.forget_calls()
        told = [turn(outside, waiting, venue)[0] for _ in range(3) if hours_pass(outside) is None]
        asked = outside.calls("square")["total"]
    given_up = outside.rows("SELECT count(*) FROM sync.dead_letters") + outside.rows(
        "SELECT count(*) FROM sync.webhook_events WHERE status = 'dead'"
    )
    hours_pass(outside)
    outside.sim("square", "PUT", "limits", per_second=PER_SECOND)
    outside.forget_calls()
    report, drained, worked = turn(outside, outside.engine, venue)
    calls = outside.calls("square")

    assert [one.outage for one in told] == [True] * 3
    assert asked <= 40, "a provider that is ill is left alone most of the time"
    assert given_up == [(0,), (0,)]
    assert drained is not None
    assert (report.error, drained.applied, worked.succeeded) == (None, 1, 1)
    there = outside.objects("square", venue, "customers")
    assert Counter(one.get("reference_id") or one["given_name"] for one in there) == Counter(
        {"Ann": 1} | {f"c{n}": 1 for n in range(1, MANY + 1)}
    )
    assert calls["by_status"] == {"200": calls["total"]}, "nothing was asked for faster than it is allowed"
    assert calls["total"] == report.api_calls + drained.api_calls + worked.api_calls
    assert outside.rows("SELECT count(*) FROM sync.dead_letters") == [(0,)]
    assert outside.rows("SELECT count(*) FROM sync.intents") == [(0,)]


def test_what_never_passes_is_given_up_after_three_days(outside: World, square: Square) -> None:
    """An outage is nobody's fault, but without any bound a thing would be tried until the end of time."""
    venue = outside.venue("late", providers=("square",))
    with outside.database.begin() as conn:
        connection = outside.connection(venue, "square").id
        queue.enqueue(conn, Asked(connection, "customers", "incremental", "normal", "somebody"))
    waiting = replace(outside.engine, clock=FakeClock())
    square.away()
    statuses = list[Any]()
    for days in (0, 0, 0, 0, 0, 0, 3, 0):
        outside.sql(f"UPDATE sync.work SET requested_at = requested_at - interval '{days} days'")
        hours_pass(outside)
        work_off(waiting, run_id="work", quiet_seconds=0)
        statuses += outside.rows("SELECT status FROM sync.work WHERE connection_id = :c", c=connection)

    assert [status for (status,) in statuses[:6]] == ["queued"] * 6
    assert statuses[-1] == ("dead",)
