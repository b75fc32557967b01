"""The whole way with Mailchimp: contacts in bulk and both ways, nobody's status touched, products in the store."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
import sqlalchemy as sa

from sync_core.errors import ConfigurationError, ProviderRefused
from sync_core.providers.mailchimp.contact import hash_of
from sync_core.store.intents import Intent, record
from sync_core.sync.report import Mode
from sync_sims.mailchimp.simulator import MailchimpSimulator
from tests.world import World, account, key, world

BATCH = "POST /3.0/lists/{id}"


@pytest.fixture
def small_world(database: sa.Engine, tmp_path: Path) -> Iterator[World]:
    with world(database, tmp_path, lambda: {"mailchimp": MailchimpSimulator()}) as made:
        yield made


def _at_mailchimp(world: World, venue: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key(venue, 'mailchimp')}"}
    address = f"{world.bases['mailchimp']}/3.0{path}"
    answer = requests.request(method, address, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def _list(world: World, venue: str) -> str:
    return f"/lists/{_at_mailchimp(world, venue, 'GET', '/lists')['lists'][0]['id']}"


def _member(world: World, venue: str, address: str, **changes: Any) -> Any:
    """One contact, after somebody changed it there."""
    path = f"{_list(world, venue)}/members/{hash_of(address)}"
    return _at_mailchimp(world, venue, "PATCH" if changes else "GET", path, changes or None)


def _customers(world: World, venue: str, count: int) -> None:
    for n in range(count):
        world.insert("customers", venue, id=f"c{n}", given_name="Zoë", family_name=f"李{n}", email=f"c{n}@x.example")


def _venue(world: World) -> str:
    return world.venue(providers=("mailchimp",))


def test_twelve_hundred_customers_go_in_three_requests_and_stay_quiet(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 1200)
    small_world.forget_calls()

    first = small_world.sync(venue, "mailchimp", "members")

    assert (first.status, first.error, first.counts.created) == ("succeeded", None, 1200)
    assert small_world.calls("mailchimp")["by_endpoint"][BATCH] == 3
    there = small_world.objects("mailchimp", venue, "members")
    assert {one["merge_fields"]["VENUEID"] for one in there} == {f"c{n}" for n in range(1200)}
    assert {one["status"] for one in there} == {"transactional"}
    small_world.sync(venue, "mailchimp", "members")
    small_world.forget_calls()
    quiet = small_world.sync(venue, "mailchimp", "members")
    assert (quiet.counts.written, quiet.counts.pulled_created, quiet.counts.pulled_updated) == (0, 0, 0)
    assert small_world.calls("mailchimp")["writes"] == 0
    full = small_world.sync(venue, "mailchimp", "members", Mode("full"))
    assert (full.counts.written, full.counts.pulled_created, full.counts.pulled_read) == (0, 0, 1200)


def test_customers_without_an_address_are_no_concern_of_mailchimps(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 2)
    small_world.insert("customers", venue, id="phone-only", given_name="Bo", phone="+47 1234")
    small_world.insert("customers", venue, id="blank", given_name="Bo", email=" ")

    report = small_world.sync(venue, "mailchimp", "members")

    assert (report.status, report.counts.created, report.counts.failed, report.counts.read) == ("succeeded", 2, 0, 2)
    assert small_world.rows("SELECT count(*) FROM sync.dead_letters") == [(0,)]
    small_world.sql("UPDATE venue.customers SET email = 'bo@x.example' WHERE id = 'phone-only'")
    assert small_world.sync(venue, "mailchimp", "members").counts.created == 1


def test_who_unsubscribed_stays_so_whatever_the_venue_changes(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 40)
    small_world.sync(venue, "mailchimp", "members")
    gone = [{"email_address": "c0@x.example", "status": "unsubscribed"}]
    small_world.sim("mailchimp", "POST", f"accounts/{account(venue)}/seed/members", rows=gone)
    _member(small_world, venue, "c1@x.example", status="subscribed")
    small_world.sql("UPDATE venue.customers SET city = 'Oslo'")
    small_world.forget_calls()

    report = small_world.sync(venue, "mailchimp", "members")

    assert (report.status, report.error, report.counts.updated) == ("succeeded", None, 40)
    assert small_world.calls("mailchimp")["by_endpoint"][BATCH] == 1
    there = {one["email_address"]: one for one in small_world.objects("mailchimp", venue, "members")}
    assert {one["merge_fields"]["CITY"] for one in there.values()} == {"Oslo"}
    assert [there[f"c{n}@x.example"]["status"] for n in range(3)] == ["unsubscribed", "subscribed", "transactional"]


def test_an_archived_contact_is_left_in_peace_and_its_customer_at_the_venue(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 2)
    small_world.sync(venue, "mailchimp", "members")
    _at_mailchimp(small_world, venue, "DELETE", f"{_list(small_world, venue)}/members/{hash_of('c0@x.example')}")
    small_world.sql("UPDATE venue.customers SET city = 'Oslo'")

    for mode in (Mode(), Mode("full")):
        report = small_world.sync(venue, "mailchimp", "members", mode)
        assert (report.status, report.counts.failed, report.counts.pulled_deleted) == ("succeeded", 0, 0)

    assert _member(small_world, venue, "c0@x.example")["status"] == "archived"
    assert small_world.rows("SELECT count(*) FROM venue.customers WHERE deleted_at IS NULL") == [(2,)]


def test_a_contact_deleted_for_good_leaves_the_customer_at_the_venue(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 1)
    small_world.sync(venue, "mailchimp", "members")
    name = hash_of("c0@x.example")
    forever = f"{_list(small_world, venue)}/members/{name}/actions/delete-permanent"
    _at_mailchimp(small_world, venue, "POST", forever)

    report = small_world.engine.refresh(small_world.connection(venue, "mailchimp"), "members", [name], run_id="told")

    assert (report.status, report.error, report.counts.pulled_deleted) == ("succeeded", None, 0)
    assert small_world.rows("SELECT deleted_at FROM venue.customers") == [(None,)]
    assert small_world.sync(venue, "mailchimp", "members").counts.written == 0
    small_world.sql("UPDATE venue.customers SET city = 'Oslo'")
    again = small_world.sync(venue, "mailchimp", "members")
    assert (again.counts.written, [failure.code for failure in again.failures]) == (0, ["NOT_FOUND"])


def test_a_customer_deleted_at_the_venue_is_archived_and_comes_back_archived(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 1)
    small_world.sync(venue, "mailchimp", "members")
    small_world.sql("UPDATE venue.customers SET deleted_at = now()")
    assert small_world.sync(venue, "mailchimp", "members").counts.deleted == 1
    assert _member(small_world, venue, "c0@x.example")["status"] == "archived"

    small_world.sql("UPDATE venue.customers SET deleted_at = NULL, city = 'Oslo'")
    back = small_world.sync(venue, "mailchimp", "members")

    assert (back.status, back.counts.updated, back.counts.failed) == ("succeeded", 1, 0)
    after = _member(small_world, venue, "c0@x.example")
    assert (after["status"], after["merge_fields"]["CITY"]) == ("archived", "Oslo")


def test_changes_on_both_sides_meet_and_the_newer_one_wins(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 2)
    small_world.sync(venue, "mailchimp", "members")
    small_world.sql("UPDATE venue.customers SET city = 'Oslo', updated_at = now() - interval '1 hour'")
    _member(small_world, venue, "c0@x.example", merge_fields={"CITY": "Bergen", "COMPANY": "Fjord AS"})

    report = small_world.sync(venue, "mailchimp", "members")

    assert (report.status, report.counts.conflicts, report.counts.updated) == ("succeeded", 1, 1)
    assert small_world.rows("SELECT id, city, company FROM venue.customers ORDER BY id") == [
        ("c0", "Bergen", "Fjord AS"),
        ("c1", "Oslo", None),
    ]
    assert _member(small_world, venue, "c1@x.example")["merge_fields"]["CITY"] == "Oslo"


def test_an_address_changes_on_either_side_and_the_contact_stays_one(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 2)
    small_world.sync(venue, "mailchimp", "members")
    small_world.sql("UPDATE venue.customers SET email = 'new@x.example' WHERE id = 'c0'")
    _member(small_world, venue, "c1@x.example", email_address="moved@x.example")

    for _ in range(2):
        assert small_world.sync(venue, "mailchimp", "members").error is None

    shown = _at_mailchimp(small_world, venue, "GET", f"{_list(small_world, venue)}/members")
    assert {one["email_address"] for one in shown["members"]} == {"new@x.example", "moved@x.example"}
    assert small_world.rows("SELECT id, email FROM venue.customers ORDER BY id") == [
        ("c0", "new@x.example"),
        ("c1", "moved@x.example"),
    ]


def test_people_who_signed_up_come_home_and_known_ones_are_recognised(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 1)
    for address in ("C0@x.example", "stranger@x.example"):
        body = {"email_address": address, "status": "subscribed", "merge_fields": {"LNAME": "Signed Up"}}
        _at_mailchimp(small_world, venue, "POST", f"{_list(small_world, venue)}/members", body)

    first = small_world.sync(venue, "mailchimp", "members")

    assert (first.status, first.counts.pulled_created, first.counts.created) == ("succeeded", 1, 0)
    small_world.sync(venue, "mailchimp", "members")
    assert len(small_world.rows("SELECT id FROM venue.customers")) == 2
    there = small_world.objects("mailchimp", venue, "members")
    assert sorted(one["status"] for one in there) == ["subscribed", "subscribed"]


def test_two_customers_with_one_address_are_one_contact_and_one_dead_letter(small_world: World) -> None:
    venue = _venue(small_world)
    for name in ("ann", "bob"):
        small_world.insert("customers", venue, id=name, given_name=name, email="family@x.example")

    report = small_world.sync(venue, "mailchimp", "members")

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 1, 1)
    assert small_world.rows("SELECT record_id, code FROM sync.dead_letters") == [("bob", "EMAIL_TAKEN")]
    small_world.insert("customers", venue, id="cy", email="Family@x.example")
    assert small_world.sync(venue, "mailchimp", "members").counts.failed == 2, "she, and he who is tried once more"
    assert _member(small_world, venue, "family@x.example")["merge_fields"]["VENUEID"] == "ann"


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "half_answer"])
def test_lost_answers_leave_every_contact_once(small_world: World, kind: str) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 600)
    small_world.faults("mailchimp", {"kind": kind, "status": 500, "path": _list(small_world, venue), "times": 3})

    for _ in range(3):
        small_world.sync(venue, "mailchimp", "members")
    small_world.no_faults("mailchimp")
    last = small_world.sync(venue, "mailchimp", "members")

    assert (last.status, last.error, last.counts.failed) == ("succeeded", None, 0)
    assert len(small_world.objects("mailchimp", venue, "members")) == 600
    assert small_world.rows("SELECT count(*) FROM sync.ledger") == [(600,)]


def test_a_lost_ledger_makes_nobody_twice(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 30)
    small_world.sync(venue, "mailchimp", "members")
    small_world.sql("DELETE FROM sync.ledger")
    small_world.sql("DELETE FROM sync.cursors")

    report = small_world.sync(venue, "mailchimp", "members")

    assert (report.status, report.counts.created, report.counts.pulled_created) == ("succeeded", 0, 0)
    assert len(small_world.objects("mailchimp", venue, "members")) == 30
    assert small_world.rows("SELECT count(*) FROM venue.customers") == [(30,)]


def test_products_are_in_the_store_at_their_price(small_world: World) -> None:
    venue = _venue(small_world)
    for n in range(3):
        small_world.insert(
            "products",
            venue,
            id=f"p{n}",
            kind="ticket",
            sku=f"S{n}",
            name=f"Stalls {n}",
            price_minor=1999,
            currency="USD",
        )

    first = small_world.sync(venue, "mailchimp", "store_products")

    assert (first.status, first.error, first.counts.created) == ("succeeded", None, 3)
    small_world.sql("UPDATE venue.products SET price_minor = 2500, active = false WHERE id = 'p0'")
    small_world.sql("UPDATE venue.products SET deleted_at = now() WHERE id = 'p1'")
    again = small_world.sync(venue, "mailchimp", "store_products")
    assert (again.counts.updated, again.counts.deleted, again.counts.failed) == (1, 1, 0)
    (store,) = _at_mailchimp(small_world, venue, "GET", "/ecommerce/stores")["stores"]
    shown = _at_mailchimp(small_world, venue, "GET", f"/ecommerce/stores/{store['id']}/products")["products"]
    assert {one["id"]: (one["variants"][0]["price"], one["variants"][0]["visibility"]) for one in shown} == {
        "p0": (25, "hidden"),
        "p2": (19.99, "visible"),
    }
    assert small_world.sync(venue, "mailchimp", "store_products").counts.written == 0


def test_a_plan_writes_nothing(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 2)
    small_world.forget_calls()
    plan = small_world.engine.plan(small_world.connection(venue, "mailchimp"), "members", mode=Mode())
    assert plan.counts.created == 2
    assert small_world.calls("mailchimp")["writes"] == 0


def test_an_account_with_several_audiences_is_connected_by_naming_one(small_world: World) -> None:
    venue = _venue(small_world)
    secret = {"api_key": key(venue, "mailchimp")}
    body = {
        "name": "Friends",
        "contact": {"company": "C", "address1": "A", "city": "C", "country": "US"},
        "permission_reminder": "You signed up.",
        "campaign_defaults": {"from_name": "C", "from_email": "c@x.example", "subject": "", "language": "en"},
        "email_type_option": False,
    }
    friends = _at_mailchimp(small_world, venue, "POST", "/lists", body)["id"]
    with pytest.raises(ProviderRefused, match="list_id"):
        small_world.engine.connect(venue, "mailchimp", secret, environment="production")
    chosen = {**secret, "list_id": friends}
    assert small_world.engine.connect(venue, "mailchimp", chosen, environment="production").id.endswith(friends)
    with pytest.raises(ConfigurationError, match=r"api_key, list_id \(optional\)"):
        small_world.engine.connect(venue, "mailchimp", {**secret, "audience": friends}, environment="production")
    _customers(small_world, venue, 1)
    assert small_world.sync(venue, "mailchimp", "members").counts.created == 1
    assert _at_mailchimp(small_world, venue, "GET", f"/lists/{friends}/members")["total_items"] == 1


def test_mailings_come_home_with_their_figures_and_variants(small_world: World) -> None:
    venue = _venue(small_world)
    figures = {"emails_sent": 50, "opens_total": 30, "unique_opens": 20, "total_orders": 2, "total_revenue": 59.9}
    variants = [{"subject_line": "Tonight?", **figures}, {"subject_line": "Today?", **figures, "opens_total": 31}]
    rows = [
        {"subject_line": "Spring", "title": "Spring", **figures, "hard_bounces": 1, "soft_bounces": 1},
        {"subject_line": "Either", "title": "Either", "type": "variate", "variants": variants},
    ]
    small_world.sim("mailchimp", "POST", f"accounts/{account(venue)}/seed/campaigns", rows=rows)

    first, second = (small_world.sync(venue, "mailchimp", "campaigns") for _ in range(2))

    assert (first.status, first.error, first.counts.pulled_created) == ("succeeded", None, 2)
    assert (second.status, second.counts.pulled_created, second.counts.pulled_updated) == ("succeeded", 0, 0)
    shown = small_world.rows(
        "SELECT title, provider, opens, bounces, revenue_minor, currency, variants FROM venue.campaigns ORDER BY title"
    )
    either, spring = shown
    assert spring == ("Spring", "mailchimp", 30, 2, 5990, "USD", [])
    assert either[:6] == ("Either", "mailchimp", 61, 0, 11980, "USD")
    assert [(one["line"], one["subject"], one["opens"], one["revenue_minor"]) for one in either[6]] == [
        (1, "Tonight?", 30, 5990),
        (2, "Today?", 31, 5990),
    ]


def _tags(world: World, venue: str, address: str, *, give: str = "", take: str = "") -> list[str]:
    """A contact's tags, after somebody gave or took one there."""
    path = f"{_list(world, venue)}/members/{hash_of(address)}/tags"
    changes = [{"name": name, "status": status} for name, status in ((give, "active"), (take, "inactive")) if name]
    if changes:
        _at_mailchimp(world, venue, "POST", path, {"tags": changes})
    return sorted(tag["name"] for tag in _at_mailchimp(world, venue, "GET", path)["tags"])


