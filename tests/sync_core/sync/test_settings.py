"""A connection's settings: what runs at all, which way it goes, which records it is about."""

import itertools
from typing import Any

import pytest
import requests

from sync_core.errors import ConfigurationError
from sync_core.spec.connection import ConnectionSettings
from sync_core.store import connections, queue
from sync_core.store.queue import Asked
from sync_core.sync.asked import work_off
from sync_core.sync.batch import sync_venues
from sync_core.sync.report import EntityReport, Mode
from sync_core.sync.terms import require_fitting
from tests.world import World, key

_numbers = itertools.count(1)


@pytest.fixture
def venue(shared_world: World) -> str:
    """A venue at Stripe."""
    return shared_world.venue(f"s{next(_numbers)}")


def choose(world: World, venue: str, **chosen: Any) -> None:
    settings = ConnectionSettings.model_validate(chosen)
    require_fitting(settings, world.engine.specs["stripe"], world.engine.mappings)
    with world.database.begin() as conn:
        connections.change_settings(conn, world.connection(venue, "stripe").id, settings)


def at_stripe(world: World, venue: str, method: str, path: str, **fields: str) -> Any:
    headers = {"Authorization": f"Bearer {key(venue, 'stripe')}"}
    answer = requests.request(
        method, f"{world.bases['stripe']}/v1/{path}", data=fields or None, headers=headers, timeout=9
    )
    assert answer.ok, answer.text
    return answer.json()


def sync(world: World, venue: str, kind: str = "incremental") -> EntityReport:
    mode = Mode("full") if kind == "full" else Mode()
    report = world.sync(venue, "stripe", "customers", mode)
    assert report.status == "succeeded", report.error
    return report


def there(world: World, venue: str) -> list[str]:
    return sorted(customer["name"] for customer in world.objects("stripe", venue, "customers"))


def here(world: World, venue: str) -> list[str]:
    found = world.rows("SELECT given_name FROM venue.customers WHERE venue_id = :v ORDER BY 1", v=venue)
    return [name for (name,) in found]


def test_of_both_directions_one_can_be_switched_off_and_what_was_missed_is_caught_up(
    shared_world: World, venue: str
) -> None:
    choose(shared_world, venue, direction={"customers": "pull"})
    shared_world.insert("customers", venue, id="c1", given_name="Ann")
    at_stripe(shared_world, venue, "POST", "customers", name="Bo")
    sync(shared_world, venue)
    assert (there(shared_world, venue), here(shared_world, venue)) == (["Bo"], ["Ann", "Bo"])

    choose(shared_world, venue, direction={"customers": "push"})
    at_stripe(shared_world, venue, "POST", "customers", name="Cy")
    sync(shared_world, venue)
    assert (there(shared_world, venue), here(shared_world, venue)) == (["Ann", "Bo", "Cy"], ["Ann", "Bo"])

    choose(shared_world, venue)
    sync(shared_world, venue)
    assert here(shared_world, venue) == ["Ann", "Bo", "Cy"]


def test_a_direction_that_is_off_keeps_what_the_venue_changed_from_being_overwritten(
    shared_world: World, venue: str
) -> None:
    shared_world.insert("customers", venue, id="c1", given_name="Ann", phone="1")
    sync(shared_world, venue)
    [customer] = shared_world.objects("stripe", venue, "customers")
    choose(shared_world, venue, direction={"customers": "pull"})
    shared_world.sql("UPDATE venue.customers SET phone = '2', updated_at = now() WHERE venue_id = :v", v=venue)
    at_stripe(shared_world, venue, "POST", f"customers/{customer['id']}", name="Anna")
    sync(shared_world, venue)
    assert shared_world.rows("SELECT given_name, phone FROM venue.customers WHERE venue_id = :v", v=venue) == [
        ("Anna", "2")
    ]
    assert shared_world.objects("stripe", venue, "customers")[0]["phone"] == "1"

    choose(shared_world, venue)
    sync(shared_world, venue)
    assert shared_world.objects("stripe", venue, "customers")[0]["phone"] == "2"


