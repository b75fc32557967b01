"""The whole way with Stripe: push, quiet re-sync, single changes, pull, conflicts, deletions."""

from typing import Any

import requests

from sync_core.sync.report import Counts, Mode
from tests.world import World, key


def _customers(world: World, venue: str, count: int) -> None:
    for n in range(count):
        world.insert(
            "customers",
            venue,
            id=f"c{n}",
            given_name=f"Siobhán {n}",
            family_name="O'Brien",
            email=f"c{n}@example.com",
            country="IE",
        )


def _at_stripe(world: World, venue: str, method: str, path: str, **form: Any) -> Any:
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    answer = requests.request(method, world.bases["stripe"] + path, data=form, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def test_first_sync_creates_every_customer_once_and_the_second_writes_nothing(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 25)

    first = small_world.sync(venue, "stripe", "customers")
    assert (first.status, first.error, first.counts.created) == ("succeeded", None, 25)
    there = small_world.objects("stripe", venue, "customers")
    assert sorted(c["metadata"]["venue_sync_id"] for c in there) == sorted(f"c{n}" for n in range(25))
    assert {c["name"] for c in there} == {f"Siobhán {n} O'Brien" for n in range(25)}

    echo = small_world.sync(venue, "stripe", "customers")
    small_world.forget_calls()
    quiet = small_world.sync(venue, "stripe", "customers")

    assert (echo.counts.written, echo.counts.pulled_updated, echo.counts.pulled_created) == (0, 0, 0)
    assert quiet.counts == Counts(pulled_read=quiet.counts.pulled_read, pulled_unchanged=quiet.counts.pulled_read)
    assert small_world.calls("stripe")["by_endpoint"] == {"GET /v1/events": 1}


def test_one_changed_field_is_exactly_one_write_of_that_field(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 3)
    small_world.sync(venue, "stripe", "customers")
    small_world.sql("UPDATE venue.customers SET phone = '+353 1 234' WHERE id = 'c1'")
    small_world.forget_calls()

    report = small_world.sync(venue, "stripe", "customers")

    assert (report.counts.updated, report.counts.created) == (1, 0)
    assert small_world.calls("stripe")["writes"] == 1
    assert [c["phone"] for c in small_world.objects("stripe", venue, "customers") if c["phone"]] == ["+353 1 234"]


def test_a_full_sync_of_unchanged_records_makes_no_write(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 5)
    small_world.sync(venue, "stripe", "customers")
    small_world.forget_calls()

    report = small_world.sync(venue, "stripe", "customers", Mode("full"))

    assert (report.status, report.counts.unchanged, report.counts.written) == ("succeeded", 5, 0)
    assert small_world.calls("stripe")["writes"] == 0


def test_a_customer_made_at_the_provider_comes_to_the_venue_and_is_not_pushed_back(small_world: World) -> None:
    venue = small_world.venue()
    made = _at_stripe(small_world, venue, "POST", "/v1/customers", name="Ada Lovelace", email="ada@example.com")

    report = small_world.sync(venue, "stripe", "customers")
    again = small_world.sync(venue, "stripe", "customers")

    assert (report.counts.pulled_created, report.counts.written, again.counts.written) == (1, 0, 0)
    assert small_world.rows("SELECT id, given_name, family_name, email FROM venue.customers") == [
        (made["id"], "Ada", "Lovelace", "ada@example.com")
    ]


def test_both_sides_change_different_fields_and_both_changes_survive(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 1)
    small_world.sync(venue, "stripe", "customers")
    (there,) = small_world.objects("stripe", venue, "customers")
    _at_stripe(small_world, venue, "POST", f"/v1/customers/{there['id']}", phone="+1 555 0100")
    small_world.sql("UPDATE venue.customers SET city = 'Cork'")

    report = small_world.sync(venue, "stripe", "customers")

    assert report.counts.conflicts == 0
    assert small_world.rows("SELECT phone, city FROM venue.customers") == [("+1 555 0100", "Cork")]
    (after,) = small_world.objects("stripe", venue, "customers")
    assert (after["phone"], after["address"]["city"], after["address"]["country"]) == ("+1 555 0100", "Cork", "IE")
    assert small_world.sync(venue, "stripe", "customers").counts.written == 0


def test_a_field_that_both_changed_goes_to_the_newer_side_and_the_conflict_is_kept(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 1)
    small_world.sync(venue, "stripe", "customers")
    (there,) = small_world.objects("stripe", venue, "customers")
    _at_stripe(small_world, venue, "POST", f"/v1/customers/{there['id']}", phone="+1 555 0100")
    small_world.sql("UPDATE venue.customers SET phone = '+1 555 0199', updated_at = now() + interval '1 minute'")

    report = small_world.sync(venue, "stripe", "customers")

    (after,) = small_world.objects("stripe", venue, "customers")
    assert (report.counts.conflicts, after["phone"]) == (1, "+1 555 0199")
    assert small_world.rows("SELECT field, venue_value, provider_value, policy, winner FROM sync.conflicts") == [
        ("phone", "+1 555 0199", "+1 555 0100", "newest_wins", "venue")
    ]


def test_a_change_at_the_provider_between_pull_and_push_is_not_lost(small_world: World) -> None:
    """Our write answers with the whole object; a field somebody else changed meanwhile must still come home."""
    venue = small_world.venue()
    _customers(small_world, venue, 1)
    small_world.sync(venue, "stripe", "customers")
    (there,) = small_world.objects("stripe", venue, "customers")
    small_world.sql("UPDATE venue.customers SET city = 'Cork'")
    connection = small_world.connection(venue, "stripe")

    def edit_after_pull(progress: Any) -> None:
        if progress.direction == "pull":
            _at_stripe(small_world, venue, "POST", f"/v1/customers/{there['id']}", phone="+1 555 0100")

    small_world.engine.sync(connection, "customers", mode=Mode(), run_id="test", on_progress=edit_after_pull)
    small_world.sync(venue, "stripe", "customers")

    assert small_world.rows("SELECT phone, city FROM venue.customers") == [("+1 555 0100", "Cork")]


def test_deletions_travel_both_ways(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 2)
    small_world.sync(venue, "stripe", "customers")
    small_world.sql("UPDATE venue.customers SET deleted_at = now() WHERE id = 'c0'")
    other = next(c for c in small_world.objects("stripe", venue, "customers") if c["metadata"]["venue_sync_id"] == "c1")
    _at_stripe(small_world, venue, "DELETE", f"/v1/customers/{other['id']}")

    report = small_world.sync(venue, "stripe", "customers")

    assert (report.status, report.counts.deleted, report.counts.pulled_deleted) == ("succeeded", 1, 1)
    assert all(c.get("deleted") for c in small_world.objects("stripe", venue, "customers"))
    assert small_world.rows("SELECT count(*) FROM venue.customers WHERE deleted_at IS NULL") == [(0,)]
    assert small_world.sync(venue, "stripe", "customers").counts.written == 0


def test_a_price_change_makes_a_new_price_and_retires_the_old_one(small_world: World) -> None:
    venue = small_world.venue()
    small_world.insert("products", venue, id="p1", name="Stalls", price_minor=4500, currency="USD", kind="ticket")
    small_world.sync(venue, "stripe", "products")
    small_world.sql("UPDATE venue.products SET price_minor = 5000")

    report = small_world.sync(venue, "stripe", "products")

    assert (report.status, report.counts.updated) == ("succeeded", 1)
    prices = {p["unit_amount"]: p["active"] for p in small_world.objects("stripe", venue, "prices")}
    assert prices == {4500: False, 5000: True}


def test_a_refused_record_is_a_dead_letter_and_its_neighbours_go_through(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 3)
    small_world.faults(
        "stripe", {"kind": "refuse", "method": "POST", "path": "/v1/customers", "body_contains": "c1%40", "times": None}
    )

    report = small_world.sync(venue, "stripe", "customers")

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 2, 1)
    assert small_world.rows("SELECT record_id, status FROM sync.dead_letters") == [("c1", "open")]
    small_world.no_faults("stripe")
    again = small_world.sync(venue, "stripe", "customers")
    assert again.counts.created == 1
    assert small_world.rows("SELECT record_id, status FROM sync.dead_letters") == [("c1", "resolved")]
    assert small_world.rows("SELECT count(*) FROM sync.pending") == [(0,)]


