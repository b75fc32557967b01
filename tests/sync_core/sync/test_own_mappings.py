"""A venue's own mapping: it counts for that venue alone, from its next sync on, and nothing is rewritten for nothing."""

from typing import Any

import pytest
import requests

from sync_core.errors import ConfigurationError, DeclarationError
from sync_core.mapping.custom import written
from sync_core.mapping.preview import preview
from sync_core.store import venue_mappings
from sync_core.sync import remapping
from sync_core.sync.report import Mode
from tests.world import World, key

WHO = "user:ana"
STRIPE = ("stripe", "customers")


def declared(world: World, **changes: dict[str, Any] | None) -> dict[str, Any]:
    """The declared template of Stripe's customers with some fields changed, or (None) left out."""
    values = written(world.engine.mappings[STRIPE].template)
    for name, change in changes.items():
        if change is None:
            del values["fields"][name]
        else:
            values["fields"][name] = values["fields"].get(name, {}) | change
    return values


def adopt(world: World, venue: str, values: dict[str, Any]) -> int | None:
    connection = world.connection(venue, "stripe")
    mapping = remapping.draft(world.engine, connection, "customers", values)
    with world.database.begin() as conn:
        version = remapping.adopt(world.engine, conn, connection, "customers", mapping, made_by=WHO)
    return version.version if version else None


def reset(world: World, venue: str) -> int | None:
    with world.database.begin() as conn:
        version = remapping.reset(conn, world.connection(venue, "stripe"), "customers", made_by=WHO)
    return version.version if version else None


def guests(world: World, venue: str, count: int = 3) -> None:
    for n in range(count):
        values = {"given_name": f"Ada {n}", "email": f"a{n}@x.example", "phone": f"+44 20 7946 000{n}"}
        world.insert("customers", venue, id=f"c{n}", company=f"Firm {n}", **values)


def there(world: World, venue: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["venue_sync_id"]: one for one in world.objects("stripe", venue, "customers")}


def at_stripe(world: World, venue: str, customer: str, change: dict[str, str]) -> None:
    url = f"{world.bases['stripe']}/v1/customers/{customer}"
    bearer = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    requests.post(url, data=change, headers=bearer, timeout=10).raise_for_status()


def writes(world: World) -> int:
    return world.calls("stripe")["writes"]


def test_a_field_goes_another_way_for_one_venue_and_stays_for_the_others(shared_world: World) -> None:
    world = shared_world
    one, other = world.venue("remap-one"), world.venue("remap-other")
    for venue in (one, other):
        guests(world, venue)
        world.sync(venue, *STRIPE)

    assert adopt(world, one, declared(world, company={"remote": "metadata.firm"}, phone={"direction": "pull"})) == 1
    world.forget_calls()
    reports = [world.sync(venue, *STRIPE) for venue in (one, other)]

    assert [(r.status, r.counts.updated) for r in reports] == [("succeeded", 3), ("succeeded", 0)]
    assert there(world, one)["c1"]["metadata"]["firm"] == "Firm 1"
    assert "firm" not in there(world, other)["c1"]["metadata"]
    world.sql("UPDATE venue.customers SET phone = '+1 555 0100' WHERE id = 'c1'")
    for venue in (one, other):
        assert world.sync(venue, *STRIPE).status == "succeeded"
    assert there(world, one)["c1"]["phone"] == "+44 20 7946 0001"  # no longer sent, and not taken away either
    assert there(world, other)["c1"]["phone"] == "+1 555 0100"


def test_what_comes_to_the_same_under_the_new_mapping_is_looked_at_and_not_written(shared_world: World) -> None:
    world = shared_world
    venue = world.venue("remap-same")
    guests(world, venue)
    world.sync(venue, *STRIPE)
    world.sql("UPDATE venue.customers SET company = NULL WHERE venue_id = :v AND id <> 'c2'", v=venue)
    world.sync(venue, *STRIPE)

    adopt(world, venue, declared(world, company={"remote": "metadata.firm"}))
    world.forget_calls()
    report = world.sync(venue, *STRIPE)

    assert (report.counts.read, report.counts.updated, report.counts.pulled_updated) == (3, 1, 0)
    assert writes(world) == 1
    world.forget_calls()
    assert world.sync(venue, *STRIPE).counts.read == 0
    assert writes(world) == 0


def test_rows_that_a_pull_brought_are_looked_at_too(shared_world: World) -> None:
    world = shared_world
    venue = world.venue("remap-pulled")
    guests(world, venue)
    world.sync(venue, *STRIPE)
    world.sql("DELETE FROM sync.ledger; DELETE FROM sync.cursors")
    world.sql("DELETE FROM venue.customers WHERE venue_id = :v", v=venue)
    assert world.sync(venue, *STRIPE).counts.pulled_created == 3

    adopt(world, venue, declared(world, company={"remote": "metadata.firm"}))

    assert world.sync(venue, *STRIPE).counts.updated == 3
    assert {one["metadata"]["firm"] for one in there(world, venue).values()} == {"Firm 0", "Firm 1", "Firm 2"}


def test_a_field_that_is_pulled_for_the_first_time_comes_home_for_every_record(shared_world: World) -> None:
    world = shared_world
    venue = world.venue("remap-home")
    guests(world, venue)
    world.sync(venue, *STRIPE)
    for customer in there(world, venue).values():
        at_stripe(world, venue, customer["id"], {"metadata[vip]": "yes"})
    world.sync(venue, *STRIPE)

    adopt(world, venue, declared(world, note={"remote": "metadata.vip", "direction": "pull"}))
    report = world.sync(venue, *STRIPE)

    assert (report.status, report.counts.pulled_updated, report.counts.updated) == ("succeeded", 3, 0)
    assert world.rows("SELECT DISTINCT note FROM venue.customers WHERE venue_id = :v", v=venue) == [("yes",)]


