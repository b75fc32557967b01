"""Dead letters and the syncs after them: tried again by themselves, told of once, and in nobody's way."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from sync_core.store import alerts, connections, inbox, letter_desk
from sync_core.store.dead_letters import WEBHOOK_DEAD, WHOLE
from sync_core.store.letter_desk import Choice
from sync_core.sync.poison import TRIALS
from sync_core.sync.report import EntityReport
from tests.battery.stage import HastyClock
from tests.sync_core.sync.test_refresh import at_stripe, names
from tests.world import World, key

_numbers = itertools.count(1)


@pytest.fixture
def venue(shared_world: World) -> str:
    """A venue of this test's own, connected to Stripe, where nothing goes wrong yet."""
    shared_world.no_faults("stripe")
    return shared_world.venue(f"letters{next(_numbers)}")


def sync(world: World, venue: str) -> EntityReport:
    return world.sync(venue, "stripe", "customers")


def bury(world: World, venue: str, *record_ids: str, code: str = "bad", category: str = "validation") -> None:
    """Letters of objects that could not be taken in, the first time an hour ago."""
    for record_id in record_ids:
        world.sql(
            "INSERT INTO sync.dead_letters (connection_id, entity, direction, record_id, code, category, reason, first_at) "
            "SELECT id, 'customers', 'pull', :id, :code, :category, 'It was bad.', now() - interval '1 hour' "
            "FROM sync.connections WHERE venue_id = :venue",
            id=record_id,
            code=code,
            category=category,
            venue=venue,
        )


def connect_again(world: World, venue: str) -> None:
    world.engine.connect(venue, "stripe", {"api_key": key(venue, "stripe")}, environment="production")


def later(world: World, venue: str) -> EntityReport:
    """A sync by a process of its own, after the breakers are forgotten; whoever waits in it has waited already."""
    world.sql("DELETE FROM sync.breakers")
    return replace(world, engine=replace(world.engine, clock=HastyClock())).sync(venue, "stripe", "customers")


def open_letters(world: World, venue: str) -> list[tuple[str, str, str]]:
    with world.database.connect() as conn:
        letters = letter_desk.listed(conn, Choice(venues={venue}))
    return sorted((one.record_id, one.category, one.code) for one in letters)


def due(world: World, venue: str, table: str) -> list[Any]:
    """Whether each of the venue's rows of a table is due by now."""
    return world.rows(
        f"SELECT due_at <= now() FROM sync.{table} t JOIN sync.connections c ON c.id = t.connection_id "
        "WHERE c.venue_id = :venue",
        venue=venue,
    )


def told_of(world: World, venue: str) -> list[tuple[str, str, int]]:
    connection = world.connection(venue, "stripe")
    with world.database.connect() as conn:
        return [(one.kind, one.subject, one.times) for one in alerts.opened(conn) if one.connection_id == connection.id]


def test_what_was_refused_on_its_way_in_is_asked_for_again_although_nobody_changed_it(
    shared_world: World, venue: str
) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    sync(shared_world, venue)
    shared_world.sql("DELETE FROM sync.ledger WHERE remote_id = :id", id=ann["id"])
    shared_world.sql("DELETE FROM venue.customers WHERE venue_id = :v", v=venue)
    bury(shared_world, venue, ann["id"])

    report = sync(shared_world, venue)

    assert (report.status, report.counts.pulled_created) == ("succeeded", 1)
    assert names(shared_world, venue) == [("Ann", False)]
    assert open_letters(shared_world, venue) == []


def test_an_object_that_cannot_even_be_read_keeps_neither_the_sync_nor_other_letters(
    shared_world: World, venue: str
) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    bob = at_stripe(shared_world, venue, "POST", "customers", name="Bob")
    cyd = at_stripe(shared_world, venue, "POST", "customers", name="Cyd")
    sync(shared_world, venue)
    bury(shared_world, venue, ann["id"], bob["id"], cyd["id"])
    shared_world.faults(
        "stripe",
        {"kind": "refuse", "path": f"*{ann['id']}", "times": None},
        {"kind": "error_before", "status": 503, "path": f"*{cyd['id']}", "times": None},
    )

    report = sync(shared_world, venue)

    assert report.status == "succeeded"
    letters = open_letters(shared_world, venue)
    assert [(record, category) for record, category, _ in letters] == sorted(
        [(ann["id"], "validation"), (cyd["id"], "validation")]
    )
    assert due(shared_world, venue, "dead_letters").count((False,)) == 2, "each waits before it is asked for again"
    shared_world.no_faults("stripe")
    assert sync(shared_world, venue).api_calls <= 2, "and costs nothing until then"


