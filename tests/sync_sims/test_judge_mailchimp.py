"""The judge finds every kind of difference that somebody could leave between a venue and its Mailchimp audience."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync_sims.judge import Account, VenueSide, Verdict, judge
from sync_sims.judge_mailchimp import OTHER
from sync_sims.judge_money import major
from sync_sims.mailchimp import MailchimpSimulator
from sync_sims.server import running

KEY = "0123456789abcdef0123456789abcdef-us19"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
Rows = list[dict[str, Any]]
TAGS = ("VENUEID", "STREET", "CITY", "REGION", "POSTCODE", "COUNTRY")

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
MERGED = {
    "VENUEID": "c-1",
    "FNAME": "Ada",
    "LNAME": "Lovelace",
    "PHONE": "+442079460000",
    "STREET": "1 Square",
    "CITY": "London",
    "POSTCODE": "W1",
    "COUNTRY": "GB",
}
SEAT: dict[str, Any] = {
    "id": "p-1",
    "name": "Seat",
    "description": None,
    "kind": "ticket",
    "sku": "S1",
    "price_minor": 2500,
    "currency": "GBP",
    "active": True,
}


@pytest.fixture
def account() -> Iterator[Account]:
    simulator = MailchimpSimulator(clock=NOON.timestamp, chance=random.Random(7))
    simulator.register(KEY, account_id="acct-1", name="Blue Note")
    with running(simulator) as base:
        account = Account("blue-note", "mailchimp", base, KEY)
        for tag in TAGS:
            ask(account, "POST", f"/lists/{audience(account)}/merge-fields", tag=tag, name=tag, type="text")
        yield account


def ask(account: Account, method: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {account.key}"}
    answer = requests.request(method, f"{account.base}/3.0{path}", headers=headers, json=body or None, timeout=10)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def audience(account: Account) -> str:
    return ask(account, "GET", "/lists")["lists"][0]["id"]


def put_ada(account: Account, *, address: str = "ada@example.com", status: str = "transactional", **merged: str) -> str:
    where = f"/lists/{audience(account)}/members"
    fields = {**MERGED, **merged}
    return ask(account, "POST", where, email_address=address, status=status, merge_fields=fields)["contact_id"]


def put_seat(account: Account, *, currency: str = "GBP", title: str = "Seat", **variant: Any) -> None:
    stores = ask(account, "GET", "/ecommerce/stores")["stores"]
    if not stores:
        ask(
            account,
            "POST",
            "/ecommerce/stores",
            id="store-1",
            list_id=audience(account),
            name="Blue Note",
            currency_code=currency,
        )
    one = {"id": "p-1", "title": title, "sku": "S1", "price": 25, "visibility": "visible", **variant}
    ask(account, "POST", "/ecommerce/stores/store-1/products", id="p-1", title=title, type="ticket", variants=[one])


def verdict(account: Account, *, sold: Rows | None = None, mailed: Rows | None = None, **side: Any) -> Verdict:
    here = {"customers": side.pop("customers", []), "products": side.pop("products", [])}
    tables = {**here, "orders": sold or [], "campaigns": mailed or []}
    return judge([account], lambda _venue, _provider: VenueSide(tables=tables, **side))


def problems(found: Verdict) -> list[tuple[str, str]]:
    return [(difference.what, difference.problem) for difference in found.differences]


def test_two_empty_sides_are_equal(account: Account) -> None:
    assert verdict(account).equal


def test_equal_members_and_products_are_equal(account: Account) -> None:
    put_ada(account)
    put_seat(account)
    found = verdict(account, customers=[ADA], products=[SEAT])
    assert found.differences == ()
    assert {what: count for (_, what), count in found.compared.items() if count} == {"member": 1, "store product": 1}


def test_missing_and_extra_members_are_found(account: Account) -> None:
    assert problems(verdict(account, customers=[ADA])) == [("member", "missing")]
    put_ada(account)
    assert problems(verdict(account)) == [("member", "extra")]


def test_a_customer_without_an_address_is_not_looked_for(account: Account) -> None:
    assert verdict(account, customers=[{**ADA, "email": None}, {**ADA, "email": " "}]).equal


def test_a_customer_with_two_contacts_is_doubled(account: Account) -> None:
    put_ada(account)
    put_ada(account, address="ada@example.org")
    assert problems(verdict(account, customers=[ADA])) == [("member", "doubled")]


def test_an_archived_member_is_missing(account: Account) -> None:
    contact = put_ada(account)
    ask(account, "DELETE", f"/lists/{audience(account)}/members/{contact}")
    assert problems(verdict(account, customers=[ADA])) == [("member", "missing")]


def test_of_two_customers_with_one_address_the_one_in_dead_letters_is_excused(account: Account) -> None:
    put_ada(account)
    both = [ADA, {**ADA, "id": "c-2", "given_name": "Byron"}]
    assert problems(verdict(account, customers=both)) == [("member", "missing")]
    excused = verdict(account, customers=both, excused=frozenset({("members", "c-2")}))
    assert (excused.equal, excused.excused) == (True, 1)
    assert not verdict(account, customers=both, excused=frozenset({("store_products", "c-2")})).equal


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"FNAME": "Augusta"}, "given name"),
        ({"LNAME": "Byron"}, "family name"),
        ({"COMPANY": "Engines"}, "company"),
        ({"PHONE": "1"}, "phone"),
        ({"STREET": "2 Square"}, "street"),
        ({"CITY": "Paris"}, "city"),
        ({"REGION": "X"}, "region"),
        ({"POSTCODE": "W2"}, "postcode"),
        ({"COUNTRY": "FR"}, "country"),
        ({"address": "a@example.com"}, "e-mail"),
    ],
)
def test_a_field_that_differs_is_named(account: Account, change: dict[str, str], field: str) -> None:
    put_ada(account, **change)
    found = verdict(account, customers=[ADA])
    assert problems(found) == [("member", "different")]
    assert f"{field} is" in found.differences[0].sentence


def test_whoever_unsubscribed_must_still_be_unsubscribed(account: Account) -> None:
    contact = put_ada(account)
    gone = frozenset({"c-1"})
    assert problems(verdict(account, customers=[ADA], unsubscribed=gone)) == [("member", "different")]
    ask(account, "PATCH", f"/lists/{audience(account)}/members/{contact}", status="unsubscribed")
    assert verdict(account, customers=[ADA], unsubscribed=gone).equal
    assert verdict(account, customers=[ADA]).equal


def test_a_member_that_began_at_mailchimp_is_known_by_its_id(account: Account) -> None:
    contact = put_ada(account, VENUEID="")
    assert not verdict(account, customers=[ADA]).equal
    assert verdict(account, customers=[ADA], known={contact: "c-1"}).equal


def test_every_page_is_read(account: Account) -> None:
    people = [{**ADA, "id": f"c-{number}", "email": f"ada{number}@example.com"} for number in range(1203)]
    where = f"/lists/{audience(account)}"
    for start in range(0, len(people), 500):
        rows = people[start : start + 500]
        members = [
            {"email_address": p["email"], "status": "transactional", "merge_fields": {**MERGED, "VENUEID": p["id"]}}
            for p in rows
        ]
        ask(account, "POST", where, members=members)
    assert verdict(account, customers=people).equal
    assert verdict(account, customers=people[:-1]).found == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "Chair"}, "name"),
        ({"price": 26}, "price"),
        ({"sku": "S2"}, "article number"),
        ({"visibility": "hidden"}, "active"),
        ({"currency": "EUR"}, "currency"),
    ],
)
def test_a_different_product_is_found(account: Account, change: dict[str, Any], field: str) -> None:
    put_seat(account, **change)
    found = verdict(account, products=[SEAT])
    assert problems(found) == [("store product", "different")]
    assert f"{field} is" in found.differences[0].sentence


def test_missing_and_extra_products_are_found(account: Account) -> None:
    assert problems(verdict(account, products=[SEAT])) == [("store product", "missing")]
    put_seat(account)
    assert problems(verdict(account)) == [("store product", "extra")]


def test_a_product_without_a_price_costs_nothing(account: Account) -> None:
    put_seat(account, price=0)
    assert verdict(account, products=[{**SEAT, "price_minor": None}]).equal


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(2550, "GBP", "25.5"), (2550, "JPY", "2550"), (2550, "KWD", "2.55"), (0, "EUR", "0")],
)
def test_amounts_have_the_digits_of_their_currency(minor: int, currency: str, text: str) -> None:
    assert f"{major(minor, currency):f}" == text


ORDER: dict[str, Any] = {
    "id": "o-1",
    "customer_id": "c-1",
    "origin": "sale",
    "status": "completed",
    "total_minor": 5300,
    "currency": "GBP",
    "ordered_at": NOON,
    "lines": [
        {"line": 1, "product_id": "p-1", "quantity": 2, "amount_minor": 5000},
        {"line": 2, "product_id": None, "quantity": 1, "amount_minor": 300},
    ],
}


def put_order(account: Account, **changes: Any) -> None:
    lines = [
        {"id": "1", "product_id": "p-1", "product_variant_id": "p-1", "quantity": 2, "price": 25.01, "discount": 0.02},
        {"id": "2", "product_id": OTHER, "product_variant_id": OTHER, "quantity": 1, "price": 3},
    ]
    other = {"id": OTHER, "title": "Other", "variants": [{"id": OTHER, "title": "Other"}]}
    ask(account, "POST", "/ecommerce/stores/store-1/products", **other)
    order = {
        "id": "o-1",
        "customer": {"id": "x", "email_address": "ada@example.com", "opt_in_status": False},
        "currency_code": "GBP",
        "order_total": 53,
        "financial_status": "paid",
        "processed_at_foreign": NOON.isoformat(),
        "lines": lines,
        **changes,
    }
    ask(account, "POST", "/ecommerce/stores/store-1/orders", **order)


def test_equal_orders_are_equal_and_a_field_that_differs_is_named(account: Account) -> None:
    put_ada(account)
    put_seat(account)
    put_order(account)
    here: dict[str, Any] = {"customers": [ADA], "products": [SEAT]}
    assert verdict(account, **here, sold=[ORDER]).equal
    other_total = verdict(account, **here, sold=[{**ORDER, "total_minor": 5400}])
    assert (problems(other_total), "total is" in other_total.differences[0].sentence) == (
        [("store order", "different")],
        True,
    )
    fewer = verdict(account, **here, sold=[{**ORDER, "lines": ORDER["lines"][:1]}])
    assert "lines is" in fewer.differences[0].sentence
    assert problems(verdict(account, **here)) == [("store order", "extra")]


def test_an_order_is_looked_for_once_its_customer_and_products_are_there(account: Account) -> None:
    put_ada(account)
    here: dict[str, Any] = {"customers": [ADA]}
    assert verdict(account, **here, sold=[ORDER]).equal
    put_seat(account)
    here["products"] = [SEAT]
    assert verdict(account, **here, sold=[{**ORDER, "customer_id": "c-9"}, {**ORDER, "currency": "EUR"}]).equal
    assert problems(verdict(account, **here, sold=[ORDER])) == [("store order", "missing")]
    assert verdict(account, **here, sold=[ORDER], excused=frozenset({("store_orders", "o-1")})).equal


def test_mailings_are_compared_with_their_figures(account: Account) -> None:
    rows = [{"id": "m-1", "title": "Spring", "emails_sent": 9, "opens_total": 4, "total_revenue": 12.5}]
    seed = f"{account.base}/_sim/accounts/acct-1/seed/campaigns"
    requests.post(seed, json={"rows": rows}, timeout=10).raise_for_status()
    mailing = {
        "id": "m-1",
        "provider": "mailchimp",
        "title": "Spring",
        "type": "regular",
        "status": "sent",
        "emails_sent": 9,
        "opens": 4,
        "unique_clicks": 0,
        "revenue_minor": 1250,
        "currency": "USD",
        "variants": [],
    }
    assert verdict(account, mailed=[mailing]).equal
    assert problems(verdict(account, mailed=[{**mailing, "opens": 5}])) == [("mailing", "different")]
    assert problems(verdict(account)) == [("mailing", "extra")]
