"""From the inbox to the record: coalescing, order, retries, owners, and what a drain that dies leaves behind."""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import requests
import sqlalchemy as sa

from sync_core.store import alerts, dead_letters, inbox, locks
from sync_core.store.inbox import Arrival
from sync_core.webhooks import parse
from sync_core.webhooks.apply import MOST_IN_HAND, MOST_OF_ONE, Drained, drain
from tests.world import World, account, key

_numbers = itertools.count(1)


@pytest.fixture
def venue(shared_world: World) -> Iterator[str]:
    """A venue at Stripe and Square with an empty inbox."""
    name = shared_world.venue(f"v{next(_numbers)}", providers=("stripe", "square"))
    shared_world.forget_calls()
    yield name
    for provider in ("stripe", "square"):
        shared_world.no_faults(provider)
    shared_world.sql("DELETE FROM sync.webhook_events")


def at_stripe(world: World, venue: str, method: str, path: str, **fields: str) -> dict[str, Any]:
    """Somebody works in the venue's Stripe account."""
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    answer = requests.request(method, f"{world.bases['stripe']}/v1/{path}", data=fields, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def told(venue: str, about: dict[str, Any], kind: str = "customer.updated", *, number: int | None = None) -> Arrival:
    """Stripe's event about an object, as it is in the inbox."""
    event = {
        "id": f"evt_{venue}_{next(_numbers) if number is None else number}",
        "object": "event",
        "type": kind,
        "account": account(venue),
        "created": int(time.time()),
        "data": {"object": about},
    }
    return Arrival("stripe", parse("stripe", orjson.dumps(event), "application/json")[0])


def arrive(world: World, *arrivals: Arrival) -> int:
    with world.database.begin() as conn:
        return inbox.store(conn, arrivals)


def drained(world: World) -> Drained:
    done = drain(world.engine, run_id="test", quiet_seconds=0)
    assert done is not None
    return done


def names(world: World, venue: str) -> list[tuple[Any, ...]]:
    return world.rows(
        "SELECT given_name, deleted_at IS NOT NULL FROM venue.customers WHERE venue_id = :v ORDER BY given_name",
        v=venue,
    )


def states(world: World) -> list[str]:
    with world.database.connect() as conn:
        return [line.status for line in reversed(inbox.inspect(conn))]


def pass_time(world: World) -> None:
    """What was to be tried again later is due."""
    world.sql("UPDATE sync.webhook_events SET next_at = now() WHERE status = 'failed'")


def test_twenty_events_of_one_customer_are_one_reading(shared_world: World, venue: str) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    bob = at_stripe(shared_world, venue, "POST", "customers", name="Bob")
    arrive(shared_world, *(told(venue, ann) for _ in range(20)), told(venue, bob, "customer.created"))
    shared_world.forget_calls()

    done = drained(shared_world)

    assert (done.applied, done.readings, done.objects, done.api_calls) == (21, 1, 2, 2)
    assert shared_world.calls("stripe")["total"] == 2
    assert names(shared_world, venue) == [("Ann", False), ("Bob", False)]
    assert set(states(shared_world)) == {"applied"}


def test_events_in_any_order_end_in_the_providers_state(shared_world: World, venue: str) -> None:
    people = [at_stripe(shared_world, venue, "POST", "customers", name=f"P{n}") for n in range(4)]
    events = [told(venue, person, "customer.created") for person in people]
    for turn in range(2):
        for person in people[:3]:
            changed = at_stripe(shared_world, venue, "POST", f"customers/{person['id']}", name=f"New{turn}")
            events.append(told(venue, changed))
    at_stripe(shared_world, venue, "DELETE", f"customers/{people[0]['id']}")
    events.append(told(venue, {"id": people[0]["id"], "object": "customer"}, "customer.deleted"))
    random.Random(7).shuffle(events)

    for start in range(0, len(events), 3):
        arrive(shared_world, *events[start : start + 3], *events[: start // 2])
        drained(shared_world)

    assert [name for name, deleted in names(shared_world, venue) if not deleted] == ["New1", "New1", "P3"]


def test_an_event_of_no_object_brings_what_changed_since_the_last_sync(shared_world: World, venue: str) -> None:
    headers = {"Authorization": f"Bearer {key(venue, 'square')}"}
    item = {"type": "ITEM", "id": "#mug", "item_data": {"name": "Mug", "variations": [_variation()]}}
    answer = requests.post(
        f"{shared_world.bases['square']}/v2/catalog/object",
        json={"idempotency_key": venue, "object": item},
        headers=headers,
        timeout=10,
    )
    assert answer.ok, answer.text
    sent = {
        "merchant_id": account(venue),
        "type": "catalog.version.updated",
        "event_id": venue,
        "data": {"type": "catalog_version", "id": "own", "object": {}},
    }
    (event,) = parse("square", orjson.dumps(sent), "application/json")
    arrive(shared_world, Arrival("square", event))

    assert drained(shared_world).applied == 1
    assert shared_world.rows("SELECT name FROM venue.products WHERE venue_id = :v", v=venue) == [("Mug",)]


def _variation() -> dict[str, Any]:
    price = {"amount": 900, "currency": "USD"}
    data = {"name": "Regular", "pricing_type": "FIXED_PRICING", "price_money": price}
    return {"type": "ITEM_VARIATION", "id": "#mug-one", "item_variation_data": data}


def test_what_concerns_nothing_is_kept_and_skipped_and_what_is_nobodys_waits(shared_world: World, venue: str) -> None:
    arrive(
        shared_world,
        told(venue, {"id": "x", "object": "moon"}, "moon.landed"),
        told("nobody", {"id": "cus_1", "object": "customer"}),
    )

    done = drained(shared_world)

    assert (done.skipped, done.parked, done.applied) == (1, 1, 0)
    assert states(shared_world) == ["skipped", "received"]
    assert shared_world.calls("stripe")["total"] == 0


def test_an_event_that_came_before_its_owner_is_applied_when_the_owner_connects(
    shared_world: World, venue: str
) -> None:
    late = f"{venue}-late"
    shared_world.sim("stripe", "PUT", "accounts", credential=key(late, "stripe"), account_id=account(late), name=late)
    eve = at_stripe(shared_world, late, "POST", "customers", name="Eve")
    arrive(shared_world, told(late, eve))
    assert drained(shared_world).parked == 1

    shared_world.venue(late)

    assert drained(shared_world).applied == 1
    assert names(shared_world, late) == [("Eve", False)]


def test_a_failing_provider_is_tried_again_and_then_a_person_is_told(
    shared_world: World, venue: str, caplog: pytest.LogCaptureFixture
) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    shared_world.faults("stripe", {"kind": "refuse", "body": {"error": {"message": "no", "type": "api_error"}}})
    arrive(shared_world, told(venue, ann))
    shared_world.sql("UPDATE sync.webhook_events SET received_at = received_at - interval '3 days'")

    for attempt in range(6):
        done = drained(shared_world)
        assert (done.failed, done.dead) == ((1, 0) if attempt < 5 else (0, 1))
        pass_time(shared_world)
    shared_world.no_faults("stripe")
    connection = shared_world.connection(venue, "stripe")
    with shared_world.database.connect() as conn:
        (letter,) = dead_letters.all_open(conn, venue=venue)
        told_of = [alert for alert in alerts.opened(conn) if alert.connection_id == connection.id]

    assert states(shared_world) == ["dead"]
    assert (letter.record_id, letter.code, letter.direction) == (ann["id"], "webhook_dead", "pull")
    assert [alert.kind for alert in told_of] == ["webhook_dead"]
    assert "webhook.dead" in caplog.text

    with shared_world.database.begin() as conn:
        (line,) = inbox.inspect(conn)
        inbox.retry(conn, [line.id])
    assert drained(shared_world).applied == 1
    with shared_world.database.connect() as conn:
        assert dead_letters.all_open(conn, venue=venue) == [], "the record went through after all"


def test_one_object_that_cannot_be_read_does_not_keep_its_neighbours_out(shared_world: World, venue: str) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    arrive(shared_world, told(venue, ann), told(venue, {"id": "not an id/../", "object": "customer"}))

    assert drained(shared_world).failed == 2
    pass_time(shared_world)
    done = drained(shared_world)

    assert (done.applied, done.failed) == (1, 1)
    assert names(shared_world, venue) == [("Ann", False)]


def test_while_a_sync_runs_its_events_wait_without_being_counted(shared_world: World, venue: str) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    arrive(shared_world, told(venue, ann))
    connection = shared_world.connection(venue, "stripe")
    with shared_world.database.connect() as conn, locks.holding(conn, connection.id, "customers"):
        assert drained(shared_world).postponed == 1
    assert shared_world.rows("SELECT attempts, status FROM sync.webhook_events") == [(0, "received")]

    shared_world.sql("UPDATE sync.webhook_events SET next_at = now()")
    assert drained(shared_world).applied == 1


def test_a_key_that_was_revoked_parks_the_events_until_the_venue_connects_again(
    shared_world: World, venue: str
) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    shared_world.sim("stripe", "DELETE", "accounts", credential=key(venue, "stripe"))
    arrive(shared_world, told(venue, ann))
    assert drained(shared_world).failed == 1
    pass_time(shared_world)
    assert drained(shared_world).parked == 1

    shared_world.sim(
        "stripe", "PUT", "accounts", credential=key(venue, "stripe"), account_id=account(venue), name=venue
    )
    shared_world.engine.connect(venue, "stripe", {"api_key": key(venue, "stripe")}, environment="production")

    assert drained(shared_world).applied == 1


def test_a_drain_listens_applies_at_once_and_is_the_only_one(shared_world: World, venue: str) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    seen, leave, ended = threading.Event(), threading.Event(), list[Drained | None]()

    def run() -> None:
        ended.append(
            drain(
                shared_world.engine,
                run_id="test",
                quiet_seconds=60,
                stopping=leave.is_set,
                on_settled=lambda done: seen.set() if done.applied else None,
            )
        )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        time.sleep(0.5)
        assert drain(shared_world.engine, run_id="second", quiet_seconds=0) is None
        began = datetime.now(UTC)
        arrive(shared_world, told(venue, ann))
        assert seen.wait(10)
        took = (datetime.now(UTC) - began).total_seconds()
    finally:
        leave.set()
        arrive(shared_world, told("nobody", ann))  # it rings, so that nobody waits for the next look
        thread.join(20)

    assert names(shared_world, venue) == [("Ann", False)]
    assert [done.applied for done in ended if done] == [1]
    assert took < 2, "announced, not found by looking now and then"


def test_what_a_killed_drain_had_in_hand_is_done_by_the_next(shared_world: World, venue: str) -> None:
    """Nothing is noted when events are taken up, so a process that dies leaves them as they were."""
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    arrive(shared_world, told(venue, ann))
    with shared_world.database.connect() as guard, locks.only_one(guard, "drain") as mine:
        assert mine
        with shared_world.database.begin() as conn:
            assert len(inbox.due(conn, limit=10)) == 1
        guard.execute(sa.text("SELECT 1"))
        guard.invalidate()

    # The database takes a moment to notice that the process is gone, and with it the lock.
    deadline = time.monotonic() + 20
    while (done := drain(shared_world.engine, run_id="test", quiet_seconds=0)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert done is not None
    assert done.applied == 1


def test_an_account_whose_provider_is_slow_does_not_keep_the_others_waiting(shared_world: World, venue: str) -> None:
    """Nobody starves behind somebody's thousand events, each of which takes its time."""
    slow = shared_world.venue(f"{venue}-slow")
    shared_world.faults("stripe", {"kind": "delay", "seconds": 0.05, "account": account(slow)})
    many = [told(slow, {"id": f"cus_{number}", "object": "customer"}) for number in range(MOST_IN_HAND + 500)]
    arrive(shared_world, *many)
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    arrive(shared_world, told(venue, ann))
    leave, came = threading.Event(), list[float]()
    began = time.monotonic()

    def look(_: Drained) -> None:
        if names(shared_world, venue):
            came.append(time.monotonic() - began)
            leave.set()

    drain(
        shared_world.engine,
        run_id="test",
        quiet_seconds=0,
        most_seconds=20,
        stopping=leave.is_set,
        on_settled=look,
    )

    assert names(shared_world, venue) == [("Ann", False)]
    assert came[0] < 20, "they would have taken two minutes"
    assert shared_world.rows("SELECT count(*) FROM sync.webhook_events WHERE status = 'received'")[0][0] > MOST_IN_HAND


def test_a_hundred_thousand_events_of_one_venue_do_not_delay_the_one_of_another(
    shared_world: World, venue: str
) -> None:
    """Whoever comes after them waits for no more of them than are taken in hand of one account."""
    many = shared_world.venue(f"{venue}-many")
    shared_world.sql(
        "INSERT INTO sync.webhook_events (provider, address, event_id, type, account_id, object_type, object_id, payload) "
        "SELECT 'stripe', 'app', 'evt_many_' || n, 'customer.updated', :account, 'customer', 'cus_' || n, '{}' "
        "FROM generate_series(1, 100000) AS n",
        account=account(many),
    )
    arrive(shared_world, told(venue, at_stripe(shared_world, venue, "POST", "customers", name="Ann")))
    leave = threading.Event()

    def look(_: Drained) -> None:
        if names(shared_world, venue):
            leave.set()

    done = drain(shared_world.engine, run_id="test", quiet_seconds=0, stopping=leave.is_set, on_settled=look)

    assert done is not None
    assert names(shared_world, venue) == [("Ann", False)]
    assert done.applied <= 2 * MOST_OF_ONE


def test_more_than_is_taken_up_at_once_is_all_settled(shared_world: World, venue: str) -> None:
    arrive(shared_world, *(told(venue, {"id": "x", "object": "moon"}, "moon.landed") for _ in range(3 * MOST_OF_ONE)))

    assert drained(shared_world).skipped == 3 * MOST_OF_ONE


def test_a_poison_among_good_events_dies_alone_and_its_neighbours_go_through(shared_world: World, venue: str) -> None:
    """Five retries, a dead letter and an alert for the one; the others lose at most one attempt to it."""
    people = [at_stripe(shared_world, venue, "POST", "customers", name=f"P{n}") for n in range(5)]
    poison = at_stripe(shared_world, venue, "POST", "customers", name="Poison")
    fault = {"kind": "refuse", "body": {"error": {"message": "no", "type": "api_error"}}}
    shared_world.faults("stripe", {**fault, "path": f"/v1/customers/{poison['id']}"})
    arrive(shared_world, *(told(venue, one) for one in [*people[:3], poison, *people[3:]]))

    ends = list[Drained]()
    for _ in range(6):
        ends.append(drained(shared_world))
        pass_time(shared_world)

    assert sum(done.applied for done in ends) == 5
    assert [done.applied for done in ends[2:]] == [0] * 4
    assert [done.dead for done in ends] == [0] * 5 + [1]
    assert names(shared_world, venue) == [(f"P{n}", False) for n in range(5)]
    attempts = shared_world.rows("SELECT object_id, status, attempts FROM sync.webhook_events")
    assert {row[1:] for row in attempts if row[0] == poison["id"]} == {("dead", 6)}
    assert max(row[2] for row in attempts if row[0] != poison["id"]) <= 2


def test_an_event_of_an_object_that_is_gone_or_never_was_is_applied_as_such(shared_world: World, venue: str) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    arrive(shared_world, told(venue, ann))
    drained(shared_world)
    at_stripe(shared_world, venue, "DELETE", f"customers/{ann['id']}")
    arrive(shared_world, told(venue, ann), told(venue, {"id": "cus_never", "object": "customer"}))

    assert drained(shared_world).applied == 2
    assert names(shared_world, venue) == [("Ann", True)]


def test_a_drain_that_lost_its_lock_takes_nothing_back(shared_world: World, venue: str) -> None:
    """Two drains at once are no harm: what one has settled the other cannot fail, nor postpone, nor settle again."""
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    arrive(shared_world, told(venue, ann))
    with shared_world.database.connect() as conn:
        (seen,) = inbox.due(conn, limit=1)
    assert drained(shared_world).applied == 1

    with shared_world.database.begin() as conn:
        assert inbox.failed(conn, [seen], reason="The other one could not read it.") == []
        inbox.postpone(conn, [seen], delay=timedelta(hours=1))
        inbox.skipped(conn, [seen], reason="Or so it thought.")

    assert shared_world.rows("SELECT status, attempts, reason FROM sync.webhook_events") == [("applied", 1, None)]
