"""Somebody changes an object at the provider after our pull and before our push: the policy decides, field by field."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from sync_core.spec.provider import Conflict
from sync_sims.quickbooks import QuickBooksSimulator
from sync_sims.square import SquareSimulator
from sync_sims.wire import UNLIMITED
from tests.world import World, account, world

VENUE = "blue-note"
TOKEN = "eyJ-test-token"


class Shifted:
    """The provider's clock: the machine's, and so many seconds beside it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)


@pytest.fixture
def clock() -> Shifted:
    return Shifted()


@pytest.fixture
def square(database: sa.Engine, tmp_path: Path, clock: Shifted) -> Iterator[World]:
    """A world whose only provider is Square, with one venue and one customer that both sides know."""
    with world(database, tmp_path, lambda: {"square": SquareSimulator(now=clock.now)}) as made:
        made.venue(VENUE, providers=("square",))
        made.insert("customers", VENUE, id="c1", given_name="Ana", city="Reno", phone="+14155550100")
        assert made.sync(VENUE, "square", "customers").counts.created == 1
        yield made


def deciding_by(made: World, provider: str, policy: Conflict) -> World:
    """The same world with another policy for conflicts of customers."""
    spec = made.engine.specs[provider]
    entity = spec.entities["customers"].model_copy(update={"conflict": policy})
    spec = spec.model_copy(update={"entities": {**spec.entities, "customers": entity}})
    return replace(made, engine=replace(made.engine, specs={**made.engine.specs, provider: spec}))


def edited_at_square(made: World, *, times: int | None = 1, **fields: Any) -> None:
    """Let somebody change the customer's profile right before the next update arrives."""
    (profile,) = made.objects("square", VENUE, "customers")
    row = {"id": profile["id"], **fields}
    path = "/v2/customers/bulk-update"
    made.faults("square", {"kind": "edit", "path": path, "times": times, "collection": "customers", "rows": [row]})


def here(made: World) -> tuple[Any, ...]:
    (row,) = made.rows("SELECT given_name, city, phone FROM venue.customers WHERE deleted_at IS NULL")
    return row


def there(made: World) -> tuple[Any, ...]:
    (profile,) = made.objects("square", VENUE, "customers")
    return profile.get("given_name"), profile.get("address", {}).get("locality"), profile.get("phone_number")


def conflicts(made: World) -> list[Any]:
    return made.rows("SELECT field, policy, winner FROM sync.conflicts ORDER BY field")


def test_a_change_of_another_field_comes_home_and_ours_goes_out(square: World) -> None:
    edited_at_square(square, given_name="Anna")
    square.sql("UPDATE venue.customers SET phone = '+14155550199', updated_at = now()")

    report = square.sync(VENUE, "square", "customers")

    assert (report.status, report.error, report.counts.updated) == ("succeeded", None, 1)
    assert (report.counts.pulled_updated, report.counts.failed, report.counts.conflicts) == (1, 0, 0)
    assert here(square) == there(square) == ("Anna", "Reno", "+14155550199")
    assert square.rows("SELECT count(*) FROM sync.pending") == [(0,)]
    assert conflicts(square) == []


@pytest.mark.parametrize(
    ("policy", "winner", "city"),
    [("newest_wins", "provider", "Ghent"), ("venue_wins", "venue", "Oslo"), ("provider_wins", "provider", "Ghent")],
)
def test_a_change_of_the_same_field_is_decided_by_the_policy(
    square: World, policy: Conflict, winner: str, city: str
) -> None:
    """An address is read before it is written, which must not hide that somebody else wrote it."""
    made = deciding_by(square, "square", policy)
    edited_at_square(made, address={"locality": "Ghent"}, given_name="Anna")
    square.sql(
        "UPDATE venue.customers SET city = 'Oslo', phone = '+14155550199', updated_at = now() - interval '1 minute'"
    )

    report = made.sync(VENUE, "square", "customers")

    assert (report.status, report.error, report.counts.conflicts) == ("succeeded", None, 1)
    assert here(made) == there(made) == ("Anna", city, "+14155550199")
    assert conflicts(made) == [("address.locality", policy, winner)]
    made.forget_calls()
    assert made.sync(VENUE, "square", "customers").counts.written == 0


def test_a_newer_change_of_the_venue_wins_over_an_older_one_at_the_moment_of_the_write(square: World) -> None:
    edited_at_square(square, phone_number="+14155550111")
    square.sql("UPDATE venue.customers SET phone = '+14155550199', updated_at = now() + interval '1 minute'")

    assert square.sync(VENUE, "square", "customers").counts.conflicts == 1
    assert here(square) == there(square) == ("Ana", "Reno", "+14155550199")
    assert conflicts(square) == [("phone_number", "newest_wins", "venue")]