def test_reset_goes_back_and_an_old_version_can_be_restored(shared_world: World) -> None:
    world = shared_world
    venue = world.venue("remap-back")
    guests(world, venue, 1)
    world.sync(venue, *STRIPE)
    connection = world.connection(venue, "stripe")
    assert adopt(world, venue, declared(world, company={"remote": "metadata.firm"})) == 1
    assert adopt(world, venue, declared(world, company={"remote": "metadata.firm"})) is None
    world.sync(venue, *STRIPE)
    world.sql("UPDATE venue.customers SET company = 'Second' WHERE venue_id = :v", v=venue)

    assert (reset(world, venue), reset(world, venue)) == (2, None)
    world.sync(venue, *STRIPE)
    assert (
        there(world, venue)["c0"]["metadata"] | {"company": "Second", "firm": "Firm 0"}
        == there(world, venue)["c0"]["metadata"]
    )

    with world.database.begin() as conn:
        old = remapping.former(world.engine, conn, connection, "customers", 1)
        again = remapping.adopt(world.engine, conn, connection, "customers", old, made_by=WHO)
        kept = venue_mappings.history(conn, connection.id, "customers")
        with pytest.raises(ConfigurationError, match="no version 9"):
            remapping.former(world.engine, conn, connection, "customers", 9)
    assert again is not None
    assert [(v.version, v.template is None, v.made_by, v.active) for v in kept] == [
        (3, False, WHO, True),
        (2, True, WHO, False),
        (1, False, WHO, False),
    ]
    world.sync(venue, *STRIPE)
    assert there(world, venue)["c0"]["metadata"]["firm"] == "Second"


def test_a_push_cut_short_under_a_new_mapping_goes_on_with_every_row(shared_world: World) -> None:
    world = shared_world
    venue = world.venue("remap-cut")
    guests(world, venue)
    world.sync(venue, *STRIPE)
    connection = world.connection(venue, "stripe")
    adopt(world, venue, declared(world, company={"remote": "metadata.firm"}))
    version = world.connection(venue, "stripe").mappings["customers"]
    ((xid,),) = world.rows("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    world.sql(
        "UPDATE sync.cursors SET terms = :m, position = jsonb_build_object("
        "'xid', NULL, 'horizon', CAST(:x AS bigint), 'after', 'c0', 'whole', true) "
        "WHERE connection_id = :c AND direction = 'push'",
        m=f"mapping {version}",
        x=xid,
        c=connection.id,
    )
    world.sql(
        "UPDATE sync.ledger l SET in_step_xid = r.changed_xid FROM venue.customers r "
        "WHERE l.connection_id = :c AND r.venue_id = :v AND r.id = l.local_id",
        c=connection.id,
        v=venue,
    )

    assert world.sync(venue, *STRIPE).counts.updated == 2
    assert "firm" not in there(world, venue)["c0"]["metadata"]


def test_a_rehearsal_tells_both_directions_and_changes_nothing(shared_world: World) -> None:
    world = shared_world
    venue = world.venue("remap-rehearsal")
    guests(world, venue)
    world.sync(venue, *STRIPE)
    at_stripe(world, venue, there(world, venue)["c0"]["id"], {"metadata[vip]": "yes"})
    connection = world.connection(venue, "stripe")
    vip = {"remote": "metadata.vip", "direction": "pull"}
    own = declared(world, company={"remote": "metadata.firm"}, note=vip)
    mapping = remapping.draft(world.engine, connection, "customers", own)
    world.forget_calls()

    plan = world.engine.rehearse(connection, "customers", mapping, limit=2)

    assert [(c.direction, c.operation, c.record_id, dict(c.fields)) for c in plan.changes] == [
        ("pull", "update", "c0", {"note": (None, "yes")}),
        ("push", "update", "c0", {"metadata.firm": (None, "Firm 0")}),
        ("push", "update", "c1", {"metadata.firm": (None, "Firm 1")}),
    ]
    assert writes(world) == 0
    assert world.connection(venue, "stripe").mappings == {}
    shown = preview(mapping, [{"id": "x", "company": "Firm", "email": "x@x.example"}]).mapped[0]
    assert shown["metadata"] == {"venue_sync_id": "x", "firm": "Firm"}


def test_a_mapping_that_no_longer_fits_stops_that_venue_s_entity_with_a_sentence(shared_world: World) -> None:
    world = shared_world
    one, other = world.venue("remap-misfit"), world.venue("remap-fit")
    connection = world.connection(one, "stripe")
    broken = declared(world, company={"remote": "metadata.firm"}) | {"model": "products"}
    with world.database.begin() as conn:
        venue_mappings.add(conn, connection.id, "customers", template=broken, made_by=WHO)

    report = world.sync(one, *STRIPE)

    assert (report.status, world.sync(other, *STRIPE).status) == ("failed", "succeeded")
    assert report.error == "remap-misfit/stripe/customers, version 1: model: must stay customers"
    assert world.sync(one, "stripe", "products").status == "succeeded"
    reset(world, one)
    assert world.sync(one, *STRIPE, Mode("full")).status == "succeeded"


def test_a_wrong_template_is_refused_before_anything_is_stored(shared_world: World) -> None:
    world = shared_world
    venue = world.venue("remap-wrong")
    with pytest.raises(DeclarationError, match=r"^remap-wrong/stripe/customers: fields\.id: must stay"):
        adopt(world, venue, declared(world, id=None))
    assert world.connection(venue, "stripe").mappings == {}
