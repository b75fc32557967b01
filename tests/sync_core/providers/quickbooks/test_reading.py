"""What is read: everything once, then what changed, nothing twice for ever and nothing passed over."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from sync_core.errors import ProviderRefused, TransientError
from sync_core.providers.quickbooks import reading
from tests.sync_core.providers.outside import Answering, done, read_all, write_many, write_one
from tests.sync_core.providers.quickbooks.conftest import QuickBooksCompany
from tests.sync_core.providers.quickbooks.writes import create_customer, create_item, create_receipt, delete, update


def people(quickbooks: QuickBooksCompany, count: int) -> list[str]:
    ids: list[str] = []
    for start in range(0, count, 30):
        writes = [create_customer(f"L{n}") for n in range(start, min(start + 30, count))]
        ids += [done(one).id for one in write_many(quickbooks.provider, "customers", "create", writes)]
    return ids


def endpoints(quickbooks: QuickBooksCompany) -> set[str]:
    return {endpoint.rpartition("/")[2] for endpoint in quickbooks.outside.counted()}


def test_the_first_reading_shows_everything_and_later_ones_what_changed(quickbooks: QuickBooksCompany):
    ids = people(quickbooks, 40)
    quickbooks.clock.advance(120)
    records, cursor = read_all(quickbooks.provider, "customers", None)
    assert [one.id for one in records] == ids
    assert "cdc" not in endpoints(quickbooks)
    quickbooks.clock.advance(3600)
    write_one(quickbooks.provider, "customers", update(records[7], "u", {"Notes": "changed"}))
    changed, cursor = read_all(quickbooks.provider, "customers", cursor)
    assert [(one.id, one.record["Notes"]) for one in changed] == [(ids[7], "changed")]
    quickbooks.clock.advance(3600)
    _, cursor = read_all(quickbooks.provider, "customers", cursor)
    assert read_all(quickbooks.provider, "customers", cursor)[0] == []
    assert "cdc" in endpoints(quickbooks)


def test_a_change_of_the_last_minute_is_read_again_rather_than_missed(quickbooks: QuickBooksCompany):
    (first,) = people(quickbooks, 1)
    _, cursor = read_all(quickbooks.provider, "customers", None)
    quickbooks.clock.advance(30)
    assert [one.id for one in read_all(quickbooks.provider, "customers", cursor)[0]] == [first]


def test_inactive_customers_and_deleted_receipts_are_told_of(quickbooks: QuickBooksCompany):
    customer = done(write_one(quickbooks.provider, "customers", create_customer("L1")))
    receipt = done(write_one(quickbooks.provider, "sales_receipts", create_receipt("o1")))
    cursors = {name: read_all(quickbooks.provider, name, None)[1] for name in ("customers", "sales_receipts")}
    quickbooks.clock.advance(3600)
    write_one(quickbooks.provider, "customers", delete(customer, "d1"))
    write_one(quickbooks.provider, "sales_receipts", delete(receipt, "d2", local_id="o1"))
    for name, known in (("customers", customer), ("sales_receipts", receipt)):
        (gone,), _ = read_all(quickbooks.provider, name, cursors[name])
        assert (gone.id, gone.deleted) == (known.id, True)
    (inactive,), _ = read_all(quickbooks.provider, "customers", None)
    assert inactive.deleted


def test_pages_are_walked_to_the_end_even_when_all_changed_in_one_second(
    quickbooks: QuickBooksCompany, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "_STEP_BACK", 2)
    monkeypatch.setattr(reading, "MOST_OBJECTS", 10)
    ids = people(quickbooks, 35)
    quickbooks.clock.advance(5)
    later = done(write_one(quickbooks.provider, "customers", create_customer("later")))
    pages = list(quickbooks.provider.read("customers", cursor=None))
    assert {one.id for page in pages for one in page.records} == {*ids, later.id}
    assert len(pages) > 3
    for place, page in enumerate(pages[:-1]):
        rest, _ = read_all(quickbooks.provider, "customers", page.cursor)
        seen = {one.id for earlier in pages[: place + 1] for one in earlier.records}
        assert seen | {one.id for one in rest} == {*ids, later.id}


def test_a_customer_that_changes_while_we_read_pushes_nobody_off_the_next_page(
    quickbooks: QuickBooksCompany, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "MOST_OBJECTS", 10)
    made = []
    for number in range(25):
        made.append(done(write_one(quickbooks.provider, "customers", create_customer(f"L{number}"))))
        quickbooks.clock.advance(2)
    pages = quickbooks.provider.read("customers", cursor=None)
    first = next(pages)
    for place in range(5):
        write_one(quickbooks.provider, "customers", update(made[place], f"u{place}", {"Notes": "x"}))
    seen = {one.id for one in first.records} | {one.id for page in pages for one in page.records}
    assert seen == {one.id for one in made}


def test_more_changes_than_change_data_shows_are_read_by_query(
    quickbooks: QuickBooksCompany, monkeypatch: pytest.MonkeyPatch
):
    _, cursor = read_all(quickbooks.provider, "customers", None)
    quickbooks.clock.advance(3600)
    ids = people(quickbooks, 25)
    monkeypatch.setattr(reading, "MOST_OBJECTS", 10)
    monkeypatch.setattr(reading, "_STEP_BACK", 2)
    records, after = read_all(quickbooks.provider, "customers", cursor)
    assert {one.id for one in records} == set(ids)
    assert {"cdc", "query"} <= endpoints(quickbooks)
    assert set(after) == {"since"}


def test_a_cursor_older_than_change_data_reaches_is_read_by_query(quickbooks: QuickBooksCompany):
    people(quickbooks, 3)
    quickbooks.clock.advance(120)
    _, cursor = read_all(quickbooks.provider, "customers", None)
    quickbooks.clock.advance(timedelta(days=31).total_seconds())
    late = done(write_one(quickbooks.provider, "customers", create_customer("late")))
    records, _ = read_all(quickbooks.provider, "customers", cursor)
    assert [one.id for one in records] == [late.id]
    assert "cdc" not in endpoints(quickbooks)


@pytest.mark.parametrize(
    "cursor",
    [
        {},
        {"since": "yesterday"},
        {"since": None},
        {"page": 3},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"since": "9999-12-31T23:59:59Z"},
        {"since": None, "started": "9999-12-31T23:59:59Z", "at": None, "skip": 5},
    ],
)
def test_a_cursor_that_says_nothing_reads_everything_again(quickbooks: QuickBooksCompany, cursor: Mapping[str, Any]):
    ids = people(quickbooks, 3)
    assert [one.id for one in read_all(quickbooks.provider, "customers", cursor)[0]] == ids


def test_pages_that_go_in_circles_end(quickbooks: QuickBooksCompany, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MOST_OBJECTS", 2)
    stamp = {"LastUpdatedTime": "2026-05-05T02:05:12-07:00"}
    customers = [{"Id": str(number), "SyncToken": "0", "MetaData": stamp} for number in range(2)]
    quickbooks.session.mount(quickbooks.outside.base, Answering({"QueryResponse": {"Customer": customers}}))
    with pytest.raises(ProviderRefused, match="circles"):
        read_all(quickbooks.provider, "customers", None)


def test_a_fault_in_an_answer_200_is_a_fault(quickbooks: QuickBooksCompany):
    fault = {"Error": [{"Message": "Oops", "Detail": "Oh no", "code": "10000"}], "type": "SystemFault"}
    quickbooks.session.mount(quickbooks.outside.base, Answering({"Fault": fault}))
    with pytest.raises(TransientError, match="Oh no"):
        read_all(quickbooks.provider, "customers", None)


def test_payments_and_refunds_are_read(quickbooks: QuickBooksCompany):
    customer = done(write_one(quickbooks.provider, "customers", create_customer("L1")))
    item = done(write_one(quickbooks.provider, "items", create_item("p1")))
    (paid,) = quickbooks.outside.seed("payments", {"CustomerRef": {"value": customer.id}, "TotalAmt": 100})
    line = {"Amount": 42.4, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": item.id}}}
    quickbooks.outside.seed("refundreceipts", {"Line": [line], "DepositToAccountRef": {"value": "35"}})
    (payment,), cursor = read_all(quickbooks.provider, "payments", None)
    (refund,), _ = read_all(quickbooks.provider, "refund_receipts", None)
    assert (payment.record["TotalAmt"], payment.record["CustomerRef"]["value"]) == (100, customer.id)
    assert refund.record["TotalAmt"] == 42.4
    quickbooks.clock.advance(3600)
    version = {"Id": paid["Id"], "SyncToken": paid["SyncToken"], "sparse": True}
    quickbooks.by_hand("POST", "payment", version, operation="update", include="void")
    (voided,), _ = read_all(quickbooks.provider, "payments", cursor)
    assert (voided.record["TotalAmt"], voided.record["status"], voided.deleted) == (0, "Voided", False)


def test_a_fault_in_change_data_is_a_fault(quickbooks: QuickBooksCompany):
    _, cursor = read_all(quickbooks.provider, "customers", None)
    fault = {"Error": [{"Message": "No", "Detail": "Not supported", "code": "500"}], "type": "ValidationFault"}
    quickbooks.session.mount(
        quickbooks.outside.base, Answering({"CDCResponse": [{"QueryResponse": []}, {"Fault": fault}]})
    )
    with pytest.raises(ProviderRefused, match="Not supported"):
        read_all(quickbooks.provider, "customers", cursor)
