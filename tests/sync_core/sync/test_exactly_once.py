"""Invariants 1 and 2 under fire: nothing lost, nothing twice, whatever happens to the process or the network."""

import multiprocessing
import random
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests.battery.stage import HastyClock
from tests.pusher import push
from tests.world import World

KILLS = 20
# Where processes are born that need not import anything first, which takes longer than what they are killed at.
NURSERY = multiprocessing.get_context("forkserver")
NURSERY.set_forkserver_preload(["tests.pusher"])
CONNECTED = ("stripe", "square")
TARGETS = tuple((provider, entity) for entity in ("customers", "products") for provider in CONNECTED)


def _add(world: World, venue: str, ids: list[str]) -> None:
    for n in ids:
        world.insert("customers", venue, id=n, given_name=f"名 {n}", family_name="O'Hara", email=f"{n}@x.example")


def _add_products(world: World, venue: str, ids: list[str]) -> None:
    for n in ids:
        world.insert("products", venue, id=n, kind="ticket", sku=n, name=f"Seat {n}", price_minor=1000, currency="USD")


def _alive(world: World, venue: str, provider: str, collection: str) -> list[dict[str, Any]]:
    objects = world.objects(provider, venue, collection)
    return [one for one in objects if not one.get("deleted") and not one.get("is_deleted")]


def _there(world: World, venue: str, provider: str) -> list[tuple[str, str | None]]:
    """(local id, phone) of every living customer at the provider, doubles included."""
    alive = _alive(world, venue, provider, "customers")
    if provider == "stripe":
        return sorted((c["metadata"].get("venue_sync_id", ""), c["phone"]) for c in alive)
    return sorted((c.get("reference_id", ""), c.get("phone_number")) for c in alive)


def _products_there(world: World, venue: str, provider: str) -> list[tuple[str, int]]:
    """(sku, price) of every product at the provider, doubles included."""
    if provider == "stripe":
        prices = {price["id"]: price["unit_amount"] for price in world.objects("stripe", venue, "prices")}
        found = _alive(world, venue, "stripe", "products")
        return sorted((one["metadata"]["sku"], prices[one["default_price"]]) for one in found)
    data = [one["item_variation_data"] for one in _alive(world, venue, "square", "catalog") if one["type"] != "ITEM"]
    return sorted((one["sku"], one["price_money"]["amount"]) for one in data)


def _environ(world: World) -> dict[str, str]:
    """What a process of its own needs to know of the world."""
    return {
        "DATABASE_URL": world.database.url.render_as_string(hide_password=False).replace("+psycopg", ""),
        "VENUE_SYNC_HOME": str(world.settings.home),
        **world.settings.bases,
    }


def _push_until_killed(world: World, venue: str, target: tuple[str, str], chance: random.Random) -> bool:
    """Start a pushing process and kill it after some of its writes; whether it was still running then."""
    provider, entity = target
    before = world.calls(provider)["writes"]
    after = before + chance.randint(1, 35 if provider == "stripe" else 1)
    child = NURSERY.Process(target=push, args=(_environ(world), venue, provider, entity))
    child.start()
    while child.is_alive() and world.calls(provider)["writes"] < after:
        time.sleep(0.005)
    time.sleep(chance.random() * 0.02)
    running = child.is_alive()
    child.kill()
    child.join()
    child.close()
    return running


def test_kill_9_at_twenty_random_moments_loses_nothing_and_doubles_nothing(small_world: World) -> None:
    chance = random.Random(20261120)
    venue = small_world.venue(providers=CONNECTED)
    killed = 0
    for turn in range(KILLS):
        ids = [f"n{turn}-{n}" for n in range(40)]
        _add(small_world, venue, ids)
        _add_products(small_world, venue, ids)
        small_world.sql("UPDATE venue.customers SET phone = :phone WHERE random() < 0.1", phone=f"+1415555{turn:04d}")
        small_world.sql("UPDATE venue.products SET price_minor = price_minor + 1 WHERE random() < 0.1")
        killed += _push_until_killed(small_world, venue, TARGETS[turn % len(TARGETS)], chance)
    for provider, entity in TARGETS:
        reports = [small_world.sync(venue, provider, entity) for _ in range(2)]
        assert [r.error for r in reports] == [None, None]

    assert killed >= KILLS // 2
    for provider in CONNECTED:
        assert _there(small_world, venue, provider) == sorted(small_world.rows("SELECT id, phone FROM venue.customers"))
        assert _products_there(small_world, venue, provider) == sorted(
            small_world.rows("SELECT sku, price_minor FROM venue.products")
        )
    for provider, entity in TARGETS:
        assert small_world.sync(venue, provider, entity).counts.written == 0
    assert small_world.rows("SELECT count(*) FROM sync.intents") == [(0,)]


