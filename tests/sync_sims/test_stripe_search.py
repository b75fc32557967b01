"""Search at the simulated Stripe: its language, and how late it learns."""

from typing import Any

import pytest
import stripe

from sync_sims.stripe import StripeSimulator
from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.query import compiled
from tests.sync_sims.conftest import ACCOUNT, HandClock


def _found(client: Any, query: str, **more: Any):
    return [entry.name for entry in client.v1.customers.search({"query": query, **more}).data]


def test_a_new_record_is_found_only_after_the_index_has_caught_up(client: Any, hand_clock: HandClock):
    client.v1.customers.create({"name": "Ann", "email": "ann@example.com"})
    hand_clock.advance(59)
    assert _found(client, 'email:"ann@example.com"') == []
    hand_clock.advance(1)
    assert _found(client, 'email:"ann@example.com"') == ["Ann"]


def test_the_index_knows_the_old_state_of_a_changed_record_for_a_while(client: Any, hand_clock: HandClock):
    customer = client.v1.customers.create({"name": "Ann", "metadata": {"id": "1"}})
    hand_clock.advance(100)
    client.v1.customers.update(customer.id, {"metadata": {"id": "2"}})
    assert _found(client, 'metadata["id"]:"1"') == ["Ann"]
    assert _found(client, 'metadata["id"]:"2"') == []
    hand_clock.advance(60)
    assert _found(client, 'metadata["id"]:"1"') == []
    assert _found(client, 'metadata["id"]:"2"') == ["Ann"]


def test_a_deleted_record_is_not_found(client: Any, hand_clock: HandClock):
    customer = client.v1.customers.create({"name": "Ann"})
    hand_clock.advance(100)
    client.v1.customers.delete(customer.id)
    assert _found(client, "name:'Ann'") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name:'ANN lee'", ["Ann Lee"]),
        ('name~"lee"', ["Bea Lee", "Ann Lee"]),
        ("name~'lee' AND -name:'Ann Lee'", ["Bea Lee"]),
        ("name~'lee' email:'ann@example.com'", ["Ann Lee"]),
        ("name:'Ann Lee' OR name:'Cy \\'Z\\' Moe'", ["Cy 'Z' Moe", "Ann Lee"]),
        ("metadata['venue']:'7'", ["Bea Lee", "Ann Lee"]),
        ("-metadata['venue']:null", ["Bea Lee", "Ann Lee"]),
        ("metadata['venue']:null", ["Cy 'Z' Moe"]),
        ("email:null", ["Cy 'Z' Moe", "Bea Lee"]),
        ("created>1790000001", ["Cy 'Z' Moe"]),
        ("created>=1790000001 AND created<=1790000001", ["Bea Lee"]),
        ("created<1790000001", ["Ann Lee"]),
        ("created=1790000002", ["Cy 'Z' Moe"]),
    ],
)
def test_the_query_language(client: Any, hand_clock: HandClock, query: str, expected: Any):
    client.v1.customers.create({"name": "Ann Lee", "email": "ann@example.com", "metadata": {"venue": "7"}})
    hand_clock.advance(1)
    client.v1.customers.create({"name": "Bea Lee", "metadata": {"venue": "7"}})
    hand_clock.advance(1)
    client.v1.customers.create({"name": "Cy 'Z' Moe"})
    hand_clock.advance(60)
    assert _found(client, query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "",
        "name",
        "name:Ann Lee",
        "(name:'a')",
        "name:'a' AND email:'b' OR phone:'c'",
        "shoe:'42'",
        "name['a']:'b'",
        "metadata:'a'",
        "name>3",
        "created~'179'",
        "created:'soon'",
        "name~'ab'",
        "metadata['a']~'abc'",
        "name:'a'email:'b'",
        " AND ".join(["name:'a'"] * 11),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused(query: str):
    with pytest.raises(ApiError) as caught:
        compiled("customers", query)
    assert (caught.value.status, caught.value.param) == (400, "query")


def test_results_come_in_pages_and_count_themselves_on_request(
    client: Any, hand_clock: HandClock, stripe_sim: StripeSimulator
):
    stripe_sim.seed(ACCOUNT, "customers", [{"name": f"Guest {number}"} for number in range(25)])
    hand_clock.advance(60)
    page = client.v1.customers.search({"query": "name~'guest'", "limit": 10, "expand": ["total_count"]})
    assert (page.has_more, page.to_dict()["total_count"]) == (True, 25)
    names = [entry.name for entry in page.auto_paging_iter()]
    assert names == [f"Guest {number}" for number in range(24, -1, -1)]
    plain = client.v1.customers.search({"query": "name~'guest'", "limit": 25})
    assert (plain.has_more, plain.next_page, "total_count" in plain.to_dict()) == (False, None, False)
    for wrong in ("nonsense", "bm9wZQ==", "cGFnZTp4"):
        with pytest.raises(stripe.InvalidRequestError, match="Invalid page"):
            client.v1.customers.search({"query": "name~'guest'", "page": wrong})


def test_charges_products_prices_and_intents_can_be_searched_too(client: Any, hand_clock: HandClock):
    product = client.v1.products.create({"name": "Ticket", "default_price_data": {"currency": "usd", "unit_amount": 1}})
    card = {"confirm": True, "payment_method": "pm_card_visa"}
    intent = client.v1.payment_intents.create({"amount": 900, "currency": "usd", "metadata": {"o": "1"}, **card})
    hand_clock.advance(60)
    assert client.v1.products.search({"query": "active:'true' AND name:'ticket'"}).data[0].id == product.id
    assert client.v1.prices.search({"query": f"product:'{product.id}'"}).data[0].id == product.default_price
    assert client.v1.charges.search({"query": "amount>899 AND status:'succeeded'"}).data[0].id == intent.latest_charge
    assert client.v1.payment_intents.search({"query": "metadata['o']:'1'"}).data[0].id == intent.id