def test_a_malformed_row_never_reaches_the_provider(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 2)
    small_world.sql("UPDATE venue.customers SET email = 'not an address' WHERE id = 'c0'")

    report = small_world.sync(venue, "stripe", "customers")

    assert (report.counts.created, report.counts.failed, report.frame_bad) == (1, 1, 1)
    assert len(small_world.objects("stripe", venue, "customers")) == 1
    (failure,) = report.failures
    assert failure.record_id == "c0"
    assert "not an address" not in failure.reason


def test_a_revoked_key_fails_the_venue_in_one_sentence_without_the_key(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 1)
    small_world.sim("stripe", "DELETE", "accounts", credential=key(venue, "stripe"))

    report = small_world.sync(venue, "stripe", "customers")

    assert report.status == "failed"
    assert report.error is not None
    assert key(venue, "stripe") not in report.error
    assert small_world.connection(venue, "stripe").status == "error"


def test_a_plan_names_the_changes_and_writes_nothing(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 2)
    small_world.sync(venue, "stripe", "customers")
    small_world.sql("UPDATE venue.customers SET city = 'Cork' WHERE id = 'c1'")
    small_world.insert("customers", venue, id="c9", given_name="New", email="new@example.com")
    small_world.forget_calls()

    plan = small_world.engine.plan(small_world.connection(venue, "stripe"), "customers", mode=Mode())

    assert (plan.counts.created, plan.counts.updated) == (1, 1)
    (update,) = [change for change in plan.changes if change.operation == "update"]
    assert (update.record_id, update.fields) == ("c1", {"address.city": (None, "Cork")})
    assert small_world.calls("stripe")["writes"] == 0
    assert small_world.sync(venue, "stripe", "customers").counts.written == 2