def test_an_object_that_never_stands_still_stays_due_and_nothing_is_lost(square: World) -> None:
    edited_at_square(square, times=None, note="again")
    square.sql("UPDATE venue.customers SET phone = '+14155550199', updated_at = now()")

    report = square.sync(VENUE, "square", "customers")

    assert (report.status, report.error, report.counts.updated) == ("succeeded", None, 0)
    assert (report.counts.failed, report.counts.waiting) == (0, 1)
    assert square.rows("SELECT local_id, reason LIKE 'It was changed%' FROM sync.pending") == [("c1", True)]
    square.no_faults("square")
    assert square.sync(VENUE, "square", "customers").counts.updated == 1
    assert here(square) == there(square) == ("Ana", "Reno", "+14155550199")
    assert square.rows("SELECT count(*) FROM sync.pending") == [(0,)]


def test_a_product_that_the_seller_changes_meanwhile_is_decided_field_by_field(square: World) -> None:
    square.insert("products", VENUE, id="p1", kind="ticket", name="Stalls", sku="A", price_minor=1000, currency="USD")
    assert square.sync(VENUE, "square", "products").counts.created == 1
    (item,) = [one for one in square.objects("square", VENUE, "catalog") if one["type"] == "ITEM"]
    (variation,) = [one for one in square.objects("square", VENUE, "catalog") if one["type"] == "ITEM_VARIATION"]
    data = {**variation["item_variation_data"], "price_money": {"amount": 1500, "currency": "USD"}, "sku": "B"}
    row = {"type": "ITEM_VARIATION", "id": variation["id"], "item_variation_data": data}
    edit = {"kind": "edit", "path": "/v2/catalog/batch-upsert", "times": 1, "collection": "catalog", "rows": [row]}
    square.faults("square", edit)
    square.sql(
        "UPDATE venue.products SET price_minor = 2000, name = 'Balcony', updated_at = now() - interval '1 minute'"
    )

    report = square.sync(VENUE, "square", "products")

    assert (report.status, report.error, report.counts.updated, report.counts.conflicts) == ("succeeded", None, 1, 1)
    assert square.rows("SELECT name, sku, price_minor FROM venue.products") == [("Balcony", "B", 1500)]
    held = {one["id"]: one for one in square.objects("square", VENUE, "catalog")}
    shown = held[variation["id"]]["item_variation_data"]
    assert (held[item["id"]]["item_data"]["name"], shown["sku"], shown["price_money"]["amount"]) == (
        "Balcony",
        "B",
        1500,
    )


def test_an_edit_that_a_sync_of_nothing_mapped_left_behind_costs_one_more_reading(square: World) -> None:
    """A version that grew by what we do not map is no news, and the write made for the older one is decided again."""
    (profile,) = square.objects("square", VENUE, "customers")
    square.sim(
        "square", "POST", f"accounts/{account(VENUE)}/seed/customers", rows=[{"id": profile["id"], "nickname": "A"}]
    )
    square.sql("UPDATE venue.customers SET phone = '+14155550199', updated_at = now()")

    report = square.sync(VENUE, "square", "customers")

    assert (report.counts.updated, report.counts.pulled_updated, report.counts.conflicts) == (1, 0, 0)
    assert there(square) == ("Ana", "Reno", "+14155550199")


def test_our_own_write_whose_answer_was_lost_is_no_conflict(square: World) -> None:
    """Square takes no idempotency key for an update: the replay meets the version that it made itself."""
    lost = {"kind": "drop_after", "path": "/v2/customers/bulk-update", "times": 1}
    square.faults("square", lost)
    square.sql("UPDATE venue.customers SET city = 'Oslo', phone = '+14155550199', updated_at = now()")

    report = square.sync(VENUE, "square", "customers")

    assert (report.error, report.counts.updated, report.counts.conflicts) == (None, 1, 0)
    assert here(square) == there(square) == ("Ana", "Oslo", "+14155550199")


def test_a_change_in_the_same_second_as_our_write_comes_home(square: World, clock: Shifted) -> None:
    """Square shows a profile's time in whole seconds: a change in that second has no later time, and another version."""
    moment = datetime.now(UTC).replace(microsecond=0)
    square.sql("UPDATE venue.customers SET phone = '+14155550199', updated_at = now()")
    clock.now = lambda: moment + timedelta(milliseconds=100)  # type: ignore[method-assign]  # time stands still here
    square.sync(VENUE, "square", "customers")
    (profile,) = square.objects("square", VENUE, "customers")
    square.sim(
        "square",
        "POST",
        f"accounts/{account(VENUE)}/seed/customers",
        rows=[{"id": profile["id"], "given_name": "Anna"}],
    )

    report = square.sync(VENUE, "square", "customers")

    assert (report.counts.pulled_updated, report.counts.conflicts) == (1, 0)
    assert here(square) == there(square) == ("Anna", "Reno", "+14155550199")


