"""Products and prices of the simulated Stripe."""

from decimal import Decimal
from typing import Any

import pytest
import stripe

from tests.sync_sims.conftest import HandClock


def _types(client: Any):
    return [event.type for event in client.v1.events.list({"limit": 100}).data]


def test_a_product_keeps_the_id_its_maker_chose_and_nobody_else_can_have_it(client: Any):
    created = client.v1.products.create({"id": "venue1-ticket", "name": "Ticket"})
    assert (created.id, created.active, created.default_price) == ("venue1-ticket", True, None)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.products.create({"id": "venue1-ticket", "name": "Other"})
    assert (caught.value.http_status, caught.value.code) == (400, "resource_already_exists")


def test_a_product_may_come_with_its_default_price(client: Any):
    product = client.v1.products.create(
        {
            "name": "Ticket",
            "default_price_data": {"currency": "EUR", "unit_amount": 2500, "metadata": {"tier": "gold"}},
            "expand": ["default_price.product"],
        }
    )
    price = product.default_price
    assert (price.unit_amount, price.unit_amount_decimal, price.currency) == (2500, Decimal(2500), "eur")
    assert (price.type, price.product.id, price.metadata["tier"]) == ("one_time", product.id, "gold")
    assert set(_types(client)) == {"product.created", "price.created", "product.updated"}


def test_an_update_leaves_out_what_it_does_not_name(client: Any, hand_clock: HandClock):
    product = client.v1.products.create({"name": "Ticket", "description": "Row 1", "metadata": {"a": "1", "b": "2"}})
    hand_clock.advance(10)
    updated = client.v1.products.update(
        product.id,
        {"active": False, "description": "", "metadata": {"b": "", "c": "3"}, "images": ["https://x.test/1"]},
    )
    assert (updated.name, updated.active, updated.description) == ("Ticket", False, None)
    assert updated.metadata.to_dict() == {"a": "1", "c": "3"}
    assert updated.updated == product.updated + 10
    event = client.v1.events.list({"type": "product.updated"}).data[0].to_dict()
    assert event["data"]["previous_attributes"] == {
        "active": True,
        "description": "Row 1",
        "images": [],
        "metadata": {"b": "2", "c": None},
        "updated": product.updated,
    }
    assert client.v1.products.update(product.id, {"metadata": ""}).metadata.to_dict() == {}


def test_the_default_price_must_be_the_products_own_and_active(client: Any):
    first = client.v1.products.create({"name": "A", "default_price_data": {"currency": "usd", "unit_amount": 1}})
    second = client.v1.products.create({"name": "B"})
    with pytest.raises(stripe.InvalidRequestError, match="does not belong"):
        client.v1.products.update(second.id, {"default_price": first.default_price})
    dearer = client.v1.prices.create({"currency": "usd", "unit_amount": 2, "product": first.id})
    assert client.v1.products.update(first.id, {"default_price": dearer.id}).default_price == dearer.id
    with pytest.raises(stripe.InvalidRequestError, match="default price"):
        client.v1.prices.update(dearer.id, {"active": False})
    client.v1.products.update(first.id, {"default_price": ""})
    assert client.v1.prices.update(dearer.id, {"active": False}).active is False


def test_only_a_product_without_prices_can_be_deleted(client: Any):
    bare = client.v1.products.create({"name": "A"})
    priced = client.v1.products.create({"name": "B", "default_price_data": {"currency": "usd", "unit_amount": 1}})
    deleted = client.v1.products.delete(bare.id)
    assert (deleted.id, deleted.deleted) == (bare.id, True)
    with pytest.raises(stripe.InvalidRequestError, match="user-created prices"):
        client.v1.products.delete(priced.id)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.products.retrieve(bare.id)
    assert caught.value.http_status == 404
    assert [product.id for product in client.v1.products.list().data] == [priced.id]


