"""Orders are in the store under the venue's ids, come to what was paid to the penny, and subscribe nobody."""

from decimal import Decimal
from typing import Any

import pytest

from sync_core.providers.mailchimp.contact import hash_of
from sync_core.providers.mailchimp.orders import OTHER
from tests.sync_core.providers.mailchimp.conftest import MailchimpAccount
from tests.sync_core.providers.mailchimp.writes import delete, order, product, update
from tests.sync_core.providers.outside import done, read_all, sought_of, write_one

ORDERS, PRODUCTS = "store_orders", "store_products"
ANN = "ann@x.example"


@pytest.fixture(autouse=True)
def products(mailchimp: MailchimpAccount) -> None:
    """Two things on sale."""
    for name in ("p1", "p2"):
        done(write_one(mailchimp.provider, PRODUCTS, product(name)))


def line(number: int, product_id: str | None, quantity: int, amount: float) -> dict[str, Any]:
    named = {} if product_id is None else {"product_id": product_id}
    return {"id": number, "quantity": quantity, "amount": amount, **named}


def shown(mailchimp: MailchimpAccount, order_id: str) -> Any:
    return mailchimp.at_mailchimp("GET", f"/ecommerce/stores/venue-sync-{mailchimp.list_id}/orders/{order_id}")


def test_an_order_is_one_request_and_its_customer_stays_unsubscribed(mailchimp: MailchimpAccount) -> None:
    before = sum(mailchimp.outside.counted().values())
    made = done(write_one(mailchimp.provider, ORDERS, order("o1", ANN, line(1, "p1", 2, 50), total=50)))
    assert sum(mailchimp.outside.counted().values()) == before + 1
    there = shown(mailchimp, "o1")
    assert made.record == there
    assert (there["financial_status"], there["order_total"], there["currency_code"]) == ("paid", 50, "USD")
    assert (there["customer"]["id"], there["customer"]["opt_in_status"]) == (hash_of(ANN), False)
    assert mailchimp.member(ANN)["status"] == "transactional"


@pytest.mark.parametrize("status", ["subscribed", "unsubscribed", "cleaned"])
def test_an_order_touches_nobodys_status(mailchimp: MailchimpAccount, status: str) -> None:
    mailchimp.add(ANN, status)
    made = done(write_one(mailchimp.provider, ORDERS, order("o1", ANN, line(1, "p1", 1, 25), total=25)))
    done(write_one(mailchimp.provider, ORDERS, update(made, {"order_total": 20, "customer.email_address": ANN})))
    assert mailchimp.member(ANN)["status"] == status


@pytest.mark.parametrize(
    ("amount", "pieces", "currency"), [(100.0, 3, "USD"), (0.01, 7, "EUR"), (1000, 3, "JPY"), (1.001, 2, "KWD")]
)
def test_price_times_pieces_less_discount_is_what_the_line_costs(
    mailchimp: MailchimpAccount, amount: float, pieces: int, currency: str
) -> None:
    mailchimp.at_mailchimp("PATCH", f"/ecommerce/stores/venue-sync-{mailchimp.list_id}", {"currency_code": currency})
    write = order("o1", ANN, line(1, "p1", pieces, amount), total=amount, currency=currency)
    done(write_one(mailchimp.bound(), ORDERS, write))
    (sold,) = shown(mailchimp, "o1")["lines"]
    price, discount = Decimal(str(sold["price"])), Decimal(str(sold["discount"]))
    assert price * sold["quantity"] - discount == Decimal(str(amount))
    decimals = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}[currency]
    assert all(one == round(one, decimals) for one in (price, discount))


def test_what_is_no_product_is_under_one_of_ours(mailchimp: MailchimpAccount) -> None:
    for name, lines in (("o1", [line(1, "p1", 1, 25), line(2, None, 1, 3)]), ("o2", []), ("o3", [])):
        done(write_one(mailchimp.provider, ORDERS, order(name, ANN, *lines, total=28)))
    assert [(one["product_id"], one["price"]) for one in shown(mailchimp, "o1")["lines"]] == [("p1", 25), (OTHER, 3)]
    assert [(one["product_id"], one["price"]) for one in shown(mailchimp, "o2")["lines"]] == [(OTHER, 28)]
    there = mailchimp.at_mailchimp("GET", f"/ecommerce/stores/venue-sync-{mailchimp.list_id}/products/{OTHER}")
    assert there["variants"][0]["visibility"] == "hidden"
    assert mailchimp.outside.counted()[f"PUT /3.0/ecommerce/stores/{{id}}/products/{OTHER}"] == 1


