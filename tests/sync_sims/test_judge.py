"""The judge finds every kind of difference that somebody could leave between a venue and its account."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync_sims.judge import Account, Unreadable, VenueSide, Verdict, judge
from sync_sims.server import running
from sync_sims.square import SquareSimulator
from sync_sims.stripe import StripeSimulator
from sync_sims.wire import UNLIMITED

STRIPE_KEY, SQUARE_KEY = "sk_test_judge123", "EAAAjudge123"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Rows = list[dict[str, Any]]
Ask = Callable[..., Any]

ADA: dict[str, Any] = {
    "id": "c-1",
    "given_name": "Ada",
    "family_name": "Lovelace",
    "company": None,
    "email": "ada@example.com",
    "phone": "+442079460000",
    "address_line1": "1 Square",
    "city": "London",
    "region": None,
    "postcode": "W1",
    "country": "gb",
}
SEAT = {"id": "p-1", "name": "Seat", "sku": "S1", "price_minor": 2500, "currency": "GBP", "active": True}
EMPTY: dict[str, Rows] = {
    name: []
    for name in (
        "customers",
        "products",
        "stock",
        "orders",
        "payments",
        "refunds",
        "payment_attempts",
        "balance_entries",
        "subscriptions",
        "invoices",
        "disputes",
        "loyalty_accounts",
    )
}


@pytest.fixture
def stripe_account() -> Iterator[Account]:
    simulator = StripeSimulator(limits=UNLIMITED, clock=NOON.timestamp, chance=random.Random(7))
    simulator.register(STRIPE_KEY, account_id="acct_1", name="Blue Note")
    with running(simulator) as base:
        yield Account("blue-note", "stripe", base, STRIPE_KEY)


@pytest.fixture
def square_account() -> Iterator[Account]:
    simulator = SquareSimulator(now=lambda: NOON, chance=random.Random(7), currency="GBP")
    simulator.register(SQUARE_KEY, account_id="ML1", name="Blue Note")
    with running(simulator) as base:
        yield Account("blue-note", "square", base, SQUARE_KEY)


def ask(account: Account, method: str, path: str, **how: Any) -> Any:
    answer = requests.request(
        method, f"{account.base}{path}", headers={"Authorization": f"Bearer {account.key}"}, timeout=10, **how
    )
    assert answer.ok, answer.text
    return answer.json()


def verdict(account: Account, **tables: Rows) -> Verdict:
    side = VenueSide(tables={**EMPTY, **tables})
    return judge([account], lambda _venue, _provider: side)


def problems(found: Verdict) -> list[tuple[str, str]]:
    return [(difference.what, difference.problem) for difference in found.differences]


def put_ada_into_stripe(account: Account, **other: str) -> str:
    fields = {
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+442079460000",
        "address[line1]": "1 Square",
        "address[city]": "London",
        "address[postal_code]": "W1",
        "address[country]": "GB",
        "metadata[venue_sync_id]": "c-1",
    }
    return ask(account, "POST", "/v1/customers", data={**fields, **other})["id"]


def put_ada_into_square(account: Account, **other: Any) -> dict[str, Any]:
    fields = {
        "given_name": "Ada",
        "family_name": "Lovelace",
        "email_address": "ada@example.com",
        "phone_number": "+442079460000",
        "address": {"address_line_1": "1 Square", "locality": "London", "postal_code": "W1", "country": "GB"},
        "reference_id": "c-1",
    }
    return ask(account, "POST", "/v2/customers", json={**fields, **other})["customer"]


def put_seat_into_stripe(account: Account, **other: str) -> str:
    fields = {
        "name": "Seat",
        "default_price_data[unit_amount]": "2500",
        "default_price_data[currency]": "gbp",
        "metadata[venue_sync_id]": "p-1",
    }
    return ask(account, "POST", "/v1/products", data={**fields, **other})["id"]


def put_seat_into_square(
    account: Account, *, amount: int = 2500, archived: bool = False, mark: str | None = "p-1"
) -> dict[str, Any]:
    variation = {
        "type": "ITEM_VARIATION",
        "id": "#v",
        "item_variation_data": {
            "name": "Regular",
            "sku": "S1",
            "pricing_type": "FIXED_PRICING",
            "price_money": {"amount": amount, "currency": "GBP"},
            "track_inventory": True,
            "user_data": mark,
        },
    }
    item = {
        "type": "ITEM",
        "id": "#i",
        "item_data": {"name": "Seat", "is_archived": archived, "variations": [variation]},
    }
    body = {"idempotency_key": f"seat-{random.random()}", "object": item}
    return ask(account, "POST", "/v2/catalog/object", json=body)["catalog_object"]


def seed(account: Account, collection: str, row: dict[str, Any]) -> dict[str, Any]:
    owner = {"stripe": "acct_1", "square": "ML1"}[account.provider]
    return ask(account, "POST", f"/_sim/accounts/{owner}/seed/{collection}", json={"rows": [row]})["objects"][0]


def sell_at_stripe(account: Account, order: str, *, amount: int = 2500) -> dict[str, Rows]:
    """Take money at Stripe and return what the venue's tables should then say."""
    row = {"amount": amount, "currency": "gbp", "metadata": {"order_id": order}}
    seed(account, "payments", row)
    intent = next(x for x in ask(account, "GET", "/v1/payment_intents")["data"] if x["metadata"]["order_id"] == order)
    charge = ask(account, "GET", f"/v1/charges/{intent['latest_charge']}")
    entry = next(x for x in ask(account, "GET", "/v1/balance_transactions")["data"] if x["source"] == charge["id"])
    common = {"provider": "stripe", "currency": "GBP"}
    return {
        "orders": [{**common, "id": order, "total_minor": amount}],
        "payments": [
            {
                **common,
                "id": charge["id"],
                "amount_minor": amount,
                "refunded_minor": 0,
                "status": "succeeded",
                "order_id": order,
            }
        ],
        "payment_attempts": [{**common, "id": intent["id"], "amount_minor": amount, "status": intent["status"]}],
        "balance_entries": [
            {
                **common,
                "id": entry["id"],
                "amount_minor": entry["amount"],
                "fee_minor": entry["fee"],
                "net_minor": entry["net"],
                "source": entry["source"],
            }
        ],
    }


