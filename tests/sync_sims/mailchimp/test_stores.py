"""Stores, products, customers, orders and carts."""

from typing import Any

import pytest

from sync_sims.mailchimp import MailchimpSimulator
from tests.sync_sims.mailchimp.conftest import ACCOUNT, Ask, HandClock

STORE = "/ecommerce/stores/hall"


def order(number: str = "o1", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "customer": {"id": "c1", "email_address": "ada@hall.test", "opt_in_status": False, "first_name": "Ada"},
        "currency_code": "USD",
        "order_total": 29.5,
        "lines": [
            {"id": "1", "product_id": "stalls", "product_variant_id": "adult", "quantity": 1, "price": 20},
            {"id": "2", "product_id": "stalls", "product_variant_id": "child", "quantity": 1, "price": 9.5},
        ],
        **more,
    }


def test_a_store_belongs_to_its_list_for_good(sdk: Any, ask: Ask, audience: str):
    body = {"id": "hall", "list_id": audience, "name": "Hall", "currency_code": "EUR"}
    assert sdk.ecommerce.add_store(body)["address"]["city"] == ""
    again = ask("POST", "/ecommerce/stores", body)
    assert (again.status, again.body["detail"]) == (400, "A store with the provided ID already exists in the account.")
    changed = ask("PATCH", STORE, {"is_syncing": True, "list_id": "other", "address": {"city": "Leeds"}}).body
    assert (changed["is_syncing"], changed["list_id"], changed["address"]["city"]) == (True, audience, "Leeds")
    assert ask("POST", "/ecommerce/stores", {**body, "id": "two", "list_id": "nolist"}).status == 400
    assert sdk.ecommerce.stores()["total_items"] == 1
    assert ask("DELETE", STORE).status == 204
    assert ask("GET", STORE).status == 404


def test_a_product_is_made_of_variants(sdk: Any, ask: Ask, store: str, clock: HandClock):
    shown = sdk.ecommerce.get_store_product(store, "stalls")
    assert shown["currency_code"] == "USD"
    assert [(row["id"], row["price"], row["sku"]) for row in shown["variants"]] == [
        ("adult", 20, ""),
        ("child", 9.5, ""),
    ]
    clock.forward(5)
    path = f"{STORE}/products/stalls/variants"
    changed = ask("PUT", f"{path}/adult", {"id": "adult", "title": "Adult", "price": 21}).body
    assert changed["updated_at"] > changed["created_at"]
    assert ask("PUT", f"{path}/vip", {"id": "vip", "title": "VIP"}).body["inventory_quantity"] == 0
    assert ask("PUT", f"{path}/new", {"price": 1}).status == 400
    assert ask("POST", path, {"id": "vip", "title": "VIP"}).status == 400
    assert ask("PATCH", f"{path}/child", {"price": 10}).body["price"] == 10
    assert ask("DELETE", f"{path}/child").status == 204
    assert [row["id"] for row in ask("GET", path).body["variants"]] == ["adult", "vip"]
    assert ask("DELETE", f"{path}/vip").status == 204
    assert ask("DELETE", f"{path}/adult").body["detail"] == "A product must have at least one variant."


def test_a_product_is_created_once_changed_in_part_and_deleted(ask: Ask, store: str, simulator: MailchimpSimulator):
    variants = [{"id": "a", "title": "A"}]
    again = ask("POST", f"{STORE}/products", {"id": "stalls", "title": "S", "variants": variants})
    assert (again.status, again.body["title"]) == (400, "Bad Request")
    assert ask("POST", f"{STORE}/products", {"id": "p", "title": "P"}).status == 400
    assert ask("POST", f"{STORE}/products", {"id": "p", "title": "P", "variants": []}).status == 400
    assert ask("PATCH", f"{STORE}/products/stalls", {"vendor": "Hall"}).body["title"] == "Stalls"
    assert ask("PUT", f"{STORE}/products/p", {"id": "p", "title": "P", "variants": variants}).body["handle"] == ""
    assert ask("PUT", f"{STORE}/products/p", {"title": "Q"}).body["variants"][0]["id"] == "a"
    assert ask("GET", f"{STORE}/products").body["total_items"] == 2
    assert ask("DELETE", f"{STORE}/products/p").status == 204
    assert ask("GET", f"{STORE}/products/p").status == 404
    removed = [row["id"] for row in simulator.objects(ACCOUNT, "products") if row.get("is_deleted")]
    assert removed == ["p"]


@pytest.mark.parametrize(("opted_in", "status"), [(True, "subscribed"), (False, "transactional")])
def test_a_new_customer_becomes_a_member(ask: Ask, store: str, audience: str, opted_in: bool, status: str):
    body = {"id": "c1", "email_address": "ada@hall.test", "opt_in_status": opted_in, "first_name": "Ada"}
    made = ask("PUT", f"{STORE}/customers/c1", body).body
    assert (made["orders_count"], made["total_spent"]) == (0, 0)
    member = ask("GET", f"/lists/{audience}/members/ada@hall.test").body
    assert (member["status"], member["merge_fields"]["FNAME"]) == (status, "Ada")