@pytest.mark.parametrize("seconds", [-60, 60])
def test_a_change_stamped_by_a_clock_that_is_wrong_comes_home_and_so_does_the_next_one(
    square: World, clock: Shifted, seconds: int
) -> None:
    """One of the provider's machines is a minute behind or ahead of the others: versions tell the order, not times."""
    (profile,) = square.objects("square", VENUE, "customers")
    seed = f"accounts/{account(VENUE)}/seed/customers"
    for name, skew in (("Anna", seconds), ("Anneke", 0), ("Annika", -seconds)):
        clock.seconds = skew
        square.sim("square", "POST", seed, rows=[{"id": profile["id"], "given_name": name}])
        clock.seconds = 0

        report = square.sync(VENUE, "square", "customers")

        assert (report.error, report.counts.pulled_updated, report.counts.conflicts) == (None, 1, 0)
        assert here(square) == there(square) == (name, "Reno", "+14155550100")
        assert square.sync(VENUE, "square", "customers").counts.pulled_updated == 0


@pytest.mark.parametrize(("seconds", "winner"), [(-60, "venue"), (60, "provider")])
def test_the_newest_is_told_by_the_time_that_each_side_gives(
    square: World, clock: Shifted, seconds: int, winner: str
) -> None:
    """A provider whose clock is wrong loses or wins by it; what lost is kept in the conflicts."""
    (profile,) = square.objects("square", VENUE, "customers")
    clock.seconds = seconds
    row = {"id": profile["id"], "phone_number": "+14155550111"}
    square.sim("square", "POST", f"accounts/{account(VENUE)}/seed/customers", rows=[row])
    square.sql("UPDATE venue.customers SET phone = '+14155550199', updated_at = now()")

    assert square.sync(VENUE, "square", "customers").counts.conflicts == 1

    (kept,) = square.rows("SELECT venue_value #>> '{}', provider_value #>> '{}', winner FROM sync.conflicts")
    assert kept == ("+14155550199", "+14155550111", winner)
    assert here(square) == there(square)


@pytest.fixture
def books(database: sa.Engine, tmp_path: Path) -> Iterator[World]:
    """A world whose only provider is QuickBooks, with one customer that both sides know."""
    with world(database, tmp_path, lambda: {"quickbooks": QuickBooksSimulator(limits=UNLIMITED)}) as made:
        made.venue(VENUE, providers=())
        made.sim("quickbooks", "PUT", "accounts", credential=TOKEN, account_id=account(VENUE), name=VENUE)
        secret = {"access_token": TOKEN, "realm_id": account(VENUE)}
        made.engine.connect(VENUE, "quickbooks", secret, environment="production")
        made.insert("customers", VENUE, id="c1", given_name="Ana", family_name="Ruiz", phone="+14155550100", note="old")
        assert made.sync(VENUE, "quickbooks", "customers").counts.created == 1
        yield made


@pytest.mark.parametrize(
    ("policy", "winner", "note"),
    [("newest_wins", "provider", "theirs"), ("venue_wins", "venue", "ours"), ("provider_wins", "provider", "theirs")],
)
def test_a_stale_sync_token_is_decided_by_the_policy_too(
    books: World, policy: Conflict, winner: str, note: str
) -> None:
    made = deciding_by(books, "quickbooks", policy)
    (found,) = made.objects("quickbooks", VENUE, "customers")
    row = {"Id": found["Id"], "Notes": "theirs", "CompanyName": "Ruiz & Co"}
    edit = {
        "kind": "edit",
        "method": "POST",
        "path": "*/customer",
        "times": 1,
        "collection": "customers",
        "rows": [row],
    }
    made.faults("quickbooks", edit)
    made.sql(
        "UPDATE venue.customers SET note = 'ours', phone = '+14155550199', updated_at = now() - interval '1 minute'"
    )

    report = made.sync(VENUE, "quickbooks", "customers")

    assert (report.status, report.error, report.counts.conflicts) == ("succeeded", None, 1)
    (shown,) = made.objects("quickbooks", VENUE, "customers")
    assert (shown["Notes"], shown["CompanyName"]) == (note, "Ruiz & Co")
    assert shown["PrimaryPhone"]["FreeFormNumber"] == "+14155550199"
    assert made.rows("SELECT note, company, phone FROM venue.customers") == [(note, "Ruiz & Co", "+14155550199")]
    assert conflicts(made) == [("Notes", policy, winner)]