def sell_at_square(account: Account, order: str, *, amount: int = 2500) -> dict[str, Rows]:
    seed(account, "payments", {"amount": amount, "currency": "GBP", "reference_id": order})
    payment = next(x for x in ask(account, "GET", "/v2/payments")["payments"] if x["reference_id"] == order)
    common = {"provider": "square", "currency": "GBP"}
    return {
        "orders": [{**common, "id": order, "total_minor": amount, "origin": "sale", "status": "completed"}],
        "payments": [
            {
                **common,
                "id": payment["id"],
                "amount_minor": amount,
                "refunded_minor": 0,
                "status": "succeeded",
                "order_id": order,
            }
        ],
    }


def test_two_empty_sides_are_equal(stripe_account: Account, square_account: Account) -> None:
    assert verdict(stripe_account).equal
    assert verdict(square_account).equal


def test_equal_customers_are_equal(stripe_account: Account, square_account: Account) -> None:
    put_ada_into_stripe(stripe_account)
    put_ada_into_square(square_account)
    assert verdict(stripe_account, customers=[ADA]).differences == ()
    found = verdict(square_account, customers=[ADA])
    assert found.differences == ()
    assert found.compared["square", "customer"] == 1


def test_a_missing_customer_is_found(stripe_account: Account, square_account: Account) -> None:
    assert problems(verdict(stripe_account, customers=[ADA])) == [("customer", "missing")]
    assert problems(verdict(square_account, customers=[ADA])) == [("customer", "missing")]


def test_an_extra_customer_is_found(stripe_account: Account, square_account: Account) -> None:
    put_ada_into_stripe(stripe_account)
    put_ada_into_square(square_account)
    assert problems(verdict(stripe_account)) == [("customer", "extra")]
    assert problems(verdict(square_account)) == [("customer", "extra")]