def test_a_customer_never_changes_the_status_of_a_member(
    ask: Ask, store: str, audience: str, simulator: MailchimpSimulator
):
    simulator.seed(ACCOUNT, "members", [{"email_address": "ada@hall.test", "status": "unsubscribed"}])
    body = {"id": "c1", "email_address": "ada@hall.test", "opt_in_status": True}
    assert ask("POST", f"{STORE}/customers", body).status == 200
    assert ask("GET", f"/lists/{audience}/members/ada@hall.test").body["status"] == "unsubscribed"
    assert ask("POST", f"{STORE}/customers", body).status == 400
    assert ask("GET", f"{STORE}/customers", email_address="ADA@hall.test").body["total_items"] == 1
    assert ask("PATCH", f"{STORE}/customers/c1", {"company": "Engines"}).body["company"] == "Engines"
    assert ask("PUT", f"{STORE}/customers/{'x' * 51}", {**body, "id": "x" * 51}).status == 400
    assert ask("DELETE", f"{STORE}/customers/c1").status == 204
    assert ask("GET", f"/lists/{audience}/members/ada@hall.test").status == 200


def test_an_order_counts_for_its_customer_until_it_is_cancelled(sdk: Any, ask: Ask, store: str):
    made = sdk.ecommerce.add_store_order(store, order())
    assert [line["product_variant_title"] for line in made["lines"]] == ["Adult", "Child"]
    assert made["customer"]["orders_count"] == 1
    assert made["cancelled_at_foreign"] == ""
    assert "tracking_code" not in made
    ask("POST", f"{STORE}/orders", order("o2", order_total=0.1, financial_status="paid"))
    assert ask("GET", f"{STORE}/customers/c1").body["total_spent"] == 29.6
    cancelled = ask("PATCH", f"{STORE}/orders/o1", {"cancelled_at_foreign": "2026-09-22T00:00:00Z"}).body
    assert cancelled["customer"]["orders_count"] == 1
    assert ask("DELETE", f"{STORE}/orders/o2").status == 204
    customer = ask("GET", f"{STORE}/customers/c1").body
    assert (customer["orders_count"], customer["total_spent"]) == (0, 0)


def test_an_order_needs_its_products_and_is_created_once(ask: Ask, store: str):
    unknown = order()
    unknown["lines"][0]["product_id"] = "circle"
    assert ask("POST", f"{STORE}/orders", unknown).body["title"] == "Bad Request"
    wrong = order()
    wrong["lines"][0]["product_variant_id"] = "dog"
    assert ask("POST", f"{STORE}/orders", wrong).status == 400
    assert ask("PUT", f"{STORE}/orders/o1", order()).status == 200
    assert ask("POST", f"{STORE}/orders", order()).status == 400
    assert ask("PUT", f"{STORE}/orders/o1", {"financial_status": "refunded"}).body["order_total"] == 29.5


def test_orders_of_all_stores_can_be_filtered_by_customer_and_campaign_but_not_by_time(sdk: Any, ask: Ask, store: str):
    ask("POST", f"{STORE}/orders", order("o1", campaign_id="spring"))
    other = {"id": "c2", "email_address": "bob@hall.test", "opt_in_status": True}
    ask("POST", f"{STORE}/orders", order("o2", customer=other))

    def found(**query: str) -> list[str]:
        return [row["id"] for row in ask("GET", "/ecommerce/orders", **query).body["orders"]]

    assert [row["id"] for row in sdk.ecommerce.orders()["orders"]] == ["o1", "o2"]
    assert found(customer_id="c2") == ["o2"]
    assert found(campaign_id="spring") == ["o1"]
    assert found(has_outreach="true") == ["o1"]
    assert found(since_processed="2030-01-01T00:00:00Z") == ["o1", "o2"]
    assert ask("GET", f"{STORE}/orders", customer_id="c1").body["total_items"] == 1


def test_what_is_sold_in_person_is_seeded(ask: Ask, store: str, simulator: MailchimpSimulator):
    made = simulator.seed(ACCOUNT, "orders", [order(processed_at_foreign="2026-02-03T04:05:06Z")])[0]
    assert made["processed_at_foreign"] == "2026-02-03T04:05:06+00:00"
    assert simulator.seed(ACCOUNT, "orders", [{"id": "o1", "financial_status": "refunded"}])[0]["order_total"] == 29.5
    simulator.seed(ACCOUNT, "orders", [{"id": "o1", "is_deleted": True}])
    assert ask("GET", f"{STORE}/orders/o1").status == 404
    cart = {**order("cart1"), "checkout_url": "https://hall.test/cart"}
    simulator.seed(ACCOUNT, "carts", [cart])
    carts = ask("GET", f"{STORE}/carts").body
    assert (carts["total_items"], carts["carts"][0]["customer"]["id"]) == (1, "c1")
    assert ask("GET", f"{STORE}/carts/cart1").body["lines"][0]["product_title"] == "Stalls"
    with pytest.raises(ValueError, match="does not exist in this store"):
        simulator.seed(ACCOUNT, "orders", [order("o9", lines=[{**order()["lines"][0], "product_id": "none"}])])
