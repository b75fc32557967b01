"""Who is due: whoever has something to do, and nobody else."""

import itertools
from typing import Any

import pytest
import requests
from sqlalchemy import event

from sync_core.spec.connection import ConnectionSettings
from sync_core.store import connections, locks, pending
from sync_core.sync.due import Stretch, due_at
from tests.world import World, key

_numbers = itertools.count(1)


@pytest.fixture
def quiet(shared_world: World) -> str:
    """A venue at Stripe that has just been synced; its webhooks come."""
    venue = shared_world.venue(f"d{next(_numbers)}")
    shared_world.sql(
        "UPDATE sync.connections SET connected_at = now() - interval '9 days' WHERE venue_id = :v", v=venue
    )
    for entity in shared_world.engine.specs["stripe"].in_order():
        report = shared_world.sync(venue, "stripe", entity)
        assert report.status == "succeeded", report.error
    tell(shared_world, venue)
    return venue


def tell(world: World, venue: str, *, days_ago: float = 0) -> None:
    """Let an event of the venue's have come."""
    world.sql(
        "INSERT INTO sync.webhook_events (provider, event_id, type, account_id, payload, received_at) "
        "VALUES ('stripe', :v, 'customer.updated', :a, '{}', now() - make_interval(secs => :ago))",
        v=f"evt_{venue}_{next(_numbers)}",
        a=f"acct_{venue}",
        ago=days_ago * 86_400,
    )


def due(world: World, venue: str) -> list[str]:
    """The entities that are due for a venue, in the order in which they are synced."""
    with world.database.connect() as conn:
        spec = world.engine.specs["stripe"]
        found = due_at(conn, spec, webhooks_come=False, stretch=Stretch(venue, venue))
    assert all(venues == [venue] for venues in found.values())
    return list(found)


def ago(world: World, venue: str, **seconds: float) -> None:
    """Let the last good sync of these entities have begun so long ago."""
    for entity, past in seconds.items():
        world.sql(
            "UPDATE sync.turns SET good_at = now() - make_interval(secs => :past) WHERE entity = :e "
            "AND connection_id = :c",
            past=past,
            e=entity,
            c=world.connection(venue, "stripe").id,
        )


def choose(world: World, venue: str, **chosen: Any) -> None:
    with world.database.begin() as conn:
        settings = ConnectionSettings.model_validate(chosen)
        connections.change_settings(conn, world.connection(venue, "stripe").id, settings)


def test_a_venue_that_was_never_synced_is_due_with_all_it_has(shared_world: World) -> None:
    venue = shared_world.venue(f"d{next(_numbers)}")

    assert due(shared_world, venue) == list(shared_world.engine.specs["stripe"].in_order())


def test_a_venue_where_nothing_happened_is_not_due(shared_world: World, quiet: str) -> None:
    assert due(shared_world, quiet) == []


def test_a_changed_row_makes_its_entity_due_until_it_is_pushed(shared_world: World, quiet: str) -> None:
    shared_world.insert("customers", quiet, id="c", given_name="Ann", email="ann@x.example")
    assert due(shared_world, quiet) == ["customers"]

    shared_world.sync(quiet, "stripe", "customers")
    assert due(shared_world, quiet) == []
    shared_world.sql("UPDATE venue.customers SET deleted_at = now() WHERE venue_id = :v", v=quiet)
    assert due(shared_world, quiet) == ["customers"]


def test_a_row_that_concerns_another_provider_makes_nothing_due(shared_world: World, quiet: str) -> None:
    refund = {"amount_minor": 1, "currency": "USD", "order_id": "o"}
    shared_world.insert("refunds", quiet, id="theirs", provider="square", **refund)
    assert due(shared_world, quiet) == []

    shared_world.insert("refunds", quiet, id="ours", provider="stripe", **refund)
    assert "refunds" in due(shared_world, quiet)