def test_two_syncs_of_one_entity_never_run_at_once(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 1)
    connection = small_world.connection(venue, "stripe")
    inner: list[str] = []

    def sync_again(_progress: Any) -> None:
        inner.append(small_world.sync(venue, "stripe", "customers").status)

    outer = small_world.engine.sync(connection, "customers", mode=Mode(), run_id="t", on_progress=sync_again)

    assert outer.status == "succeeded"
    assert set(inner) == {"busy"}


def test_a_venue_never_touches_the_records_of_another(small_world: World) -> None:
    one, other = small_world.venue("one"), small_world.venue("other")
    _customers(small_world, one, 2)
    _customers(small_world, other, 3)

    small_world.sync(one, "stripe", "customers")

    assert len(small_world.objects("stripe", one, "customers")) == 2
    assert small_world.objects("stripe", other, "customers") == []
    small_world.sync(other, "stripe", "customers")
    assert len(small_world.objects("stripe", other, "customers")) == 3


def test_a_full_sync_brings_home_what_the_events_did_not_tell(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 1)
    small_world.sync(venue, "stripe", "customers")
    (there,) = small_world.objects("stripe", venue, "customers")
    _at_stripe(small_world, venue, "POST", f"/v1/customers/{there['id']}", phone="+1 555 0100")
    small_world.sync(venue, "stripe", "customers")
    _at_stripe(small_world, venue, "POST", f"/v1/customers/{there['id']}", phone="+1 555 0101")

    report = small_world.sync(venue, "stripe", "customers", Mode("full"))

    assert report.counts.pulled_updated == 1
    assert small_world.rows("SELECT phone FROM venue.customers") == [("+1 555 0101",)]


def test_a_customer_whom_the_provider_knows_already_is_joined_and_not_created_again(small_world: World) -> None:
    venue = small_world.venue()
    _customers(small_world, venue, 3)
    made = _at_stripe(small_world, venue, "POST", "/v1/customers", email="C1@Example.com", phone="+1 555 0100")
    _at_stripe(small_world, venue, "POST", "/v1/customers", email="c1@example.com", description="a double of theirs")
    _at_stripe(small_world, venue, "POST", "/v1/customers", email="somebody@else.example")

    report = small_world.sync(venue, "stripe", "customers")

    assert (report.status, report.counts.created, report.counts.pulled_created) == ("succeeded", 2, 2)
    assert len(small_world.objects("stripe", venue, "customers")) == 5
    joined = small_world.rows("SELECT count(*) FROM sync.ledger WHERE local_id = 'c1'")
    assert joined == [(1,)]
    assert small_world.rows("SELECT phone FROM venue.customers WHERE phone IS NOT NULL") == [("+1 555 0100",)]
    there = {c["id"]: c for c in small_world.objects("stripe", venue, "customers")}
    assert there[made["id"]]["name"] in ("Siobhán 1 O'Brien", None)
    assert small_world.sync(venue, "stripe", "customers").counts.written == 0


def test_a_number_that_everybody_gave_joins_nobody(small_world: World) -> None:
    venue = small_world.venue()
    for n in range(25):
        small_world.insert("customers", venue, id=f"c{n}", given_name=f"Guest {n}", phone="n/a")
    _at_stripe(small_world, venue, "POST", "/v1/customers", name="Somebody Else", phone="n/a")

    report = small_world.sync(venue, "stripe", "customers")

    assert (report.counts.pulled_created, report.counts.created) == (1, 25)