def test_a_doubled_customer_is_found(stripe_account: Account, square_account: Account) -> None:
    for _ in range(2):
        put_ada_into_stripe(stripe_account)
        put_ada_into_square(square_account)
    assert problems(verdict(stripe_account, customers=[ADA])) == [("customer", "doubled")]
    assert problems(verdict(square_account, customers=[ADA])) == [("customer", "doubled")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Ada Byron"}, "name"),
        ({"email": "a@example.com"}, "e-mail"),
        ({"phone": "1"}, "phone"),
        ({"address[line1]": "2 Square"}, "street"),
        ({"address[country]": "FR"}, "country"),
    ],
)
def test_a_field_that_differs_at_stripe_is_named(stripe_account: Account, change: dict[str, str], field: str) -> None:
    put_ada_into_stripe(stripe_account, **change)
    found = verdict(stripe_account, customers=[ADA])
    assert problems(found) == [("customer", "different")]
    assert f"{field} is" in found.differences[0].sentence


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"given_name": "Augusta"}, "given name"),
        ({"email_address": "a@example.com"}, "e-mail"),
        ({"phone_number": "+442079460999"}, "phone"),
        (
            {"address": {"address_line_1": "1 Square", "locality": "Paris", "postal_code": "W1", "country": "GB"}},
            "city",
        ),
    ],
)
def test_a_field_that_differs_at_square_is_named(square_account: Account, change: dict[str, Any], field: str) -> None:
    put_ada_into_square(square_account, **change)
    found = verdict(square_account, customers=[ADA])
    assert problems(found) == [("customer", "different")]
    assert f"{field} is" in found.differences[0].sentence


def test_every_page_is_read(stripe_account: Account, square_account: Account) -> None:
    people = [{**ADA, "id": f"c-{number}"} for number in range(230)]
    for person in people:
        put_ada_into_stripe(stripe_account, **{"metadata[venue_sync_id]": person["id"]})
        put_ada_into_square(square_account, reference_id=person["id"])
    assert verdict(stripe_account, customers=people).equal
    assert verdict(square_account, customers=people).equal
    assert verdict(square_account, customers=people[:-1]).found == 1


def test_equal_products_are_equal(stripe_account: Account, square_account: Account) -> None:
    put_seat_into_stripe(stripe_account)
    put_seat_into_square(square_account)
    assert verdict(stripe_account, products=[SEAT]).differences == ()
    assert verdict(square_account, products=[SEAT]).differences == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Chair"}, "name"),
        ({"default_price_data[unit_amount]": "2600"}, "price"),
        ({"default_price_data[currency]": "eur"}, "currency"),
        ({"active": "false"}, "active"),
    ],
)
def test_a_different_product_at_stripe_is_found(stripe_account: Account, change: dict[str, str], field: str) -> None:
    put_seat_into_stripe(stripe_account, **change)
    found = verdict(stripe_account, products=[SEAT])
    assert problems(found) == [("product", "different")]
    assert f"{field} is" in found.differences[0].sentence


def test_missing_extra_doubled_and_dearer_products_are_found(square_account: Account) -> None:
    assert problems(verdict(square_account, products=[SEAT])) == [("product", "missing")]
    put_seat_into_square(square_account, amount=2600)
    assert problems(verdict(square_account)) == [("product", "extra")]
    assert problems(verdict(square_account, products=[SEAT])) == [("product", "different")]
    put_seat_into_square(square_account)
    assert problems(verdict(square_account, products=[SEAT])) == [("product", "doubled")]


def test_an_archived_product_is_a_difference_unless_the_venue_deleted_it(
    stripe_account: Account, square_account: Account
) -> None:
    put_seat_into_stripe(stripe_account, active="false")
    put_seat_into_square(square_account, archived=True)
    gone = VenueSide(tables=EMPTY, deleted_products=[SEAT])
    for account in (stripe_account, square_account):
        assert problems(verdict(account, products=[SEAT])) == [("product", "different")]
        assert problems(verdict(account)) == [("product", "extra")]
        assert judge([account], lambda _venue, _provider: gone).equal


def test_stock_is_compared(square_account: Account) -> None:
    item = put_seat_into_square(square_account)
    variation = item["item_data"]["variations"][0]["id"]
    stock = [{"id": "p-1", "quantity": 7}]
    assert problems(verdict(square_account, products=[SEAT], stock=stock)) == [("stock", "missing")]
    seed(square_account, "inventory_changes", {"catalog_object_id": variation, "quantity": "7"})
    assert verdict(square_account, products=[SEAT], stock=stock).equal
    assert problems(verdict(square_account, products=[SEAT])) == [("stock", "extra")]
    fewer = [{"id": "p-1", "quantity": 6}]
    assert problems(verdict(square_account, products=[SEAT], stock=fewer)) == [("stock", "different")]


def test_sales_that_agree_are_equal(stripe_account: Account, square_account: Account) -> None:
    assert verdict(stripe_account, **sell_at_stripe(stripe_account, "o-1")).differences == ()
    assert verdict(square_account, **sell_at_square(square_account, "o-1")).differences == ()