def test_tags_go_both_ways_and_are_quiet_when_nothing_changed(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 40)
    small_world.sql("""UPDATE venue.customers SET tags = '["Gold", "VIP"]'""")
    small_world.forget_calls()
    assert small_world.sync(venue, "mailchimp", "members").counts.created == 40
    assert small_world.calls("mailchimp")["by_endpoint"][BATCH] == 1
    _tags(small_world, venue, "c0@x.example", give="Tourist", take="Gold")
    small_world.sql("""UPDATE venue.customers SET tags = '[]' WHERE id = 'c1'""")

    changed = small_world.sync(venue, "mailchimp", "members")

    assert (changed.error, changed.counts.pulled_updated, changed.counts.updated, changed.counts.conflicts) == (
        None,
        1,
        1,
        0,
    )
    assert small_world.rows("SELECT id, tags FROM venue.customers WHERE id IN ('c0', 'c1', 'c2') ORDER BY id") == [
        ("c0", ["Tourist", "VIP"]),
        ("c1", []),
        ("c2", ["Gold", "VIP"]),
    ]
    assert [_tags(small_world, venue, f"c{n}@x.example") for n in range(3)] == [["Tourist", "VIP"], [], ["Gold", "VIP"]]
    small_world.forget_calls()
    for mode in (Mode(), Mode("full")):
        quiet = small_world.sync(venue, "mailchimp", "members", mode)
        assert (quiet.counts.written, quiet.counts.pulled_updated) == (0, 0)
    assert small_world.calls("mailchimp")["writes"] == 0


