"""Products are in a store of the audience's own, under the venue's ids, in the store's currency."""

from typing import Any

import pytest

from sync_core.errors import ConfigurationError
from tests.sync_core.providers.mailchimp.conftest import MailchimpAccount
from tests.sync_core.providers.mailchimp.writes import delete, product, update
from tests.sync_core.providers.outside import done, read_all, sought_of, write_one

PRODUCTS = "store_products"


def shown(mailchimp: MailchimpAccount, product_id: str) -> Any:
    return mailchimp.at_mailchimp("GET", f"/ecommerce/stores/venue-sync-{mailchimp.list_id}/products/{product_id}")


def test_the_store_is_made_with_the_first_product_and_only_then(mailchimp: MailchimpAccount) -> None:
    for provider in (mailchimp.provider, mailchimp.bound()):
        for name in ("p1", "p2"):
            done(write_one(provider, PRODUCTS, product(name)))
    assert mailchimp.outside.counted()["POST /3.0/ecommerce/stores"] == 1
    (store,) = mailchimp.at_mailchimp("GET", "/ecommerce/stores")["stores"]
    assert (store["list_id"], store["currency_code"]) == (mailchimp.list_id, "USD")


def test_a_product_has_one_variant_with_its_id_and_price(mailchimp: MailchimpAccount) -> None:
    done(write_one(mailchimp.provider, PRODUCTS, product("p1", **{"variants[0].price": 19.99})))
    there = shown(mailchimp, "p1")
    (variant,) = there["variants"]
    assert (there["title"], there["type"]) == ("Play p1", "ticket")
    assert {name: variant[name] for name in ("id", "title", "sku", "price", "visibility")} == {
        "id": "p1",
        "title": "Play p1",
        "sku": "SKU-p1",
        "price": 19.99,
        "visibility": "visible",
    }


def test_an_update_touches_only_what_it_names(mailchimp: MailchimpAccount) -> None:
    made = done(write_one(mailchimp.provider, PRODUCTS, product("p1", description="Old")))
    changes = {"title": "New", "description": None, "variants[0].price": 30, "variants[0].visibility": False}
    done(write_one(mailchimp.provider, PRODUCTS, update(made, changes)))
    there = shown(mailchimp, "p1")
    (variant,) = there["variants"]
    assert (there["title"], there["description"], there["type"]) == ("New", "", "ticket")
    assert (variant["title"], variant["price"], variant["visibility"], variant["sku"]) == (
        "New",
        30,
        "hidden",
        "SKU-p1",
    )
    done(write_one(mailchimp.provider, PRODUCTS, update(made, {"variants[0].price": None})))
    assert shown(mailchimp, "p1")["variants"][0]["price"] == 0


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "throttle"])
def test_a_disturbed_product_is_there_once(mailchimp: MailchimpAccount, kind: str) -> None:
    for path in ("/3.0/ecommerce/stores", f"/3.0/ecommerce/stores/venue-sync-{mailchimp.list_id}/products"):
        mailchimp.outside.faults({"kind": kind, "status": 503, "path": path, "times": 2})
        done(write_one(mailchimp.provider, PRODUCTS, product("p1")))
    assert [one["id"] for one in mailchimp.outside.objects("products")] == ["p1"]


def test_a_product_in_another_currency_stays_out(mailchimp: MailchimpAccount) -> None:
    made = done(write_one(mailchimp.provider, PRODUCTS, product("p1")))
    foreign = write_one(mailchimp.provider, PRODUCTS, product("p2", **{"store.currency_code": "EUR"}))
    changed = write_one(mailchimp.bound(), PRODUCTS, update(made, {"store.currency_code": "EUR"}))
    assert (foreign.refused_code, changed.refused_code) == ("CURRENCY", "CURRENCY")
    assert "USD" in (foreign.refused_reason or "")


def test_a_deletion_is_final_and_may_be_repeated(mailchimp: MailchimpAccount) -> None:
    made = done(write_one(mailchimp.provider, PRODUCTS, product("p1")))
    for _ in range(2):
        assert done(write_one(mailchimp.provider, PRODUCTS, delete(made))).deleted
    assert write_one(mailchimp.provider, PRODUCTS, update(made, {"title": "x"})).refused_code == "NOT_FOUND"
    assert read_all(mailchimp.provider, PRODUCTS, None)[0] == []


def test_ids_with_any_character_are_found_again(mailchimp: MailchimpAccount) -> None:
    for name in ("b?c#d&e=f", "é 100%"):
        done(write_one(mailchimp.provider, PRODUCTS, product(name)))
    sought = [sought_of(product(name), mailchimp.clock) for name in ("b?c#d&e=f", "é 100%", "none")]
    assert set(mailchimp.provider.find(PRODUCTS, sought)) == {"b?c#d&e=f", "é 100%"}
    assert {one.id for one in read_all(mailchimp.provider, PRODUCTS, None)[0]} == {"b?c#d&e=f", "é 100%"}


def test_an_entity_that_there_is_not_is_a_mistake_of_ours(mailchimp: MailchimpAccount) -> None:
    with pytest.raises(ConfigurationError, match="coupons"):
        write_one(mailchimp.provider, "coupons", product("p1"))
