"""Reports from the books, on accrual basis, in the form of Report.xsd: header, columns, rows within rows.

Source of names and parameters: developer.intuit.com, report-entities. What is asked for and not simulated is refused
rather than passed over, so that no client takes one report for another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sync_sims.quickbooks.amounts import ZERO, exact
from sync_sims.quickbooks.books import Row, is_deleted
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.cash_flow import cash_flow
from sync_sims.quickbooks.pacific import answer_time, is_date
from sync_sims.quickbooks.refusal import invalid_choice, unsupported_operation, unsupported_property
from sync_sims.quickbooks.report_rows import (
    ALWAYS,
    MONEY_COLUMNS,
    Built,
    Period,
    balances,
    data,
    holds_data,
    money,
    of_types,
    profit,
    result,
    section,
)

_ONLY = {"accounting_method": "Accrual", "summarize_column_by": "Total", "sort_order": "ascend"}
_KNOWN = frozenset({*_ONLY, "start_date", "end_date", "minorversion"})


def answer_report(call: Call, name: str, query: Mapping[str, str]) -> Row:
    """A report.

    Raises:
        Refused: 500 for a report or a way to make it that is not simulated, 2010 for a date that is none, 2170 for a
            period that ends before it begins.
    """
    report = _REPORTS.get(name.lower())
    if report is None:
        raise unsupported_operation(f"report {name}")
    for parameter, value in query.items():
        if parameter not in _KNOWN or value != _ONLY.get(parameter, value):
            raise unsupported_operation(f"{parameter} {value}")
    period = _period(call, query)
    columns, rows = report.build(call, period)
    header = {
        "Time": answer_time(call.now),
        "ReportName": report.title,
        **({"ReportBasis": "Accrual"} if report.has_basis else {}),
        "StartPeriod": period.start,
        "EndPeriod": period.end,
        "SummarizeColumnsBy": "Total",
        "Currency": call.currency["value"],
        "Option": [
            *([{"Name": "AccountingStandard", "Value": "GAAP"}] if report.has_standard else []),
            {"Name": "NoReportData", "Value": "false" if holds_data(rows) else "true"},
        ],
    }
    shown = [{"ColTitle": text, "ColType": kind} for text, kind in columns]
    return {"Header": header, "Columns": {"Column": shown}, "Rows": {"Row": rows}}


def _period(call: Call, query: Mapping[str, str]) -> Period:
    """What the report is about: the days asked for, else the year to date."""
    start = query.get("start_date", f"{call.today[:4]}-01-01")
    end = query.get("end_date", call.today)
    for name, day in (("start_date", start), ("end_date", end)):
        if not is_date(day):
            raise unsupported_property(name)
    if start > end:
        raise invalid_choice("start_date", start)
    return Period(start, end)


def _profit_and_loss(call: Call, period: Period) -> Built:
    sums = balances(call, period)
    parts = {
        "Income": ("Income", {"Income"}),
        "COGS": ("Cost of Goods Sold", {"Cost of Goods Sold"}),
        "Expenses": ("Expenses", {"Expense"}),
        "OtherIncome": ("Other Income", {"Other Income"}),
        "OtherExpenses": ("Other Expenses", {"Other Expense"}),
    }
    found = {group: of_types(call, sums, types) for group, (_, types) in parts.items()}
    amounts = {group: amount for group, (_, amount) in found.items()}
    sections = {group: section(parts[group][0], group, *found[group]) for group in parts if found[group][0]}
    gross = amounts["Income"] - amounts["COGS"]
    operating = gross - amounts["Expenses"]
    net = operating + amounts["OtherIncome"] - amounts["OtherExpenses"]
    order: list[Row | None] = [
        sections.get("Income"),
        sections.get("COGS"),
        result("Gross Profit", "GrossProfit", gross),
        sections.get("Expenses"),
        result("Net Operating Income", "NetOperatingIncome", operating),
        sections.get("OtherIncome"),
        sections.get("OtherExpenses"),
        result("Net Income", "NetIncome", net),
    ]
    return MONEY_COLUMNS, [row for row in order if row is not None]


_ASSETS = {"Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset"}
_LIABILITIES = {"Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability"}


def _balance_sheet(call: Call, period: Period) -> Built:
    sums = balances(call, Period(ALWAYS, period.end))
    assets, total_assets = of_types(call, sums, _ASSETS)
    liabilities, owed = of_types(call, sums, _LIABILITIES)
    equity, own = of_types(call, sums, {"Equity"})
    net = profit(call, sums)
    both = section("Liabilities and Equity", "TotalLiabilitiesAndEquity", [], owed + own + net)
    both["Rows"]["Row"] = [
        section("Liabilities", "Liabilities", liabilities, owed),
        section("Equity", "Equity", [*equity, data("Net Income", net)], own + net),
    ]
    return MONEY_COLUMNS, [section("ASSETS", "TotalAssets", assets, total_assets), both]


def _trial_balance(call: Call, period: Period) -> Built:
    sums = balances(call, Period(ALWAYS, period.end))
    rows: list[Row] = []
    for account in call.books.rows["Account"].values():
        amount = sums.get(account["Id"], ZERO)
        if amount:
            debit, credit = (money(amount), "") if amount > 0 else ("", money(-amount))
            name = {"value": account["FullyQualifiedName"], "id": account["Id"]}
            rows.append({"ColData": [name, {"value": debit}, {"value": credit}], "type": "Data"})
    whole = money(sum((amount for amount in sums.values() if amount > 0), ZERO))
    totals = {"ColData": [{"value": "TOTAL"}, {"value": whole}, {"value": whole}]}
    rows.append({"Summary": totals, "type": "Section", "group": "GrandTotal"})
    return [("", "Account"), ("Debit", "Money"), ("Credit", "Money")], rows


def _open_balances(call: Call, entity: str) -> Built:
    rows: list[Row] = []
    whole = ZERO
    for party in call.books.rows[entity].values():
        balance = ZERO if is_deleted(party) else exact(party["Balance"])
        if balance:
            rows.append(data(party["DisplayName"], balance, party["Id"]))
            whole += balance
    rows.append(result("TOTAL", "GrandTotal", whole))
    return [("", entity), ("Total", "Money")], rows


def _customer_balance(call: Call, _: Period) -> Built:
    return _open_balances(call, "Customer")


def _vendor_balance(call: Call, _: Period) -> Built:
    return _open_balances(call, "Vendor")


@dataclass(frozen=True, slots=True)
class _Report:
    """One report; the basis is named where it matters, the accounting standard with two reports only."""

    title: str
    build: Callable[[Call, Period], Built]
    has_basis: bool = True
    has_standard: bool = False


_REPORTS: Mapping[str, _Report] = {
    report.title.lower(): report
    for report in (
        _Report("ProfitAndLoss", _profit_and_loss, has_standard=True),
        _Report("BalanceSheet", _balance_sheet, has_standard=True),
        _Report("CashFlow", cash_flow, has_basis=False),
        _Report("TrialBalance", _trial_balance),
        _Report("CustomerBalance", _customer_balance),
        _Report("VendorBalance", _vendor_balance),
    )
}