def test_a_row_that_only_a_webhook_changed_is_not_due(shared_world: World, quiet: str) -> None:
    shared_world.insert("customers", quiet, id="c", given_name="Ann", email="ann@x.example")
    shared_world.sync(quiet, "stripe", "customers")
    [there] = shared_world.objects("stripe", quiet, "customers")
    requests.post(
        f"{shared_world.bases['stripe']}/v1/customers/{there['id']}",
        data={"name": "Anna"},
        headers={"Authorization": f"Bearer {key(quiet, 'stripe')}"},
        timeout=9,
    ).raise_for_status()

    connection = shared_world.connection(quiet, "stripe")
    report = shared_world.engine.refresh(connection, "customers", [there["id"]], run_id="r")

    assert (report.status, report.counts.pulled_updated) == ("succeeded", 1)
    assert due(shared_world, quiet) == []


def test_rows_that_wait_are_due_when_their_time_has_come(shared_world: World, quiet: str) -> None:
    connection = shared_world.connection(quiet, "stripe")
    for _ in range(2):
        with shared_world.database.begin() as conn:
            pending.retry_later(conn, connection.id, "products", reasons={"p": "It was refused."})
    assert due(shared_world, quiet) == []

    shared_world.sql("UPDATE sync.pending SET due_at = now() WHERE connection_id = :c", c=connection.id)
    assert due(shared_world, quiet) == ["products"]


def test_a_sync_that_failed_or_was_killed_is_due_at_once(shared_world: World, quiet: str) -> None:
    shared_world.faults("stripe", {"kind": "error_before", "status": 400, "account": f"acct_{quiet}"})
    report = shared_world.sync(quiet, "stripe", "disputes")
    shared_world.no_faults("stripe")

    assert report.status == "failed"
    assert "disputes" in due(shared_world, quiet)
    shared_world.sync(quiet, "stripe", "disputes")
    assert due(shared_world, quiet) == []


def test_who_chooses_anew_or_connects_again_is_due(shared_world: World, quiet: str) -> None:
    choose(shared_world, quiet, filters={"customers": {"country": ["NO"]}})
    assert due(shared_world, quiet) == ["customers"]
    shared_world.sync(quiet, "stripe", "customers")
    assert due(shared_world, quiet) == []

    shared_world.sql("UPDATE sync.connections SET connected_at = now() WHERE venue_id = :v", v=quiet)
    assert due(shared_world, quiet) == list(shared_world.engine.specs["stripe"].in_order())


def test_a_direction_that_is_switched_off_makes_nothing_due(shared_world: World, quiet: str) -> None:
    choose(shared_world, quiet, direction={"customers": "pull"})
    shared_world.sync(quiet, "stripe", "customers")
    shared_world.insert("customers", quiet, id="c", given_name="Ann", email="ann@x.example")
    assert due(shared_world, quiet) == []

    choose(shared_world, quiet, direction={"customers": "push"})
    shared_world.sync(quiet, "stripe", "customers")
    ago(shared_world, quiet, customers=2 * 3600)
    assert due(shared_world, quiet) == []


def test_the_provider_is_asked_again_after_the_declared_pause_and_about_what_that_needs(
    shared_world: World, quiet: str
) -> None:
    ago(shared_world, quiet, charges=44 * 60)
    assert due(shared_world, quiet) == []
    ago(shared_world, quiet, charges=60 * 60)
    assert due(shared_world, quiet) == ["customers", "charges"]


def test_as_long_as_no_webhooks_come_the_provider_is_asked_at_every_turn(shared_world: World, quiet: str) -> None:
    shared_world.sql("DELETE FROM sync.webhook_events WHERE account_id = :a", a=f"acct_{quiet}")
    tell(shared_world, quiet, days_ago=8)
    pulled = [name for name, entity in shared_world.engine.specs["stripe"].entities.items() if entity.pulls]
    ago(shared_world, quiet, **dict.fromkeys(pulled, 31))

    assert sorted(due(shared_world, quiet)) == sorted(pulled)