def test_a_filter_keeps_records_of_either_side_where_they_are_and_is_made_up_for_when_it_goes(
    shared_world: World, venue: str
) -> None:
    choose(shared_world, venue, filters={"customers": {"country": ["NO", "SE"]}})
    for number, country in enumerate(["NO", "DE", None]):
        shared_world.insert("customers", venue, id=f"c{number}", given_name=f"Here {country}", country=country)
    for country in ("SE", "FR"):
        at_stripe(shared_world, venue, "POST", "customers", name=f"There {country}", **{"address[country]": country})

    report = sync(shared_world, venue)

    assert there(shared_world, venue) == ["Here NO", "There FR", "There SE"]
    assert len(here(shared_world, venue)) == 4
    assert (report.counts.filtered, report.counts.pulled_filtered) == (2, 1)

    choose(shared_world, venue)
    sync(shared_world, venue)
    assert len(there(shared_world, venue)) == len(here(shared_world, venue)) == 5


def test_a_record_that_leaves_a_filter_on_one_side_stays_as_it_was_on_the_other(
    shared_world: World, venue: str
) -> None:
    for number in (1, 2):
        shared_world.insert("customers", venue, id=f"c{number}", given_name=f"C{number}", country="NO")
    sync(shared_world, venue)
    first, second = sorted(shared_world.objects("stripe", venue, "customers"), key=lambda one: one["name"])
    choose(shared_world, venue, filters={"customers": {"country": ["NO"]}})
    at_stripe(shared_world, venue, "POST", f"customers/{first['id']}", name="X", **{"address[country]": "DE"})
    shared_world.sql(
        "UPDATE venue.customers SET given_name = 'Y', country = 'SE', updated_at = now() "
        "WHERE venue_id = :v AND id = 'c2'",
        v=venue,
    )

    for kind in ("incremental", "full"):
        report = sync(shared_world, venue, kind)
        assert (report.counts.written, report.counts.pulled_updated) == (0, 0)

    assert here(shared_world, venue) == ["C1", "Y"]
    assert there(shared_world, venue) == ["C2", "X"]
    assert second["name"] == "C2"


def test_what_is_switched_off_is_neither_synced_with_the_others_nor_from_the_queue(
    shared_world: World, venue: str
) -> None:
    choose(shared_world, venue, enabled=False)
    with shared_world.database.begin() as conn:
        asked = Asked(shared_world.connection(venue, "stripe").id, "customers", "full", "high", "ana")
        number = queue.enqueue(conn, asked)[0].id
    shared_world.forget_calls()

    [report] = sync_venues(
        shared_world.engine,
        "stripe",
        "customers",
        [venue],
        mode=Mode(),
        run_id="r",
        workers=1,
        on_report=lambda _: None,
    )
    work_off(shared_world.engine, run_id="r", quiet_seconds=0)

    assert report.status == "not_connected"
    with shared_world.database.connect() as conn:
        item = queue.find(conn, number)
    assert item is not None
    assert item.status == "dead"
    assert "switched off" in (item.error or "")
    assert shared_world.calls("stripe")["total"] == 0


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"direction": {"guests": "pull"}}, "has no guests"),
        ({"direction": {"products": "pull"}}, "declared for push only"),
        ({"filters": {"guests": {"country": ["NO"]}}}, "has no guests"),
        ({"filters": {"customers": {"shoe_size": ["44"]}}}, "cannot be filtered by shoe_size"),
        ({"filters": {"customers": {"tags": ["vip"]}}}, "cannot be filtered by tags"),
        ({"filters": {"customers": {"country": [47]}}}, "of the type text"),
    ],
)
def test_settings_that_speak_of_what_is_not_declared_are_refused(
    shared_world: World, chosen: dict[str, Any], said: str
) -> None:
    settings = ConnectionSettings.model_validate(chosen)
    with pytest.raises(ConfigurationError, match=said):
        require_fitting(settings, shared_world.engine.specs["stripe"], shared_world.engine.mappings)


def test_settings_are_told_in_words() -> None:
    chosen = ConnectionSettings.model_validate(
        {
            "enabled": False,
            "interval_seconds": 3600,
            "direction": {"customers": "pull"},
            "filters": {"products": {"active": [True], "kind": ["ticket", "merchandise"]}},
        }
    )
    assert chosen.in_words == (
        "off, every 3600 s, customers: pull only, products: active true, products: kind ticket or merchandise"
    )
    assert ConnectionSettings().in_words == ""