FAULTS: dict[str, list[dict[str, Any]]] = {
    "errors before and after the write": [
        {"kind": "error_before", "status": 500, "probability": 0.05},
        {"kind": "error_after", "status": 500, "probability": 0.05},
    ],
    "connections dropped before and after the write": [
        {"kind": "drop_before", "probability": 0.05},
        {"kind": "drop_after", "probability": 0.05},
    ],
    "half answers and throttling": [
        {"kind": "half_answer", "probability": 0.05},
        {"kind": "throttle", "probability": 0.1},
    ],
}


@pytest.mark.parametrize("provider", CONNECTED)
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_a_misbehaving_provider_gets_every_record_exactly_once(
    small_world: World, provider: str, faults: list[dict[str, Any]]
) -> None:
    venue = small_world.venue(providers=(provider,))
    ids = [f"c{n}" for n in range(60 if provider == "stripe" else 400)]
    _add(small_world, venue, ids)
    small_world.faults(provider, *({"method": "POST", **fault} for fault in faults), seed=7)

    reports = [small_world.sync(venue, provider, "customers")]
    while reports[-1].status != "succeeded" and len(reports) < 10:
        reports.append(small_world.sync(venue, provider, "customers"))
    small_world.no_faults(provider)
    calm = small_world.sync(venue, provider, "customers")

    assert reports[-1].status == "succeeded"
    assert calm.status == "succeeded"
    there = Counter(local_id for local_id, _ in _there(small_world, venue, provider))
    assert there == Counter(ids)
    assert small_world.rows("SELECT count(*) FROM sync.intents") == [(0,)]


@pytest.mark.parametrize("provider", CONNECTED)
def test_kill_9_while_a_failing_record_is_searched_for_doubles_nothing(small_world: World, provider: str) -> None:
    chance = random.Random(4711)
    venue = small_world.venue(providers=(provider,))
    names = {f"c{n}": "Zyxwvutsrq" if n in {7, 20} else "Qwertzuiop" if n == 33 else "Ann" for n in range(40)}
    for local_id, name in names.items():
        small_world.insert("customers", venue, id=local_id, email=f"{local_id}@x.example", given_name=name)
    never = {"kind": "error_before", "status": 500, "method": "POST", "body_contains": "Zyxwvutsrq"}
    late = {"kind": "error_after", "status": 500, "method": "POST", "body_contains": "Qwertzuiop"}
    small_world.faults(provider, never, late)

    for _ in range(4):
        _push_for_a_while(small_world, venue, provider, seconds=chance.uniform(0.2, 2))
    for _ in range(4):
        _sync_in_no_time(small_world, venue, provider)

    there = Counter(local_id for local_id, _ in _there(small_world, venue, provider))
    assert there == Counter(local_id for local_id, name in names.items() if name != "Zyxwvutsrq")
    open_letters = "SELECT record_id, code FROM sync.dead_letters WHERE status = 'open' ORDER BY record_id"
    assert small_world.rows(open_letters) == [("c20", "provider_fails"), ("c7", "provider_fails")]
    small_world.no_faults(provider)
    small_world.sql("UPDATE sync.pending SET due_at = now()")
    _sync_in_no_time(small_world, venue, provider)
    assert Counter(local_id for local_id, _ in _there(small_world, venue, provider)) == Counter(names.keys())
    assert small_world.rows(open_letters) == []
    assert small_world.rows("SELECT count(*) FROM sync.intents") == [(0,)]


def _push_for_a_while(world: World, venue: str, provider: str, *, seconds: float) -> None:
    """A pushing process that is killed after some time, or was done before."""
    child = NURSERY.Process(target=push, args=(_environ(world), venue, provider, "customers"))
    child.start()
    child.join(seconds)
    child.kill()
    child.join()
    child.close()


def _sync_in_no_time(world: World, venue: str, provider: str) -> None:
    """A sync that finds no breaker open, and in which whoever waits has waited already."""
    world.sql("DELETE FROM sync.breakers")
    hasty = replace(world, engine=replace(world.engine, clock=HastyClock()))
    hasty.sync(venue, provider, "customers")
