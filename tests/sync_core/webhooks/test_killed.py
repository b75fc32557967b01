"""Drains that are killed with -9 at random moments: no event is lost, none changes anything twice."""

import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import requests

from sync_core.store import inbox
from sync_core.store.inbox import Arrival
from sync_core.webhooks import Event
from sync_core.webhooks.apply import drain
from tests.world import World, account, key

KILLS = 2
PEOPLE = 80


def _edit(world: World, venue: str, chance: random.Random, people: dict[str, str | None], number: int) -> str:
    """Somebody is added, changed or deleted at Stripe; whom it was about."""
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    url = f"{world.bases['stripe']}/v1/customers"
    living = sorted(person for person, name in people.items() if name is not None)
    if len(people) < PEOPLE:
        answer = requests.post(url, data={"name": f"N{number}"}, headers=headers, timeout=10)
        person, name = answer.json()["id"], f"N{number}"
    elif chance.random() < 0.15:
        person, name = chance.choice(living), None
        answer = requests.delete(f"{url}/{person}", headers=headers, timeout=10)
    else:
        person, name = chance.choice(living), f"N{number}"
        answer = requests.post(f"{url}/{person}", data={"name": name}, headers=headers, timeout=10)
    assert answer.ok, answer.text
    people[person] = name
    return person


def _arrive(world: World, venue: str, chance: random.Random, told: list[str], turn: int) -> None:
    """Events of these objects, in any order, a third of them more than once."""
    events = [
        Event(f"evt_{turn}_{number}", "customer.updated", account(venue), "customer", person, None, {})
        for number, person in enumerate(told)
    ]
    again = [event for event in events if chance.random() < 0.3]
    mixed = [*events, *again]
    chance.shuffle(mixed)
    for start in range(0, len(mixed), 50):
        with world.database.begin() as conn:
            inbox.store(conn, [Arrival("stripe", event) for event in mixed[start : start + 50]])


def _applied(world: World) -> int:
    return world.rows("SELECT count(*) FROM sync.webhook_events WHERE status = 'applied'")[0][0]


def _drain_until_killed(world: World, after: int) -> None:
    environ = os.environ | {
        "DATABASE_URL": world.database.url.render_as_string(hide_password=False).replace("+psycopg", ""),
        "VENUE_SYNC_HOME": str(world.settings.home),
        **world.settings.bases,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.drainer"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        deadline = time.monotonic() + 60
        while _applied(world) < after and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert child.poll() is None, "it was killed while it was at work"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


def test_drains_killed_at_random_moments_lose_nothing_and_apply_nothing_twice(shared_world: World) -> None:
    chance, people = random.Random(20261120), dict[str, str | None]()
    venue = shared_world.venue("killed")
    for turn in range(KILLS):
        told = [_edit(shared_world, venue, chance, people, turn * 1000 + number) for number in range(PEOPLE)]
        before = _applied(shared_world)
        _arrive(shared_world, venue, chance, told, turn)
        _drain_until_killed(shared_world, before + chance.randint(1, PEOPLE // 2))

    # The database takes a moment to notice that the last one is gone, and with it the lock.
    deadline = time.monotonic() + 10
    while drain(shared_world.engine, run_id="last", quiet_seconds=0) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    left = shared_world.rows("SELECT count(*) FROM sync.webhook_events WHERE status <> 'applied'")
    query = "SELECT id, given_name, deleted_at IS NOT NULL FROM venue.customers WHERE venue_id = :v"
    found: dict[str, Any] = {row[0]: None if row[2] else row[1] for row in shared_world.rows(query, v=venue)}

    assert left == [(0,)]
    assert {person: name for person, name in found.items() if name is not None} == {
        person: name for person, name in people.items() if name is not None
    }
    assert found.keys() <= people.keys(), "nobody is there twice"