@pytest.mark.parametrize("provider", ["stripe", "square"])
def test_an_order_without_its_payment_is_found(provider: str, stripe_account: Account, square_account: Account) -> None:
    account = {"stripe": stripe_account, "square": square_account}[provider]
    order = {"id": "o-9", "provider": provider, "total_minor": 100, "currency": "GBP", "status": "completed"}
    assert problems(verdict(account, orders=[order])) == [("order's payment", "missing")]
    assert verdict(account, orders=[{**order, "total_minor": 0}]).equal
    assert verdict(account, orders=[{**order, "provider": "door"}]).equal


@pytest.mark.parametrize(("provider", "sell"), [("stripe", sell_at_stripe), ("square", sell_at_square)])
def test_wrong_amounts_doubles_and_forgotten_payments_are_found(
    provider: str,
    sell: Callable[[Account, str], dict[str, Rows]],
    stripe_account: Account,
    square_account: Account,
) -> None:
    account = {"stripe": stripe_account, "square": square_account}[provider]
    tables = sell(account, "o-1")
    forgotten = verdict(account, **{**tables, "payments": []})
    assert problems(forgotten) == [("payment", "extra")]
    dearer = [{**tables["orders"][0], "total_minor": 2600}]
    assert problems(verdict(account, **{**tables, "orders": dearer})) == [("order's payment", "different")]
    wrong = [{**tables["payments"][0], "amount_minor": 1}]
    assert problems(verdict(account, **{**tables, "payments": wrong})) == [("payment", "different")]
    invented = [*tables["payments"], {**tables["payments"][0], "id": "made-up"}]
    assert problems(verdict(account, **{**tables, "payments": invented})) == [("payment", "missing")]
    sell(account, "o-1")  # the same order is paid twice
    assert ("order's payment", "doubled") in problems(verdict(account, **tables))


def test_refunds_at_stripe_are_compared(stripe_account: Account) -> None:
    tables = sell_at_stripe(stripe_account, "o-1")
    charge = tables["payments"][0]["id"]
    made = {"charge": charge, "amount": "500", "metadata[venue_sync_id]": "r-1"}
    ask(stripe_account, "POST", "/v1/refunds", data=made)
    refund = {
        "id": "r-1",
        "provider": "stripe",
        "amount_minor": 500,
        "currency": "GBP",
        "payment_id": charge,
        "reason": None,
    }
    paid_back = [{**tables["payments"][0], "refunded_minor": 500}]
    tables = {**tables, "payments": paid_back}

    def refund_problems(refunds: Rows) -> list[str]:
        found = verdict(stripe_account, **{**tables, "refunds": refunds})
        return [difference.problem for difference in found.differences if difference.what == "refund"]

    assert refund_problems([refund]) == []
    assert refund_problems([]) == ["extra"]
    assert refund_problems([{**refund, "amount_minor": 400}]) == ["different"]
    assert refund_problems([refund, {**refund, "id": "r-2"}]) == ["missing"]
    ask(stripe_account, "POST", "/v1/refunds", data=made)
    assert refund_problems([refund]) == ["doubled"]


def test_refunds_at_square_are_compared(square_account: Account) -> None:
    tables = sell_at_square(square_account, "o-1")
    payment = tables["payments"][0]["id"]
    seed(square_account, "refunds", {"payment_id": payment, "amount": 500, "reason": "rain"})
    refund = {
        "id": "r-1",
        "provider": "square",
        "amount_minor": 500,
        "currency": "GBP",
        "payment_id": payment,
        "reason": "rain",
    }
    tables = {**tables, "payments": [{**tables["payments"][0], "refunded_minor": 500}]}
    assert verdict(square_account, **tables, refunds=[refund]).equal
    assert problems(verdict(square_account, **tables)) == [("refund", "extra")]
    wrong = verdict(square_account, **tables, refunds=[{**refund, "amount_minor": 400}])
    assert sorted(problems(wrong)) == [("refund", "extra"), ("refund", "missing")]


def test_stripes_books_are_compared(stripe_account: Account) -> None:
    tables = sell_at_stripe(stripe_account, "o-1")
    fees = [{**tables["balance_entries"][0], "fee_minor": 1}]
    assert problems(verdict(stripe_account, **{**tables, "balance_entries": fees})) == [("balance entry", "different")]
    assert problems(verdict(stripe_account, **{**tables, "payment_attempts": []})) == [("payment attempt", "extra")]