def test_a_change_of_lines_leaves_none_of_the_old_ones(mailchimp: MailchimpAccount) -> None:
    before = order("o1", ANN, line(1, "p1", 2, 50), line(2, "p2", 1, 25), line(3, "p2", 1, 25), total=100)
    made = done(write_one(mailchimp.provider, ORDERS, before))
    changes = {"order_total": 60, "lines": [line(1, "p2", 3, 60)]}
    done(write_one(mailchimp.bound(), ORDERS, update(made, changes, local_id="o1")))
    there = shown(mailchimp, "o1")
    assert [(one["id"], one["product_id"], one["quantity"], one["price"]) for one in there["lines"]] == [
        ("1", "p2", 3, 20)
    ]
    assert (there["order_total"], there["customer"]["email_address"]) == (60, ANN)
    done(write_one(mailchimp.bound(), ORDERS, update(made, {"lines": None}, local_id="o1")))
    assert [(one["product_id"], one["price"]) for one in shown(mailchimp, "o1")["lines"]] == [(OTHER, 60)]


def test_an_order_is_cancelled_and_stands_again(mailchimp: MailchimpAccount) -> None:
    made = done(write_one(mailchimp.provider, ORDERS, order("o1", ANN, line(1, "p1", 1, 25), total=25)))
    over = done(write_one(mailchimp.provider, ORDERS, update(made, {"financial_status": "cancelled"})))
    there = shown(mailchimp, "o1")
    assert (there["financial_status"], bool(there["cancelled_at_foreign"])) == ("cancelled", True)
    assert there["customer"]["orders_count"] == 0
    done(write_one(mailchimp.provider, ORDERS, update(over, {"financial_status": "paid"})))
    there = shown(mailchimp, "o1")
    assert (there["financial_status"], there["cancelled_at_foreign"]) == ("paid", "")
    assert there["customer"]["orders_count"] == 1


def test_a_customer_with_a_new_address_takes_the_order_along(mailchimp: MailchimpAccount) -> None:
    made = done(write_one(mailchimp.provider, ORDERS, order("o1", ANN, line(1, "p1", 1, 25), total=25)))
    done(write_one(mailchimp.provider, ORDERS, update(made, {"customer.email_address": "new@x.example"})))
    assert shown(mailchimp, "o1")["customer"]["email_address"] == "new@x.example"
    assert mailchimp.member("new@x.example")["status"] == "transactional"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "throttle"])
def test_a_disturbed_order_is_there_once(mailchimp: MailchimpAccount, kind: str) -> None:
    path = f"/3.0/ecommerce/stores/venue-sync-{mailchimp.list_id}/orders/*"
    mailchimp.outside.faults({"kind": kind, "status": 503, "path": path, "times": 2})
    made = done(write_one(mailchimp.provider, ORDERS, order("o1", ANN, line(1, "p1", 1, 25), total=25)))
    mailchimp.outside.faults({"kind": kind, "status": 503, "path": path, "times": 2})
    for _ in range(2):
        assert done(write_one(mailchimp.provider, ORDERS, delete(made))).deleted
    assert read_all(mailchimp.provider, ORDERS, None)[0] == []


def test_an_order_in_another_currency_or_of_an_unknown_product_stays_out(mailchimp: MailchimpAccount) -> None:
    foreign = order("o1", ANN, line(1, "p1", 1, 25), total=25, currency="EUR")
    assert write_one(mailchimp.provider, ORDERS, foreign).refused_code == "CURRENCY"
    unknown = order("o2", ANN, line(1, "gone", 1, 25), total=25)
    assert write_one(mailchimp.provider, ORDERS, unknown).refused_code == "BAD_REQUEST"
    made = done(write_one(mailchimp.provider, ORDERS, order("o3", ANN, line(1, "p1", 1, 25), total=25)))
    done(write_one(mailchimp.provider, ORDERS, delete(made)))
    assert write_one(mailchimp.provider, ORDERS, update(made, {"order_total": 1})).refused_code == "NOT_FOUND"


def test_orders_are_found_read_and_fetched_by_the_venues_ids(mailchimp: MailchimpAccount) -> None:
    names = ["a b?c", "é 100%", *(f"o{n}" for n in range(30))]
    for name in names:
        done(write_one(mailchimp.provider, ORDERS, order(name, ANN, line(1, "p1", 1, 25), total=25)))
    sought = [sought_of(order(name, ANN, total=25), mailchimp.clock) for name in ("a b?c", "é 100%", "none")]
    assert set(mailchimp.provider.find(ORDERS, sought)) == {"a b?c", "é 100%"}
    assert {one.id for one in read_all(mailchimp.provider, ORDERS, None)[0]} == set(names)
    for ids in (names[1:3], names[1:]):
        assert [one.id for one in mailchimp.provider.fetch(ORDERS, ids)] == ids
    assert mailchimp.provider.fetch(ORDERS, ["o77"])[0].deleted
