"""Objects read again because an event told of them."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.store import locks
from sync_core.sync.report import EntityReport
from tests.battery.stage import HastyClock
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


def test_a_write_of_ours_that_was_cut_short_does_not_win_over_what_the_venue_did_since(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    hasty = replace(shared_world, engine=replace(shared_world.engine, clock=HastyClock()))
    shared_world.insert("customers", venue, id="c1", given_name="Ann")
    shared_world.faults("stripe", {"kind": "drop_after", "method": "POST", "path": "/v1/customers*"})
    assert hasty.sync(venue, "stripe", "customers").status == "failed"
    shared_world.no_faults("stripe")
    shared_world.sql("UPDATE venue.customers SET given_name = 'Bea', updated_at = now() WHERE venue_id = :v", v=venue)
    (ann,) = shared_world.objects("stripe", venue, "customers")

    report = refresh(shared_world, venue, ann["id"], told_at={ann["id"]: datetime.now(UTC) + timedelta(minutes=1)})

    assert (report.status, report.counts.recovered) == ("succeeded", 1)
    assert names(shared_world, venue) == [("Bea", False)]
    # The first one goes on where the one that was cut short had come to.
    assert [shared_world.sync(venue, "stripe", "customers").counts.updated for _ in range(2)] == [0, 1]
    assert [one["name"] for one in shared_world.objects("stripe", venue, "customers")] == ["Bea"]


def test_what_somebody_changed_before_a_write_of_ours_was_found_again_comes_home(shared_world: World) -> None:
    """The key of the write is too old to be sent again, so its object is looked up."""
    venue = shared_world.venue(f"v{next(_numbers)}")
    hasty = replace(shared_world, engine=replace(shared_world.engine, clock=HastyClock()))
    shared_world.insert("customers", venue, id="c1", given_name="Ann", phone="+14155550100")
    shared_world.faults("stripe", {"kind": "drop_after", "method": "POST", "path": "/v1/customers*"})
    assert hasty.sync(venue, "stripe", "customers").status == "failed"
    shared_world.no_faults("stripe")
    (ann,) = shared_world.objects("stripe", venue, "customers")
    at_stripe(shared_world, venue, "POST", f"customers/{ann['id']}", phone="+14155550199")
    shared_world.sql("UPDATE sync.intents SET created_at = created_at - interval '2 days'")

    report = shared_world.sync(venue, "stripe", "customers")

    assert (report.status, report.counts.recovered) == ("succeeded", 1)
    assert shared_world.rows("SELECT phone FROM venue.customers WHERE venue_id = :v", v=venue) == [("+14155550199",)]
    assert [one["phone"] for one in shared_world.objects("stripe", venue, "customers")] == ["+14155550199"]


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


def paid_at_stripe(world: World, venue: str, customer: str) -> str:
    """A charge of theirs."""
    card = {"payment_method": "pm_card_visa", "confirm": "true", "automatic_payment_methods[enabled]": "true"}
    never = {"automatic_payment_methods[allow_redirects]": "never"}
    fields = {"amount": "1000", "currency": "usd", "customer": customer, **card, **never}
    return at_stripe(world, venue, "POST", "payment_intents", **fields)["latest_charge"]


def payers(world: World, venue: str) -> list[Any]:
    return world.rows("SELECT id, customer_id FROM venue.payments WHERE venue_id = :v", v=venue)


def test_who_is_referred_to_and_not_known_yet_is_brought_first(shared_world: World) -> None:
    """Events come in any order: of a payment's payer we may hear later, or never."""
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    charge = paid_at_stripe(shared_world, venue, ann["id"])
    stripe = shared_world.connection(venue, "stripe")

    report = shared_world.engine.refresh(stripe, "charges", [charge], run_id="test")

    assert (report.status, report.api_calls) == ("succeeded", 2)
    assert payers(shared_world, venue) == [(charge, ann["id"])]
    assert names(shared_world, venue) == [("Ann", False)]


