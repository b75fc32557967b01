from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from sync_core.providers.protocol import Account, Write
from tests.sync_core.providers.outside import Answering, done, read_all, sought_of, write_one
from tests.sync_core.providers.square.conftest import SquareAccount
from tests.sync_core.providers.square.writes import create_customer


def refund(payment_id: str, amount: int, *, local_id: str = "R1") -> Write:
    fields = {
        "payment_id": payment_id,
        "amount_money.amount": amount,
        "amount_money.currency": "USD",
        "reason": "Show cancelled",
    }
    return Write(
        operation="create", local_id=local_id, key=f"a-rather-long-key-of-the-intent-{local_id}", fields=fields
    )


@pytest.fixture
def payment(square: SquareAccount) -> str:
    return square.outside.seed("payments", {"amount": 5000, "currency": "USD"})[0]["id"]


def test_the_account_is_named_as_its_owner_names_it(square: SquareAccount):
    assert square.provider.account() == Account(id="acct_venue7", name="Hall 7")


def test_payments_of_all_years_are_read_and_then_what_changed(square: SquareAccount):
    old = square.outside.seed("payments", {"amount": 700, "currency": "USD", "created_at": "2021-03-01T10:00:00Z"})[0][
        "id"
    ]
    square.outside.seed("payments", *({"amount": 100 + n, "currency": "USD"} for n in range(120)))
    records, cursor = read_all(square.provider, "payments", None)
    assert len(records) == 121
    assert old in {one.id for one in records}
    square.clock.advance(600)
    square.outside.seed("refunds", {"payment_id": old, "amount": 200})
    changed, _ = read_all(square.provider, "payments", cursor)
    assert [one.record["refunded_money"]["amount"] for one in changed if one.id == old] == [200]


class TwoHalls(HTTPAdapter):
    """A seller with two locations, each with two pages of one payment; without a location only the first is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        url = urlsplit(request.url)
        query = dict(parse_qsl(url.query))
        body: dict[str, Any] = {"locations": [{"id": "OLD", "status": "INACTIVE"}, {"id": "HALL", "status": "ACTIVE"}]}
        if url.path == "/v2/payments":
            place, page = query.get("location_id", "HALL"), query.get("cursor", "1")
            self.asked.append(f"{place} {page}")
            body = {"payments": [{"id": f"{place}-{page}", "updated_at": "2026-11-20T10:00:00Z"}]}
            if page == "1":
                body["cursor"] = "2"
        return Answering(body).send(request)


def test_payments_of_every_location_are_read_and_a_reading_cut_short_goes_on(square: SquareAccount):
    halls = TwoHalls()
    square.session.mount(square.outside.base, halls)
    pages = square.provider.read("payments", cursor=None)
    first, second = next(pages), next(pages)
    rest, cursor = read_all(square.provider, "payments", second.cursor)
    ids = [one.id for one in [*first.records, *second.records, *rest]]
    assert ids == ["HALL-1", "HALL-2", "OLD-1", "OLD-2"]
    assert halls.asked == ["HALL 1", "HALL 2", "OLD 1", "OLD 2"]
    assert set(cursor) == {"since"}


def test_refunds_are_read_when_they_are_made(square: SquareAccount, payment: str):
    records, cursor = read_all(square.provider, "refunds", None)
    assert records == []
    square.outside.seed("refunds", {"payment_id": payment, "amount": 200})
    changed, cursor = read_all(square.provider, "refunds", cursor)
    assert [one.record["amount_money"]["amount"] for one in changed] == [200]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "throttle"])
def test_a_refund_disturbed_once_is_made_once(square: SquareAccount, payment: str, kind: str):
    square.outside.faults({"kind": kind, "status": 503, "path": "/v2/refunds", "method": "POST", "times": 1})
    first = done(write_one(square.provider, "refunds", refund(payment, 2000)))
    assert done(write_one(square.provider, "refunds", refund(payment, 2000))).id == first.id
    assert [one["amount_money"]["amount"] for one in square.outside.objects("refunds")] == [2000]


def test_a_refund_of_too_much_is_refused_with_the_reason(square: SquareAccount, payment: str):
    outcome = write_one(square.provider, "refunds", refund(payment, 9000))
    assert outcome.remote is None
    assert outcome.refused_code == "REFUND_AMOUNT_INVALID"


def test_refunds_in_doubt_are_found_one_for_each(square: SquareAccount, payment: str):
    writes = [refund(payment, 1000, local_id=f"R{n}") for n in range(3)]
    sought = [sought_of(write, square.clock) for write in writes]
    assert square.provider.find("refunds", sought) == {}
    made = {done(write_one(square.provider, "refunds", write)).id for write in writes[:2]}
    found = square.provider.find("refunds", sought)
    assert {one.id for one in found.values()} == made
    assert len(found) == 2


@pytest.mark.parametrize(("entity", "operation"), [("payments", "create"), ("refunds", "update")])
def test_what_square_does_not_offer_is_refused(square: SquareAccount, entity: str, operation: str):
    given = create_customer("L1")
    write = Write(operation="create", local_id="L1", key="k1", fields=given.fields)
    if operation == "update":
        write = Write(operation="update", local_id="L1", key="k1", fields=given.fields, remote_id="R")
    assert write_one(square.provider, entity, write).refused_code == "UNSUPPORTED"


def test_payments_are_never_sought(square: SquareAccount):
    assert square.provider.find("payments", [sought_of(create_customer("L1"), square.clock)]) == {}
    assert square.provider.find("customers", []) == {}