def test_a_provider_that_asks_us_to_slow_down_is_not_asked_for_each_letter_alone(
    shared_world: World, venue: str
) -> None:
    some = [at_stripe(shared_world, venue, "POST", "customers", name=name)["id"] for name in ("Ann", "Bob", "Cyd")]
    sync(shared_world, venue)
    bury(shared_world, venue, *some)
    shared_world.faults("stripe", {"kind": "throttle", "path": "/v1/customers/*", "times": None})

    report = later(shared_world, venue)

    assert report.status == "succeeded"
    assert report.api_calls <= 2 + 6, "what is new, and the first of them with its repeats"
    assert due(shared_world, venue, "dead_letters") == [(True,)] * 3


def test_letters_that_may_pass_are_due_when_the_venue_connects_again(shared_world: World, venue: str) -> None:
    bury(shared_world, venue, "cus_1", category="authorization")
    bury(shared_world, venue, "cus_2", category="validation")
    shared_world.sql("UPDATE sync.dead_letters SET due_at = now() + interval '1 day'")
    connection = shared_world.connection(venue, "stripe")

    connect_again(shared_world, venue)

    with shared_world.database.connect() as conn:
        known = connections.find(conn, venue, "stripe")
    assert known is not None
    assert known.id == connection.id
    assert sorted(due(shared_world, venue, "dead_letters")) == [(False,), (True,)]


def test_rows_that_may_pass_are_due_after_the_first_sync_that_goes_well_again(shared_world: World, venue: str) -> None:
    for n in (1, 2):
        shared_world.insert("customers", venue, id=f"{venue}-{n}", email=f"{venue}-{n}@x.example")
    refusal = {"error": {"type": "invalid_request_error", "code": "testmode_charges_only", "message": "Not yet."}}
    shared_world.faults("stripe", {"kind": "refuse", "method": "POST", "body": refusal, "times": None})
    sync(shared_world, venue)
    assert {category for _, category, _ in open_letters(shared_world, venue)} == {"authorization"}
    sync(shared_world, venue)
    assert due(shared_world, venue, "pending") == [(False,), (False,)]
    shared_world.faults("stripe", {"kind": "error_before", "status": 401, "times": 1, "body": {"error": {}}})
    failed = sync(shared_world, venue)
    assert (failed.status, failed.category) == ("failed", "authentication")
    assert shared_world.rows("SELECT category FROM sync.sync_log ORDER BY id DESC LIMIT 1") == [("authentication",)]

    shared_world.no_faults("stripe")
    connect_again(shared_world, venue)
    report = sync(shared_world, venue)

    assert report.counts.created == 2
    assert open_letters(shared_world, venue) == []


def test_the_first_success_after_a_failure_makes_what_may_pass_due(shared_world: World, venue: str) -> None:
    bury(shared_world, venue, WHOLE, code=WEBHOOK_DEAD, category="provider")
    shared_world.sql("UPDATE sync.dead_letters SET due_at = now() + interval '1 day'")
    shared_world.faults("stripe", {"kind": "refuse", "method": "GET", "times": None})
    assert sync(shared_world, venue).status == "failed"
    shared_world.no_faults("stripe")

    assert sync(shared_world, venue).status == "succeeded"
    assert due(shared_world, venue, "dead_letters") == [(True,)]
    sync(shared_world, venue)

    assert open_letters(shared_world, venue) == []


