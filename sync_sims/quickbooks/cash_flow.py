"""The statement of cash flows, by the indirect method: from what was earned to what is in the bank.

Source of the groups: developer.intuit.com, report-entities/cashflow. Money that was received but not yet brought to the
bank is cash too, so that the cash at the end is the sum of the bank accounts and the undeposited funds.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from sync_sims.quickbooks.amounts import ZERO
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import UNDEPOSITED
from sync_sims.quickbooks.report_rows import (
    ALWAYS,
    MONEY_COLUMNS,
    Built,
    Period,
    balances,
    data,
    profit,
    result,
    section,
    summary,
)

_OPERATING = {
    "Accounts Receivable",
    "Other Current Asset",
    "Accounts Payable",
    "Credit Card",
    "Other Current Liability",
}
_INVESTING = {"Fixed Asset", "Other Asset"}
_FINANCING = {"Long Term Liability", "Equity"}


def cash_flow(call: Call, period: Period) -> Built:
    """The cash of a period: earned, invested, financed, and what is there at its end."""
    sums = balances(call, period)
    earned = profit(call, sums)
    adjustments, adjusted = _flows(call, sums, _OPERATING)
    rows = [_operating(earned, adjustments, adjusted)]
    increase = earned + adjusted
    for title, group, types in (
        ("INVESTING ACTIVITIES", "InvestingActivities", _INVESTING),
        ("FINANCING ACTIVITIES", "FinancingActivities", _FINANCING),
    ):
        flows, amount = _flows(call, sums, types)
        increase += amount
        if flows:
            text = f"Net cash provided by {title.lower()}"
            rows.append({**section(title, group, flows, amount), "Summary": summary(text, amount)})
    held = balances(call, Period(ALWAYS, period.end))
    ending = sum((held.get(account["Id"], ZERO) for account in _cash(call)), ZERO)
    beginning = ending - increase
    rows.append(result("Net cash increase for period", "CashIncrease", increase))
    if beginning:
        rows.append(result("Cash at beginning of period", "BeginningCash", beginning))
    rows.append(result("Cash at end of period", "EndingCash", ending))
    return MONEY_COLUMNS, rows


def _operating(earned: Decimal, adjustments: list[Row], adjusted: Decimal) -> Row:
    inner: list[Row] = [{**data("Net Income", earned), "group": "NetIncome"}]
    if adjustments:
        title = "Adjustments to reconcile Net Income to Net Cash provided by operations:"
        inner.append(section(title, "OperatingAdjustments", adjustments, adjusted))
    whole = section("OPERATING ACTIVITIES", "OperatingActivities", inner, earned + adjusted)
    return {**whole, "Summary": summary("Net cash provided by operating activities", earned + adjusted)}


def _cash(call: Call) -> list[Row]:
    accounts = call.books.rows["Account"].values()
    return [account for account in accounts if account["AccountType"] == "Bank" or account["Id"] == UNDEPOSITED]


def _flows(call: Call, sums: Mapping[str, Decimal], types: Iterable[str]) -> tuple[list[Row], Decimal]:
    """What the accounts of some types brought in: a credit brings money, whatever the account is."""
    rows: list[Row] = []
    amount = ZERO
    for account in call.books.rows["Account"].values():
        flow = -sums.get(account["Id"], ZERO)
        if account["AccountType"] in types and account["Id"] != UNDEPOSITED and flow:
            rows.append(data(account["FullyQualifiedName"], flow, account["Id"]))
            amount += flow
    return rows, amount
