"""Objects by their ids: as they are now, in the order asked for, and none left out that is gone."""

import pytest

from sync_core.errors import ProviderRefused
from sync_core.providers.quickbooks import fetching
from tests.sync_core.providers.outside import done, read_all, write_many, write_one
from tests.sync_core.providers.quickbooks.conftest import QuickBooksCompany
from tests.sync_core.providers.quickbooks.writes import create_customer, create_receipt, delete


def people(quickbooks: QuickBooksCompany, count: int) -> list[str]:
    writes = [create_customer(f"L{number}") for number in range(count)]
    return [done(one).id for one in write_many(quickbooks.provider, "customers", "create", writes)]


def test_objects_come_as_a_reading_shows_them_in_the_order_asked_for(
    quickbooks: QuickBooksCompany, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fetching, "_MOST_IDS", 5)
    ids = people(quickbooks, 12)[::-1]
    read = {one.id: one for one in read_all(quickbooks.provider, "customers", None)[0]}
    before = sum(quickbooks.outside.counted().values())

    found = quickbooks.provider.fetch("customers", [*ids, ids[0]])

    assert found == [read[one] for one in [*ids, ids[0]]]
    assert sum(quickbooks.outside.counted().values()) - before == 3


def test_what_was_deleted_made_inactive_or_never_was_is_told_as_gone(quickbooks: QuickBooksCompany):
    customer = done(write_one(quickbooks.provider, "customers", create_customer("L1")))
    receipt = done(write_one(quickbooks.provider, "sales_receipts", create_receipt("o1")))
    write_one(quickbooks.provider, "customers", delete(customer, "d1"))
    write_one(quickbooks.provider, "sales_receipts", delete(receipt, "d2", local_id="o1"))

    (inactive, never) = quickbooks.provider.fetch("customers", [customer.id, "999"])
    (deleted,) = quickbooks.provider.fetch("sales_receipts", [receipt.id])

    assert [(one.id, one.deleted) for one in (inactive, never, deleted)] == [
        (customer.id, True),
        ("999", True),
        (receipt.id, True),
    ]


def test_a_report_is_computed_anew_and_one_that_there_is_not_is_gone(quickbooks: QuickBooksCompany):
    known = {one.id: one for one in read_all(quickbooks.provider, "reports", None)[0]}
    first = next(iter(known))
    shown, unknown, odd = quickbooks.provider.fetch("reports", [first, "Dragons-2026-10", "CashFlow-soon"])
    assert (shown.id, shown.record, shown.deleted) == (first, known[first].record, False)
    assert (unknown.deleted, odd.deleted) == (True, True)


@pytest.mark.parametrize("text", ["", "1' OR Id > '0", "٣", "abc"])
def test_an_id_that_quickbooks_does_not_give_never_gets_into_a_query(quickbooks: QuickBooksCompany, text: str):
    with pytest.raises(ProviderRefused, match="not an id"):
        quickbooks.provider.fetch("customers", [text])
    assert quickbooks.outside.counted() == {}
