"""Lists, cursors, filters, expansion and events of the simulated Stripe."""

from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from sync_sims.stripe import StripeSimulator
from sync_sims.stripe.parameters import Between
from sync_sims.stripe.shelf import Shelf
from sync_sims.wire import UNLIMITED, Request
from tests.sync_sims.conftest import ACCOUNT, NOON, HandClock


def _seeded(simulator: StripeSimulator, count: int, *, start: int = NOON - 10_000):
    rows = [{"name": f"Guest {number}", "created": start + number} for number in range(count)]
    return [row["id"] for row in simulator.seed(ACCOUNT, "customers", rows)]


def test_pages_are_newest_first_ten_at_a_time_unless_asked_otherwise(client: Any, stripe_sim: StripeSimulator):
    ids = _seeded(stripe_sim, 12)
    page = client.v1.customers.list()
    assert ([entry.id for entry in page.data], page.has_more, page.url) == (ids[:1:-1], True, "/v1/customers")
    rest = client.v1.customers.list({"starting_after": page.data[-1].id})
    assert ([entry.id for entry in rest.data], rest.has_more) == (ids[1::-1], False)


def test_auto_paging_finds_everything_once_forwards_and_backwards(client: Any, stripe_sim: StripeSimulator):
    ids = _seeded(stripe_sim, 250)
    forwards = [entry.id for entry in client.v1.customers.list({"limit": 100}).auto_paging_iter()]
    assert forwards == ids[::-1]
    backwards = client.v1.customers.list({"limit": 100, "ending_before": ids[0]})
    assert [entry.id for entry in backwards.auto_paging_iter()] == ids[1:]


def test_a_record_that_arrives_while_paging_shifts_nothing(client: Any, stripe_sim: StripeSimulator):
    ids = _seeded(stripe_sim, 4)
    first = client.v1.customers.list({"limit": 2})
    client.v1.customers.create({"name": "Late"})
    second = client.v1.customers.list({"limit": 2, "starting_after": first.data[-1].id})
    assert [entry.id for entry in second.data] == ids[1::-1]


def test_a_deleted_record_still_serves_as_a_cursor(client: Any, stripe_sim: StripeSimulator):
    ids = _seeded(stripe_sim, 3)
    client.v1.customers.delete(ids[1])
    assert [entry.id for entry in client.v1.customers.list({"starting_after": ids[1]}).data] == [ids[0]]


@pytest.mark.parametrize(
    "given",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "many"},
        {"starting_after": "cus_none"},
        {"ending_before": "cus_none"},
        {"offset": 3},
        {"created": {"after": 3}},
        {"created": "yesterday"},
    ],
)
def test_a_page_that_cannot_be_is_refused(client: Any, given: dict[str, Any]):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.list(given)
    assert caught.value.http_status == 400


def test_two_cursors_contradict_each_other(client: Any, stripe_sim: StripeSimulator):
    one, two = _seeded(stripe_sim, 2)
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        client.v1.customers.list({"starting_after": one, "ending_before": two})


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (NOON - 5, [5]),
        ({"gt": NOON - 3}, [8, 9]),
        ({"gte": NOON - 3}, [7, 8, 9]),
        ({"lt": NOON - 8}, [0, 1]),
        ({"lte": NOON - 8}, [0, 1, 2]),
        ({"gte": NOON - 6, "lt": NOON - 4}, [4, 5]),
        ({"gt": NOON}, []),
    ],
)
def test_created_bounds_are_kept_whatever_the_direction(
    client: Any, stripe_sim: StripeSimulator, created: Any, expected: Any
):
    ids = _seeded(stripe_sim, 10, start=NOON - 10)
    wanted = [ids[number] for number in expected]
    assert [entry.id for entry in client.v1.customers.list({"created": created}).data] == wanted[::-1]
    backwards = client.v1.customers.list({"created": created, "ending_before": ids[0]})
    assert [entry.id for entry in backwards.data] == [entry for entry in wanted[::-1] if entry != ids[0]]


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 5), st.integers(0, 5))
def test_a_shelf_lists_by_time_then_by_arrival(moments: list[int], least: int, most: int):
    shelf = Shelf(indexed=("colour",))
    for number, created in enumerate(moments):
        entry = {
            "id": f"x{number}",
            "created": created,
            "colour": "red" if number % 3 else "Blue",
            "deleted": number % 5 == 4,
        }
        shelf.put(entry, at=0.0, horizon=0.0)
    order = sorted(range(len(moments)), key=lambda number: (moments[number], number), reverse=True)
    live = [number for number in order if number % 5 != 4 and least <= moments[number] <= most]
    within = Between(least=least, most=most)
    assert [entry["id"] for entry in shelf.newest_first(created=within)] == [f"x{number}" for number in live]
    blue = [f"x{number}" for number in live if number % 3 == 0]
    assert [entry["id"] for entry in shelf.newest_first(created=within, term=("colour", "blue"))] == blue
    for cursor in range(len(moments)):
        place = order.index(cursor)
        older = [f"x{number}" for number in order[place + 1 :] if number in live]
        newer = [f"x{number}" for number in order[:place] if number in live]
        assert [entry["id"] for entry in shelf.newest_first(after=f"x{cursor}", created=within)] == older
        assert [entry["id"] for entry in shelf.oldest_first(before=f"x{cursor}", created=within)] == newer[::-1]