def test_a_record_in_dead_letters_is_excused_and_counted(stripe_account: Account) -> None:
    side = VenueSide(tables={**EMPTY, "customers": [ADA]}, excused=frozenset({("customers", "c-1")}))
    found = judge([stripe_account], lambda _venue, _provider: side)
    assert (found.equal, found.excused) == (True, 1)
    other = replace(side, excused=frozenset({("products", "c-1")}))
    assert judge([stripe_account], lambda _venue, _provider: other).found == 1


def test_a_product_that_began_at_square_is_known_by_squares_id(square_account: Account) -> None:
    item = put_seat_into_square(square_account, mark=None)
    assert sorted(problems(verdict(square_account, products=[SEAT]))) == [("product", "extra"), ("product", "missing")]
    side = VenueSide(tables={**EMPTY, "products": [SEAT]}, known_products={item["id"]: "p-1"})
    assert judge([square_account], lambda _venue, _provider: side).equal


def test_a_customer_that_began_at_the_provider_is_known_by_the_providers_id(stripe_account: Account) -> None:
    remote = put_ada_into_stripe(stripe_account, **{"metadata[venue_sync_id]": ""})
    side = VenueSide(tables={**EMPTY, "customers": [ADA]}, known={remote: "c-1"})
    assert judge([stripe_account], lambda _venue, _provider: side).equal


def test_only_the_first_differences_are_kept_and_all_are_counted(stripe_account: Account) -> None:
    side = VenueSide(tables={**EMPTY, "customers": [{**ADA, "id": f"c-{n}"} for n in range(9)]})
    found = judge([stripe_account], lambda _venue, _provider: side, shown=2)
    assert (found.found, len(found.differences)) == (9, 2)


def test_an_account_that_cannot_be_read_is_no_verdict(stripe_account: Account) -> None:
    stranger = replace(stripe_account, key="sk_test_unknown")
    with pytest.raises(Unreadable, match="answers 401") as raised:
        verdict(stranger)
    assert "sk_test_unknown" not in str(raised.value)
    assert "sk_test" not in repr(stranger)


def at_the_till(account: Account) -> dict[str, Rows]:
    """A sale of two pieces, and the same at the venue."""
    line = {"quantity": "2", "name": "Programme", "base_price_money": {"amount": 500, "currency": "GBP"}}
    seed(account, "orders", {"line_items": [line]})
    location = ask(account, "GET", "/v2/locations")["locations"][0]["id"]
    (order,) = ask(account, "POST", "/v2/orders/search", json={"location_ids": [location]})["orders"]
    row = {"id": order["id"], "provider": "square", "origin": "sale", "status": "open", "total_minor": 1000}
    lines = [{"description": "Programme", "quantity": 2, "amount_minor": 1000}]
    return {"orders": [{**row, "currency": "GBP", "ordered_at": NOON, "lines": lines}]}


def test_an_order_at_square_that_the_venue_has_alike_is_equal_and_any_other_is_not(square_account: Account) -> None:
    tables = at_the_till(square_account)
    assert verdict(square_account, **tables).equal
    assert problems(verdict(square_account)) == [("order", "extra")]
    (row,) = tables["orders"]
    for wrong in ({"status": "canceled"}, {"total_minor": 999}, {"lines": []}):
        assert problems(verdict(square_account, orders=[{**row, **wrong}])) == [("order", "different")]
    assert problems(verdict(square_account, orders=[row, {**row, "id": "another"}])) == [("order", "missing")]


def test_points_that_the_venue_does_not_know_of_are_found(square_account: Account) -> None:
    seed(square_account, "loyalty_accounts", {"phone_number": "+442079460101", "points": 4})
    (there,) = ask(square_account, "POST", "/v2/loyalty/accounts/search", json={})["loyalty_accounts"]
    row = {"id": there["id"], "provider": "square", "points": 4, "lifetime_points": 4, "phone": "+442079460101"}
    row |= {"customer_id": None}
    assert verdict(square_account, loyalty_accounts=[row]).equal
    assert problems(verdict(square_account, loyalty_accounts=[{**row, "points": 3}])) == [
        ("loyalty account", "different")
    ]
    assert problems(verdict(square_account)) == [("loyalty account", "extra")]