def _order(world: World, venue: str, order_id: str, customer: str | None, *lines: dict[str, Any]) -> None:
    world.insert(
        "orders",
        venue,
        id=order_id,
        customer_id=customer,
        provider="door",
        total_minor=sum(one["amount_minor"] for one in lines),
        currency="USD",
        lines=orjson.dumps(list(lines)).decode(),
        ordered_at="2026-05-01T19:30:00Z",
    )


def _sold(number: int, product: str | None, quantity: int, amount_minor: int) -> dict[str, Any]:
    return {"line": number, "product_id": product, "quantity": quantity, "amount_minor": amount_minor}


def _orders_there(world: World, venue: str) -> dict[str, Any]:
    (store,) = _at_mailchimp(world, venue, "GET", "/ecommerce/stores")["stores"]
    shown = _at_mailchimp(world, venue, "GET", f"/ecommerce/stores/{store['id']}/orders?count=100")["orders"]
    return {one["id"]: one for one in shown}


def test_orders_follow_their_customers_and_products_and_subscribe_nobody(small_world: World) -> None:
    venue = _venue(small_world)
    _customers(small_world, venue, 2)
    small_world.insert("customers", venue, id="phone-only", given_name="Bo", phone="+47 1234")
    for name in ("p1", "p2"):
        small_world.insert("products", venue, id=name, kind="ticket", name=name, price_minor=2500, currency="USD")
    _order(small_world, venue, "o1", "c0", _sold(1, "p1", 2, 5000), _sold(2, "p2", 3, 1000), _sold(3, None, 1, 150))
    _order(small_world, venue, "o2", "c1", _sold(1, "p2", 1, 2500))
    _order(small_world, venue, "o3", "phone-only", _sold(1, "p1", 1, 2500))
    _order(small_world, venue, "o4", None, _sold(1, "p1", 1, 2500))
    early = small_world.sync(venue, "mailchimp", "store_orders")
    assert (early.status, early.counts.created, early.counts.waiting) == ("succeeded", 0, 3)
    for entity in ("members", "store_products"):
        small_world.sync(venue, "mailchimp", entity)

    first = small_world.sync(venue, "mailchimp", "store_orders")

    assert (first.status, first.error, first.counts.created, first.counts.waiting) == ("succeeded", None, 2, 1)
    there = _orders_there(small_world, venue)
    assert [(one["product_id"], one["quantity"], one["price"], one["discount"]) for one in there["o1"]["lines"]] == [
        ("p1", 2, 25, 0),
        ("p2", 3, 3.34, 0.02),
        ("venue-sync-other", 1, 1.5, 0),
    ]
    assert (there["o1"]["order_total"], there["o1"]["customer"]["email_address"]) == (61.5, "c0@x.example")
    assert {one["status"] for one in small_world.objects("mailchimp", venue, "members")} == {"transactional"}

    small_world.sql("UPDATE venue.orders SET status = 'canceled' WHERE id = 'o2'")
    small_world.sql("UPDATE venue.orders SET lines = lines - 1, total_minor = 5150 WHERE id = 'o1'")
    changed = small_world.sync(venue, "mailchimp", "store_orders")
    assert (changed.error, changed.counts.updated, changed.counts.failed) == (None, 2, 0)
    there = _orders_there(small_world, venue)
    assert ([one["id"] for one in there["o1"]["lines"]], there["o1"]["order_total"]) == (["1", "3"], 51.5)
    assert there["o2"]["financial_status"] == "cancelled"

    small_world.sql("UPDATE venue.orders SET deleted_at = now() WHERE id = 'o2'")
    assert small_world.sync(venue, "mailchimp", "store_orders").counts.deleted == 1
    assert _orders_there(small_world, venue).keys() == {"o1"}
    small_world.forget_calls()
    assert small_world.sync(venue, "mailchimp", "store_orders", Mode("full")).counts.written == 0
    assert small_world.calls("mailchimp")["writes"] == 0


