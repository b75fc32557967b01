"""Reports: computed from the company's own documents, for the period asked for, and refused rather than made up."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from quickbooks import QuickBooks

from tests.sync_sims.quickbooks.conftest import HandClock
from tests.sync_sims.quickbooks.lively import live
from tests.sync_sims.quickbooks.test_documents import spent

Ask = Callable[..., requests.Response]
Seed = Callable[..., dict[str, Any]]


@pytest.fixture
def lively(ask: Ask, seed: Seed) -> Ask:
    """Asks a company in which everything happened once."""
    live(seed)
    return ask


def amounts(report: dict[str, Any]) -> dict[str, str]:
    """The amount of every row and summary of a report, by its text."""
    found: dict[str, str] = {}

    def walk(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for data in (row.get("ColData"), row.get("Summary", {}).get("ColData")):
                if data:
                    found[data[0]["value"]] = data[1]["value"]
            walk(row.get("Rows", {}).get("Row", []))

    walk(report["Rows"]["Row"])
    return found


def test_the_reports_follow_from_the_books(lively: Ask):
    earned = amounts(lively("GET", "/reports/ProfitAndLoss").json())
    assert earned["Sales of Product Income"] == "25.00"
    assert (earned["Total Cost of Goods Sold"], earned["Gross Profit"]) == ("12.00", "13.00")
    assert (earned["Total Expenses"], earned["Net Income"]) == ("185.00", "-172.00")
    held = amounts(lively("GET", "/reports/BalanceSheet").json())
    assert held["Total ASSETS"] == held["Total Liabilities and Equity"]
    assert held["Net Income"] == "-172.00"
    assert amounts(lively("GET", "/reports/CustomerBalance").json()) == {"Ada": "-2.50", "TOTAL": "-2.50"}
    assert amounts(lively("GET", "/reports/VendorBalance").json()) == {"Acme": "100.00", "TOTAL": "100.00"}
    last_year = lively("GET", "/reports/ProfitAndLoss", params={"start_date": "2025-01-01", "end_date": "2025-12-31"})
    assert amounts(last_year.json())["Net Income"] == "0.00"


def test_debits_and_credits_are_equal(lively: Ask):
    rows = lively("GET", "/reports/TrialBalance").json()["Rows"]["Row"]
    sides = [[cell["value"] for cell in row["ColData"][1:]] for row in rows if "ColData" in row]
    debits, credits_ = (sum(float(side[number] or 0) for side in sides) for number in (0, 1))
    assert debits == pytest.approx(credits_)
    assert [cell["value"] for cell in rows[-1]["Summary"]["ColData"][1:]] == [f"{debits:.2f}"] * 2


def test_cash_at_the_end_of_a_month_is_cash_at_the_beginning_of_the_next(lively: Ask, seed: Seed):
    seed("purchases", AccountRef={"value": "35"}, PaymentType="Check", TxnDate="2026-06-20", Line=[spent(34)])
    june, july = (
        amounts(lively("GET", "/reports/CashFlow", params={"start_date": first, "end_date": last}).json())
        for first, last in (("2026-06-01", "2026-06-30"), ("2026-07-01", "2026-07-31"))
    )
    assert (june["Net cash increase for period"], june["Cash at end of period"]) == ("-34.00", "-34.00")
    assert july["Cash at beginning of period"] == "-34.00"
    held = {row["Name"]: row["CurrentBalance"] for row in accounts(lively)}
    assert float(july["Cash at end of period"]) == held["Checking"] + held["Undeposited Funds"]
    assert float(july["Net Income"]) == -172.0


def accounts(ask: Ask) -> list[dict[str, Any]]:
    return ask("GET", "/query", params={"query": "SELECT * FROM Account"}).json()["QueryResponse"]["Account"]


def test_the_sdk_reads_the_report_of_a_month(sdk: QuickBooks, lively: Ask):
    asked = {"start_date": "2026-07-01", "end_date": "2026-07-31"}
    report: Any = sdk.get_report("ProfitAndLoss", asked)
    assert (report["Header"]["StartPeriod"], report["Header"]["EndPeriod"]) == ("2026-07-01", "2026-07-31")
    assert amounts(report)["Net Income"] == "-172.00"


def test_a_report_of_nothing_says_so_and_one_of_something_changes_when_the_books_do(
    ask: Ask, seed: Seed, clock: HandClock
):
    def report() -> dict[str, Any]:
        return ask("GET", "/reports/BalanceSheet", params={"end_date": "2026-07-31"}).json()

    empty = report()
    clock.advance(60)
    again = report()
    assert {"Name": "NoReportData", "Value": "true"} in empty["Header"]["Option"]
    assert empty["Header"].pop("Time") < again["Header"].pop("Time")
    assert empty == again
    seed("purchases", AccountRef={"value": "41"}, PaymentType="CreditCard", Line=[spent(34)])
    spending = report()
    assert {"Name": "NoReportData", "Value": "false"} in spending["Header"]["Option"]
    assert amounts(spending)["Mastercard"] == "34.00"


@pytest.mark.parametrize(
    ("name", "params", "code"),
    [
        ("Dragons", {}, "500"),
        ("ProfitAndLoss", {"accounting_method": "Cash"}, "500"),
        ("ProfitAndLoss", {"summarize_column_by": "Month"}, "500"),
        ("BalanceSheet", {"date_macro": "Last Month"}, "500"),
        ("ProfitAndLoss", {"start_date": "soon"}, "2010"),
        ("CashFlow", {"start_date": "2026-07-01", "end_date": "2026-06-30"}, "2170"),
    ],
)
def test_a_report_that_is_not_simulated_is_refused(ask: Ask, name: str, params: dict[str, str], code: str):
    assert ask("GET", f"/reports/{name}", params=params).json()["Fault"]["Error"][0]["code"] == code
