"""Objects read again because an event told of them."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.store import locks
from sync_core.sync.report import EntityReport
from tests.world import World, key

_numbers = itertools.count(1)


def at_stripe(world: World, venue: str, method: str, path: str, **fields: str) -> dict[str, Any]:
    """Somebody works in the venue's Stripe account."""
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    answer = requests.request(method, f"{world.bases['stripe']}/v1/{path}", data=fields, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def refresh(world: World, venue: str, *ids: str, told_at: Mapping[str, datetime] | None = None) -> EntityReport:
    return world.engine.refresh(world.connection(venue, "stripe"), "customers", ids, run_id="test", told_at=told_at)


def names(world: World, venue: str) -> list[tuple[Any, ...]]:
    return world.rows(
        "SELECT given_name, deleted_at IS NOT NULL FROM venue.customers WHERE venue_id = :v ORDER BY given_name",
        v=venue,
    )


def test_a_changed_object_is_taken_in_and_no_cursor_moves(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    at_stripe(shared_world, venue, "POST", "customers", name="Somebody else")

    report = refresh(shared_world, venue, ann["id"])

    assert (report.status, report.counts.pulled_created, report.api_calls) == ("succeeded", 1, 1)
    assert names(shared_world, venue) == [("Ann", False)]
    assert shared_world.rows(
        "SELECT count(*) FROM sync.cursors JOIN sync.connections c ON c.id = connection_id WHERE venue_id = :v", v=venue
    ) == [(0,)]
    assert shared_world.rows(
        "SELECT count(*) FROM sync.sync_log JOIN sync.connections c ON c.id = connection_id WHERE venue_id = :v",
        v=venue,
    ) == [(0,)]


def test_an_object_that_is_gone_is_deleted(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    refresh(shared_world, venue, ann["id"])
    at_stripe(shared_world, venue, "DELETE", f"customers/{ann['id']}")

    report = refresh(shared_world, venue, ann["id"], "cus_never")

    assert (report.status, report.counts.pulled_deleted) == ("succeeded", 1)
    assert names(shared_world, venue) == [("Ann", True)]


def test_an_echo_of_our_own_write_changes_nothing(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    shared_world.insert("customers", venue, id="c1", given_name="Ann", email="ann@x.example")
    shared_world.sync(venue, "stripe", "customers")
    (made,) = shared_world.objects("stripe", venue, "customers")
    stamps = "SELECT updated_at, changed_xid::text FROM venue.customers WHERE venue_id = :v"
    before = shared_world.rows(stamps, v=venue)

    report = refresh(shared_world, venue, made["id"])

    assert (report.counts.pulled_unchanged, report.counts.pulled_updated) == (1, 0)
    assert shared_world.rows(stamps, v=venue) == before


@pytest.mark.parametrize(("minutes", "winner"), [(5, "Stripe's"), (-5, "Venue's")])
def test_the_events_time_decides_where_the_object_tells_none(shared_world: World, minutes: int, winner: str) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    shared_world.insert("customers", venue, id="c1", given_name="Ann", email="ann@x.example")
    shared_world.sync(venue, "stripe", "customers")
    (made,) = shared_world.objects("stripe", venue, "customers")
    shared_world.sql(
        "UPDATE venue.customers SET given_name = 'Venue''s', updated_at = now() WHERE venue_id = :v", v=venue
    )
    at_stripe(shared_world, venue, "POST", f"customers/{made['id']}", name="Stripe's")

    refresh(shared_world, venue, made["id"], told_at={made["id"]: datetime.now(UTC) + timedelta(minutes=minutes)})

    assert names(shared_world, venue) == [(winner, False)]


def test_it_does_nothing_while_a_sync_of_the_same_is_running(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    with (
        shared_world.database.connect() as conn,
        locks.holding(conn, shared_world.connection(venue, "stripe").id, "customers"),
    ):
        assert refresh(shared_world, venue, ann["id"]).status == "busy"

    assert refresh(shared_world, venue, ann["id"]).status == "succeeded"


def test_a_refused_key_puts_the_connection_in_error(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    shared_world.sim("stripe", "DELETE", "accounts", credential=key(venue, "stripe"))

    assert refresh(shared_world, venue, "cus_1").status == "failed"
    assert shared_world.connection(venue, "stripe").status == "error"


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), edits=st.lists(st.sampled_from(["Ann", "Bea", "Cyd", "gone"]), min_size=1, max_size=5))
def test_events_in_any_order_and_number_end_in_the_newest_state(
    shared_world: World, data: st.DataObject, edits: list[str]
) -> None:
    """Each event makes one reading, in an order and with repetitions of its own, some of them before the next edit."""
    venue = shared_world.venue(f"v{next(_numbers)}")
    first = at_stripe(shared_world, venue, "POST", "customers", name="Start")["id"]
    began = datetime(2026, 11, 20, 12, tzinfo=UTC)
    events = [began]
    for number, edit in enumerate(edits):
        if edit == "gone":
            at_stripe(shared_world, venue, "DELETE", f"customers/{first}")
            events.append(began + timedelta(seconds=number))
            break
        at_stripe(shared_world, venue, "POST", f"customers/{first}", name=edit)
        events.append(began + timedelta(seconds=number // 2))  # some in the same second
        if data.draw(st.booleans()):
            refresh(shared_world, venue, first, told_at={first: data.draw(st.sampled_from(events))})
    for at in data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=2))])):
        refresh(shared_world, venue, first, told_at={first: at})

    living = [e for e in edits if e != "gone"] if "gone" not in edits else []
    found = names(shared_world, venue)
    assert [name for name, deleted in found if not deleted] == living[-1:]