TRIGGERS = "journey_triggers"


def _trigger(world: World, venue: str, *ids: str) -> None:
    for one in ids:
        world.insert(TRIGGERS, venue, id=one, provider="mailchimp", journey_id="12", step_id="7", email="c0@x.example")


def _journey(world: World, venue: str) -> None:
    """A venue with one contact and a journey that waits for the API."""
    _customers(world, venue, 1)
    world.sync(venue, "mailchimp", "members")
    rows = [{"journey_id": 12, "step_id": 7}]
    world.sim("mailchimp", "POST", f"accounts/{account(venue)}/seed/journeys", rows=rows)


def _letters(world: World) -> list[Any]:
    return world.rows("SELECT record_id, code FROM sync.dead_letters WHERE status = 'open' ORDER BY record_id")


def test_a_customer_is_sent_into_a_journey_once_per_row(small_world: World) -> None:
    venue = _venue(small_world)
    _journey(small_world, venue)
    _trigger(small_world, venue, "t1", "t2")
    for mode in (Mode(), Mode("full")):
        report = small_world.sync(venue, "mailchimp", TRIGGERS, mode)
        assert (report.status, report.error, report.counts.failed) == ("succeeded", None, 0)
    small_world.sql("UPDATE venue.journey_triggers SET requested_at = now(), deleted_at = now() WHERE id = 't1'")
    small_world.sql("UPDATE venue.journey_triggers SET step_id = '8' WHERE id = 't2'")
    small_world.sync(venue, "mailchimp", TRIGGERS)
    assert len(small_world.objects("mailchimp", venue, TRIGGERS)) == 2