def test_expansion_reaches_into_lists_and_leaves_the_stored_objects_alone(client: Any):
    customer = client.v1.customers.create({"name": "Ann"})
    card = {"confirm": True, "payment_method": "pm_card_visa"}
    client.v1.payment_intents.create({"amount": 900, "currency": "usd", "customer": customer.id, **card})
    page = client.v1.charges.list(
        {"expand": ["data.balance_transaction", "data.customer", "data.payment_intent.latest_charge"]}
    )
    charge = page.data[0]
    assert (charge.customer.name, charge.balance_transaction.amount) == ("Ann", 900)
    assert charge.payment_intent.latest_charge.id == charge.id
    assert client.v1.charges.list().data[0].customer == customer.id
    assert client.v1.customers.retrieve(customer.id, {"expand": ["sources"]}).sources.data == []
    client.v1.customers.delete(customer.id)
    assert client.v1.charges.retrieve(charge.id, {"expand": ["customer"]}).customer.deleted is True


@pytest.mark.parametrize("path", ["name", "customer", "data.nothing", "data.customer.a.b.c", "has_more"])
def test_what_cannot_be_expanded_is_refused(client: Any, path: str):
    client.v1.payment_intents.create({"amount": 900, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="expand"):
        client.v1.payment_intents.list({"expand": [path]})


def test_events_are_found_by_type_wildcard_list_and_time(client: Any, hand_clock: HandClock):
    client.v1.customers.create()
    hand_clock.advance(10)
    product = client.v1.products.create({"name": "A"})
    client.v1.products.update(product.id, {"name": "B"})

    def types(**filters: Any):
        return [event.type for event in client.v1.events.list(filters).data]

    assert types(type="product.*") == ["product.updated", "product.created"]
    assert types(types=["customer.created", "product.updated"]) == ["product.updated", "customer.created"]
    assert types(created={"gte": NOON + 10}) == ["product.updated", "product.created"]
    assert types(type="price.*") == []
    event = client.v1.events.list().data[0]
    assert client.v1.events.retrieve(event.id).type == "product.updated"
    for wrong in ({"type": "a", "types": ["b"]}, {"types": [f"t{number}" for number in range(21)]}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.events.list(wrong)


def test_events_are_kept_for_thirty_days(client: Any, hand_clock: HandClock):
    client.v1.customers.create()
    hand_clock.advance(30 * 24 * 3600)
    assert len(client.v1.events.list().data) == 1
    hand_clock.advance(1)
    assert client.v1.events.list().data == []


def test_the_outside_world_can_be_seeded_in_the_past(client: Any, stripe_sim: StripeSimulator):
    customer = stripe_sim.seed(ACCOUNT, "customers", [{"name": "Ann", "created": NOON - 900}])[0]
    rows = [
        {"amount": 1000, "currency": "usd", "created": NOON - 500, "metadata": {"order": "1"}},
        {"amount": 2000, "currency": "usd", "created": NOON - 700, "customer": customer["id"], "description": "B"},
    ]
    paid = stripe_sim.seed(ACCOUNT, "payments", rows)
    charges = client.v1.charges.list().data
    assert [(charge.amount, charge.created) for charge in charges] == [(1000, NOON - 500), (2000, NOON - 700)]
    assert [intent["latest_charge"] for intent in paid] == [charge.id for charge in charges]
    assert (charges[1].customer, charges[1].description) == (customer["id"], "B")
    assert client.v1.balance_transactions.list().data[0].created == NOON - 500
    assert client.v1.events.list({"type": "charge.succeeded"}).data[0].to_dict()["request"]["id"] is None
    stripe_sim.seed(ACCOUNT, "refunds", [{"charge": charges[0].id, "amount": 300}])
    assert client.v1.charges.retrieve(charges[0].id).amount_refunded == 300


def test_the_outside_world_can_edit_and_delete(client: Any, stripe_sim: StripeSimulator):
    made = client.v1.customers.create({"name": "Ann"})
    charge = stripe_sim.seed(ACCOUNT, "payments", [{"amount": 1000, "currency": "usd"}])[0]["latest_charge"]
    stripe_sim.seed(ACCOUNT, "customers", [{"id": made.id, "name": None, "phone": "1"}])
    stripe_sim.seed(ACCOUNT, "charges", [{"id": charge, "metadata": {"a": "1"}}])
    assert (client.v1.customers.retrieve(made.id).name, client.v1.customers.retrieve(made.id).phone) == (None, "1")
    assert client.v1.charges.retrieve(charge).metadata.to_dict() == {"a": "1"}
    stripe_sim.seed(ACCOUNT, "customers", [{"id": made.id, "deleted": True}])
    assert client.v1.customers.retrieve(made.id).deleted is True


@pytest.mark.parametrize(
    ("collection", "row"),
    [
        ("payments", {"amount": 1000}),
        ("payments", {"amount": 1, "currency": "usd"}),
        ("customers", {"id": "cus_new", "name": "A"}),
        ("charges", {"amount": 1}),
        ("charges", {}),
        ("prices", {"currency": "usd", "unit_amount": 1, "product": "none"}),
    ],
)
def test_the_outside_world_obeys_the_same_rules(stripe_sim: StripeSimulator, collection: str, row: dict[str, Any]):
    with pytest.raises(ValueError, match=r"refused|seed"):
        stripe_sim.seed(ACCOUNT, collection, [row])


def test_a_filter_finds_its_one_record_among_thousands():
    simulator = StripeSimulator(limits=UNLIMITED)
    simulator.register("sk_test_big", account_id="acct_big", name="Big")
    rows = [{"email": f"g{number}@example.com"} for number in range(5000)]
    last = simulator.seed("acct_big", "customers", rows)[-1]
    headers = {"authorization": "Bearer sk_test_big"}
    query = (("email", "g4999@example.com"),)
    answer = simulator.handle(Request("GET", "/v1/customers", query, headers, b""))
    assert [entry["id"] for entry in answer.body["data"]] == [last["id"]]
