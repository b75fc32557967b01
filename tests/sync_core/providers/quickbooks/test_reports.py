"""Reports by month: a year of them at first, later the months that may still change, each quiet while it stays the same."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Remote
from sync_core.providers.quickbooks.reports import Month, month_of
from tests.sync_core.providers.outside import Answering, read_all
from tests.sync_core.providers.quickbooks.conftest import QuickBooksCompany
from tests.sync_core.providers.quickbooks.test_spending import line

NAMES = {"ProfitAndLoss", "BalanceSheet", "CashFlow"}
YEAR = 365 * 24 * 3600


@pytest.fixture
def november(quickbooks: QuickBooksCompany) -> QuickBooksCompany:
    """A company on 20 November of next year."""
    now = quickbooks.clock.now()
    quickbooks.clock.advance((datetime(now.year + 1, 11, 20, 12, tzinfo=UTC) - now).total_seconds())
    return quickbooks


def read(company: QuickBooksCompany, cursor: Mapping[str, Any] | None) -> tuple[dict[str, Remote], Any]:
    records, after = read_all(company.provider, "reports", cursor)
    assert len({one.id for one in records}) == len(records)
    return {one.id: one for one in records}, after


def months(found: Mapping[str, Remote]) -> list[str]:
    return sorted({one.partition("-")[2] for one in found})


def spend(company: QuickBooksCompany, amount: float, day: str) -> None:
    bought = {"AccountRef": {"value": "41"}, "PaymentType": "CreditCard", "TxnDate": day, "Line": [line(amount)]}
    company.outside.seed("purchases", bought)


def test_the_first_reading_shows_thirteen_months_and_later_ones_this_and_the_last(november: QuickBooksCompany):
    year = november.clock.now().year
    found, cursor = read(november, None)
    assert months(found) == [f"{year - 1}-11", f"{year - 1}-12", *(f"{year}-{n:02}" for n in range(1, 12))]
    assert {one.partition("-")[0] for one in found} == NAMES
    assert months(read(november, cursor)[0]) == [f"{year}-10", f"{year}-11"]
    november.clock.advance(70 * 24 * 3600)
    later, after = read(november, cursor)
    assert months(later) == [f"{year}-11", f"{year}-12", f"{year + 1}-01"]
    november.clock.advance(YEAR * 3)
    assert len(months(read(november, after)[0])) == 13


def test_a_report_is_that_of_its_month_in_the_companys_books(november: QuickBooksCompany):
    year = november.clock.now().year
    spend(november, 34.5, f"{year}-10-31")
    spend(november, 10, f"{year}-11-01")
    found, _ = read(november, None)
    october = found[f"ProfitAndLoss-{year}-10"]
    header = october.record["Header"]
    assert (header["StartPeriod"], header["EndPeriod"], header["Currency"]) == (
        f"{year}-10-01",
        f"{year}-10-31",
        "USD",
    )
    assert net_income(october) == "-34.50"
    assert net_income(found[f"ProfitAndLoss-{year}-11"]) == "-10.00"
    assert net_income(found[f"ProfitAndLoss-{year}-09"]) == "0.00"


def net_income(report: Remote) -> str:
    (last,) = (row for row in report.record["Content"]["Rows"]["Row"] if row.get("group") == "NetIncome")
    return last["Summary"]["ColData"][1]["value"]


def test_an_unchanged_report_looks_the_same_whenever_it_is_made(november: QuickBooksCompany):
    year = november.clock.now().year
    first, cursor = read(november, None)
    november.clock.advance(3600)
    again, _ = read(november, cursor)
    assert {one: again[one].record for one in again} == {one: first[one].record for one in again}
    spend(november, 5, f"{year}-10-15")
    changed, _ = read(november, cursor)
    assert changed[f"ProfitAndLoss-{year}-10"].record != first[f"ProfitAndLoss-{year}-10"].record
    assert changed[f"ProfitAndLoss-{year}-11"].record == first[f"ProfitAndLoss-{year}-11"].record
    assert changed[f"BalanceSheet-{year}-11"].record != first[f"BalanceSheet-{year}-11"].record


def test_a_reading_that_was_cut_goes_on_at_its_month(november: QuickBooksCompany):
    pages = list(november.provider.read("reports", cursor=None))
    assert [page.last for page in pages] == [False] * 12 + [True]
    every = {one.id for page in pages for one in page.records}
    for place, page in enumerate(pages):
        rest, _ = read(november, page.cursor)
        assert {one.id for earlier in pages[: place + 1] for one in earlier.records} | set(rest) == every


@pytest.mark.parametrize("month", [None, "soon", 7, "2026-13", "9999-12", "2026-1", ["2026-10"]])
def test_a_cursor_that_names_no_month_of_the_past_reads_all(november: QuickBooksCompany, month: Any):
    assert len(months(read(november, {"month": month})[0])) == 13


def test_an_answer_that_is_no_report_is_refused_in_a_sentence(quickbooks: QuickBooksCompany):
    quickbooks.session.mount(quickbooks.outside.base, Answering({"QueryResponse": {}}))
    with pytest.raises(ProviderRefused, match="no ProfitAndLoss"):
        read(quickbooks, None)


def test_months_follow_each_other_over_the_years():
    assert str(Month(2026, 1).later(-1)) == "2025-12"
    assert str(Month(2025, 11).later(14)) == "2027-01"
    assert Month(2028, 2).days == ("2028-02-01", "2028-02-29")
    assert month_of("2026-10") == Month(2026, 10)