@pytest.mark.parametrize(("kind", "done"), [("error_after", 3), ("drop_before", 2)])
def test_a_trigger_in_doubt_is_never_sent_again_and_waits_for_a_person(
    small_world: World, kind: str, done: int
) -> None:
    venue = _venue(small_world)
    _journey(small_world, venue)
    _trigger(small_world, venue, "t1", "t2", "t3")
    fault = {"kind": kind, "status": 500, "path": "/3.0/customer-journeys/*", "times": 1}
    small_world.faults("mailchimp", fault)

    first = small_world.sync(venue, "mailchimp", TRIGGERS)

    assert (first.status, first.counts.created, first.counts.failed) == ("succeeded", 2, 1)
    small_world.no_faults("mailchimp")
    for mode in (Mode(), Mode("full")):
        assert small_world.sync(venue, "mailchimp", TRIGGERS, mode).counts.created == 0
    assert _letters(small_world) == [("t1", "in_doubt")]
    assert len(small_world.objects("mailchimp", venue, TRIGGERS)) == done


def test_what_a_killed_sync_may_have_sent_is_in_doubt_and_the_rest_is_sent(small_world: World) -> None:
    venue = _venue(small_world)
    _journey(small_world, venue)
    _trigger(small_world, venue, "t1", "t2")
    mapped = {"journey_id": "12", "step_id": "7", "email_address": "c0@x.example"}
    intent = Intent("t1", "create", "k1", "b1", 0, mapped, mapped, None, {}, datetime.now(UTC))
    with small_world.database.begin() as conn:
        record(conn, small_world.connection(venue, "mailchimp").id, TRIGGERS, decided=[intent])

    report = small_world.sync(venue, "mailchimp", TRIGGERS)

    assert (report.status, report.counts.created, report.counts.failed) == ("succeeded", 1, 1)
    assert _letters(small_world) == [("t1", "in_doubt")]
    assert len(small_world.objects("mailchimp", venue, TRIGGERS)) == 1


def test_a_trigger_that_was_surely_not_sent_is_sent_later(small_world: World) -> None:
    venue = _venue(small_world)
    _journey(small_world, venue)
    _trigger(small_world, venue, "t1", "t2")
    small_world.faults("mailchimp", {"kind": "throttle", "path": "/3.0/customer-journeys/*", "times": 1})
    assert small_world.sync(venue, "mailchimp", TRIGGERS).status == "failed"
    assert small_world.rows("SELECT count(*) FROM sync.intents") == [(0,)]
    later = small_world.sync(venue, "mailchimp", TRIGGERS)
    assert (later.status, later.counts.created, _letters(small_world)) == ("succeeded", 2, [])