def test_who_is_gone_by_then_is_nobody(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    charge = paid_at_stripe(shared_world, venue, ann["id"])
    at_stripe(shared_world, venue, "DELETE", f"customers/{ann['id']}")

    report = shared_world.engine.refresh(shared_world.connection(venue, "stripe"), "charges", [charge], run_id="test")

    assert (report.status, payers(shared_world, venue)) == ("succeeded", [(charge, None)])


def test_while_a_sync_has_those_who_are_referred_to_nothing_is_taken_in(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")
    charge = paid_at_stripe(shared_world, venue, ann["id"])
    stripe = shared_world.connection(venue, "stripe")
    with shared_world.database.connect() as conn, locks.holding(conn, stripe.id, "customers"):
        assert shared_world.engine.refresh(stripe, "charges", [charge], run_id="test").status == "busy"
    assert payers(shared_world, venue) == []

    shared_world.faults("stripe", {"kind": "refuse", "body": {"error": {"message": "no"}}, "path": "/v1/customers/*"})
    report = shared_world.engine.refresh(stripe, "charges", [charge], run_id="test")
    shared_world.no_faults("stripe")
    assert report.status == "failed"
    assert "customers" in (report.error or "")
    assert payers(shared_world, venue) == []


def test_stock_that_is_told_of_before_its_product_is_counted(shared_world: World) -> None:
    """Square tells of the catalogue as a whole, so what changed of it is read."""
    venue = shared_world.venue(f"v{next(_numbers)}", providers=("square",))
    headers = {"Authorization": f"Bearer {key(venue, 'square')}"}

    def at_square(method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(
            method, f"{shared_world.bases['square']}/v2/{path}", json=body, headers=headers, timeout=10
        )
        assert answer.ok, answer.text
        return answer.json()

    price = {"name": "Regular", "pricing_type": "FIXED_PRICING", "price_money": {"amount": 900, "currency": "USD"}}
    variation = {"type": "ITEM_VARIATION", "id": "#one", "item_variation_data": {**price, "track_inventory": True}}
    item = {"type": "ITEM", "id": "#mug", "item_data": {"name": "Mug", "variations": [variation]}}
    made = at_square("POST", "catalog/object", {"idempotency_key": venue, "object": item})["catalog_object"]
    counted = made["item_data"]["variations"][0]["id"]
    place = at_square("GET", "locations")["locations"][0]["id"]
    count = {
        "catalog_object_id": counted,
        "location_id": place,
        "state": "IN_STOCK",
        "quantity": "7",
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    change = {"type": "PHYSICAL_COUNT", "physical_count": count}
    at_square("POST", "inventory/changes/batch-create", {"idempotency_key": f"{venue}-7", "changes": [change]})

    square = shared_world.connection(venue, "square")
    report = shared_world.engine.refresh(square, "inventory", [counted], run_id="test")

    assert (report.status, report.failures) == ("succeeded", ())
    assert shared_world.rows("SELECT quantity FROM venue.stock WHERE venue_id = :v", v=venue) == [(7,)]


def test_a_provider_whose_clock_goes_back_is_believed_all_the_same(shared_world: World) -> None:
    """What was just read is newer than what was read before, whatever time the event tells."""
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann")["id"]
    now = datetime.now(UTC)
    refresh(shared_world, venue, ann, told_at={ann: now})
    at_stripe(shared_world, venue, "POST", f"customers/{ann}", name="Bea")

    refresh(shared_world, venue, ann, told_at={ann: now - timedelta(hours=1)})

    assert names(shared_world, venue) == [("Bea", False)]


def test_a_name_that_was_changed_there_is_not_answered_with_its_parts(shared_world: World) -> None:
    venue = shared_world.venue(f"v{next(_numbers)}")
    ann = at_stripe(shared_world, venue, "POST", "customers", name="Ann Lee")["id"]
    refresh(shared_world, venue, ann)
    at_stripe(shared_world, venue, "POST", f"customers/{ann}", name="Bea Lee")
    refresh(shared_world, venue, ann)
    shared_world.forget_calls()

    report = shared_world.sync(venue, "stripe", "customers")

    assert (report.error, report.counts.written, shared_world.calls("stripe")["writes"]) == (None, 0, 0)
    shared_world.sql("UPDATE venue.customers SET family_name = 'Roy', updated_at = now() WHERE venue_id = :v", v=venue)
    assert shared_world.sync(venue, "stripe", "customers").counts.updated == 1
    assert shared_world.objects("stripe", venue, "customers")[0]["name"] == "Bea Roy"
    assert shared_world.sync(venue, "stripe", "customers").counts.written == 0


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