def test_many_letters_are_one_alert_that_ends_when_they_are_fewer(shared_world: World, venue: str) -> None:
    most = shared_world.engine.specs["stripe"].entities["customers"].alert_at_letters
    bury(shared_world, venue, *(f"cus_{n}" for n in range(most)))
    shared_world.sql("UPDATE sync.dead_letters SET due_at = now() + interval '1 day'")

    for _ in range(2):
        sync(shared_world, venue)

    assert told_of(shared_world, venue) == [("dead_letters", "customers", 2)]
    with shared_world.database.begin() as conn:
        first, *_ = letter_desk.listed(conn, Choice(venues={venue}))
        assert letter_desk.discard(conn, [first.id]) == 1
    sync(shared_world, venue)
    assert told_of(shared_world, venue) == []


def test_what_a_dead_event_told_of_is_settled_with_its_letter(shared_world: World, venue: str) -> None:
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    sync(shared_world, venue)
    bury(shared_world, venue, ann["id"], code=WEBHOOK_DEAD, category="provider")
    connection = shared_world.connection(venue, "stripe")
    shared_world.sql(
        "INSERT INTO sync.webhook_events (provider, address, event_id, type, account_id, object_type, object_id, payload, "
        "status, connection_id) VALUES ('stripe', 'app', :event, 'customer.updated', NULL, 'customer', :object, '{}', "
        "'dead', :id)",
        event=f"evt_{venue}",
        object=ann["id"],
        id=connection.id,
    )
    with shared_world.database.begin() as conn:
        alerts.tell(conn, connection_id=connection.id, kind=WEBHOOK_DEAD, message="Webhooks came to nothing.")

    sync(shared_world, venue)

    assert open_letters(shared_world, venue) == []
    assert told_of(shared_world, venue) == []
    with shared_world.database.connect() as conn:
        assert [line.status for line in inbox.inspect(conn, connection=connection)] == ["applied"]


def test_an_outage_makes_no_letters_and_what_it_held_up_is_written_once(shared_world: World, venue: str) -> None:
    for n in range(12):
        shared_world.insert("customers", venue, id=f"{venue}-{n}", email=f"{venue}-{n}@x.example")
    shared_world.faults("stripe", {"kind": "error_before", "status": 500, "method": "POST"})

    reports = [later(shared_world, venue) for _ in range(3)]

    assert {(report.status, report.category) for report in reports} == {("failed", "provider")}
    assert open_letters(shared_world, venue) == []
    shared_world.no_faults("stripe")
    assert later(shared_world, venue).error is None
    assert len(shared_world.objects("stripe", venue, "customers")) == 12


def test_one_record_that_the_provider_fails_on_keeps_no_later_sync_from_its_end(
    shared_world: World, venue: str
) -> None:
    shared_world.insert("customers", venue, id=f"{venue}-1", email=f"{venue}-1@x.example")
    shared_world.faults("stripe", {"kind": "error_before", "status": 500, "method": "POST"})

    assert later(shared_world, venue).status == "failed"
    assert later(shared_world, venue).status == "succeeded"

    assert open_letters(shared_world, venue) == [(f"{venue}-1", "provider", "provider_fails")]
    shared_world.no_faults("stripe")
    assert later(shared_world, venue).counts.created == 1
    assert open_letters(shared_world, venue) == []
    assert len(shared_world.objects("stripe", venue, "customers")) == 1


def test_many_such_records_are_all_found_and_none_is_written_twice(shared_world: World, venue: str) -> None:
    for n in range(60):
        name = "Zyxwvutsrq" if n % 4 == 0 else "Ann"
        shared_world.insert("customers", venue, id=f"{venue}-{n}", email=f"{venue}-{n}@x.example", given_name=name)
    fault = {"kind": "error_before", "status": 500, "method": "POST", "body_contains": "Zyxwvutsrq"}
    shared_world.faults("stripe", fault)

    syncs = [later(shared_world, venue) for _ in range(TRIALS + 2)]

    assert syncs[-1].error is None
    doomed = sorted(f"{venue}-{n}" for n in range(0, 60, 4))
    assert [record for record, *_ in open_letters(shared_world, venue)] == doomed
    assert len(shared_world.objects("stripe", venue, "customers")) == 45
    shared_world.no_faults("stripe")
    shared_world.sql("UPDATE sync.pending SET due_at = now()")
    assert later(shared_world, venue).counts.created == 15
    assert open_letters(shared_world, venue) == []
    assert len(shared_world.objects("stripe", venue, "customers")) == 60