def test_a_price_never_changes_its_amount(client: Any):
    product = client.v1.products.create({"name": "A"})
    price = client.v1.prices.create({"currency": "jpy", "unit_amount": 500, "product": product.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.update(price.id, {"unit_amount": 600})
    assert (caught.value.code, caught.value.param) == ("parameter_unknown", "unit_amount")
    assert client.v1.prices.update(price.id, {"nickname": "Early", "metadata": {"a": "1"}}).nickname == "Early"


@pytest.mark.parametrize(
    ("given", "amount", "spelled"),
    [
        ({"unit_amount": 0}, 0, Decimal(0)),
        ({"unit_amount_decimal": "12.5"}, None, Decimal("12.5")),
        ({"unit_amount_decimal": "1200.0"}, 1200, Decimal(1200)),
    ],
)
def test_a_price_may_have_a_fraction_of_a_minor_unit(client: Any, given: dict[str, Any], amount: Any, spelled: Decimal):
    product = client.v1.products.create({"name": "A"})
    price = client.v1.prices.create({"currency": "usd", "product": product.id, **given})
    assert (price.unit_amount, price.unit_amount_decimal) == (amount, spelled)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"product": "prod_none", "unit_amount": 1},
        {"product_data": {"name": "A"}, "product": "x", "unit_amount": 1},
        {"product_data": {"name": "A"}},
        {"product_data": {"name": "A"}, "unit_amount": 1, "unit_amount_decimal": "1"},
        {"product_data": {"name": "A"}, "unit_amount_decimal": "-1"},
        {"product_data": {"name": "A"}, "unit_amount_decimal": "a lot"},
    ],
)
def test_a_price_needs_one_product_and_one_amount(client: Any, given: dict[str, Any]):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.create({"currency": "usd", **given})
    assert caught.value.http_status == 400


def test_a_price_can_bring_its_product_and_recur(client: Any):
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "product_data": {"name": "Season pass"},
            "recurring": {"interval": "month"},
            "expand": ["product"],
        }
    )
    assert (price.product.name, price.type, price.recurring.interval_count) == ("Season pass", "recurring", 1)


def test_a_lookup_key_belongs_to_one_price_and_can_be_handed_over(client: Any):
    product = client.v1.products.create({"name": "A"})
    terms = {"currency": "usd", "product": product.id, "lookup_key": "gold"}
    old = client.v1.prices.create({**terms, "unit_amount": 1})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.create({**terms, "unit_amount": 2})
    assert caught.value.param == "lookup_key"
    new = client.v1.prices.create({**terms, "unit_amount": 2, "transfer_lookup_key": True})
    assert client.v1.prices.retrieve(old.id).lookup_key is None
    assert [price.id for price in client.v1.prices.list({"lookup_keys": ["gold"]}).data] == [new.id]


def test_prices_are_listed_by_product_currency_kind_and_state(client: Any):
    product = client.v1.products.create({"name": "A"})
    other = client.v1.products.create({"name": "B"})
    usd = client.v1.prices.create({"currency": "usd", "unit_amount": 1, "product": product.id})
    eur = client.v1.prices.create({"currency": "eur", "unit_amount": 1, "product": product.id})
    monthly = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1, "product": other.id, "recurring": {"interval": "month"}}
    )
    client.v1.prices.update(eur.id, {"active": False})

    def ids(**filters: Any):
        return [price.id for price in client.v1.prices.list(filters).data]

    assert ids() == [monthly.id, usd.id]
    assert ids(active=False) == [eur.id]
    assert ids(product=product.id) == [usd.id]
    assert ids(currency="usd", type="one_time") == [usd.id]
    assert ids(recurring={"interval": "month"}) == [monthly.id]


def test_products_are_listed_by_ids_and_state(client: Any):
    made = [client.v1.products.create({"id": f"p{number}", "name": "A", "active": number != 1}) for number in range(3)]
    assert [product.id for product in client.v1.products.list({"ids": ["p0", "p1", "p9"]}).data] == ["p1", "p0"]
    assert [product.id for product in client.v1.products.list({"ids": ["p0", "p1"], "active": True}).data] == ["p0"]
    assert [product.id for product in client.v1.products.list({"active": True}).data] == [made[2].id, made[0].id]