def test_the_webhooks_of_an_application_count_for_everybody_who_connected_by_oauth(
    shared_world: World, quiet: str
) -> None:
    shared_world.sql("DELETE FROM sync.webhook_events WHERE account_id = :a", a=f"acct_{quiet}")
    ago(shared_world, quiet, disputes=31)
    spec = shared_world.engine.specs["stripe"]

    def asked(*, webhooks_come: bool) -> bool:
        with shared_world.database.connect() as conn:
            return "disputes" in due_at(conn, spec, webhooks_come=webhooks_come, stretch=Stretch(quiet, quiet))

    assert asked(webhooks_come=True)
    shared_world.sql(
        "INSERT INTO sync.oauth_tokens (connection_id, version, obtained_at, refreshable) VALUES (:c, 1, now(), false)",
        c=shared_world.connection(quiet, "stripe").id,
    )
    assert not asked(webhooks_come=True)
    assert asked(webhooks_come=False)


def test_an_interval_lets_a_venue_sit_out_until_its_last_good_sync_is_old_enough(
    shared_world: World, quiet: str
) -> None:
    choose(shared_world, quiet, interval_seconds=7200)
    shared_world.insert("customers", quiet, id="c", given_name="Ann", email="ann@x.example")
    assert due(shared_world, quiet) == []

    ago(shared_world, quiet, customers=7199 - 30, disputes=7200 - 30)
    assert due(shared_world, quiet) == ["customers", "charges", "disputes"]
    ago(shared_world, quiet, customers=60, disputes=60)
    shared_world.sql("UPDATE sync.turns SET unfinished = true")
    assert due(shared_world, quiet) == []


def test_what_is_only_pushed_is_looked_at_twice_within_its_promised_freshness(shared_world: World, quiet: str) -> None:
    ago(shared_world, quiet, products=8 * 3600)
    assert due(shared_world, quiet) == []
    ago(shared_world, quiet, products=12 * 3600)
    assert due(shared_world, quiet) == ["products"]


def test_a_connection_that_is_worked_on_off_in_error_or_of_an_inactive_venue_is_not_due(
    shared_world: World, quiet: str
) -> None:
    shared_world.insert("customers", quiet, id="c", given_name="Ann", email="ann@x.example")
    connection = shared_world.connection(quiet, "stripe")
    with shared_world.database.connect() as conn, locks.holding(conn, connection.id, "refunds"):
        assert due(shared_world, quiet) == []
    assert "customers" in due(shared_world, quiet)

    choose(shared_world, quiet, enabled=False)
    assert due(shared_world, quiet) == []
    choose(shared_world, quiet)
    shared_world.sql("UPDATE venue.venues SET active = false WHERE id = :v", v=quiet)
    assert due(shared_world, quiet) == []
    shared_world.sql("UPDATE venue.venues SET active = true WHERE id = :v", v=quiet)
    with shared_world.database.begin() as conn:
        connections.mark_failed(conn, connection.id, reason="The key was revoked.")
    assert due(shared_world, quiet) == []


def test_a_watermark_from_before_a_restore_hides_nothing(shared_world: World, quiet: str) -> None:
    shared_world.sql(
        'UPDATE sync.cursors SET position = \'{"xid": 900000000, "horizon": 900000000}\' '
        "WHERE direction = 'push' AND entity = 'products' AND connection_id = :c",
        c=shared_world.connection(quiet, "stripe").id,
    )
    assert due(shared_world, quiet) == ["products"]


def test_it_takes_two_statements_however_many_venues_there_are(shared_world: World, quiet: str) -> None:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(shared_world.database, "before_cursor_execute", note)
    try:
        with shared_world.database.connect() as conn:
            due_at(conn, shared_world.engine.specs["stripe"], webhooks_come=False)
    finally:
        event.remove(shared_world.database, "before_cursor_execute", note)
    assert len(statements) == 2
