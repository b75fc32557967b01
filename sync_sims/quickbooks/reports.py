"""Reports from the books, on accrual basis, in the form of Report.xsd: header, columns, rows within rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sync_sims.quickbooks.amounts import ZERO, cents, exact
from sync_sims.quickbooks.books import Row, is_deleted
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import CREDIT_NORMAL
from sync_sims.quickbooks.pacific import answer_time, is_date
from sync_sims.quickbooks.refusal import unsupported_operation, unsupported_property

_ALWAYS = "0001-01-01"


@dataclass(frozen=True, slots=True)
class _Period:
    start: str
    end: str


def _period(call: Call, query: Mapping[str, str]) -> _Period:
    """What the report is about: the days asked for, else the year to date."""
    start = query.get("start_date", f"{call.today[:4]}-01-01")
    end = query.get("end_date", call.today)
    for name, day in (("start_date", start), ("end_date", end)):
        if not is_date(day):
            raise unsupported_property(name)
    return _Period(start, end)


def answer_report(call: Call, name: str, query: Mapping[str, str]) -> Row:
    """A report.

    Raises:
        Refused: 500 for a report or a basis that is not simulated, 2010 for a date that is none.
    """
    build = _REPORTS.get(name.lower())
    if build is None:
        raise unsupported_operation(f"report {name}")
    if query.get("accounting_method", "Accrual") != "Accrual":
        raise unsupported_operation("accounting_method Cash")
    period = _period(call, query)
    title, columns, rows = build(call, period)
    header = {
        "Time": answer_time(call.now),
        "ReportName": title,
        "ReportBasis": "Accrual",
        "StartPeriod": period.start,
        "EndPeriod": period.end,
        "SummarizeColumnsBy": "Total",
        "Currency": call.terms.currency,
        "Option": [{"Name": "NoReportData", "Value": "false" if rows else "true"}],
    }
    shown = [{"ColTitle": text, "ColType": kind} for text, kind in columns]
    return {"Header": header, "Columns": {"Column": shown}, "Rows": {"Row": rows}}


def _balances(call: Call, period: _Period) -> dict[str, Decimal]:
    """What the documents of a period add to each account, debits positive."""
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for (entity, key), share in call.books.totals.shares().items():
        row = call.books.rows[entity][key]
        day = row.get("TxnDate", row.get("InvStartDate", ""))
        if period.start <= day <= period.end:
            for (kind, account_id), amount in share.items():
                if kind == "account":
                    sums[account_id] += amount
    return sums


def _money(amount: Decimal) -> str:
    return str(cents(amount))


def _data(name: str, amount: Decimal, key: str = "") -> Row:
    first = {"value": name, "id": key} if key else {"value": name}
    return {"ColData": [first, {"value": _money(amount)}], "type": "Data"}


def _summary(text: str, amount: Decimal) -> Row:
    return {"ColData": [{"value": text}, {"value": _money(amount)}]}


def _section(title: str, group: str, rows: list[Row], amount: Decimal) -> Row:
    return {
        "Header": {"ColData": [{"value": title}, {"value": ""}]},
        "Rows": {"Row": rows},
        "Summary": _summary(f"Total {title}", amount),
        "type": "Section",
        "group": group,
    }


def _result(text: str, group: str, amount: Decimal) -> Row:
    return {"Summary": _summary(text, amount), "type": "Section", "group": group}


def _of_types(call: Call, sums: Mapping[str, Decimal], types: Iterable[str]) -> tuple[list[Row], Decimal]:
    """The rows of the accounts of some types and their sum, in the sense in which the accounts grow."""
    rows: list[Row] = []
    amount = ZERO
    for account in call.books.rows["Account"].values():
        if account["AccountType"] in types and sums.get(account["Id"]):
            own = -sums[account["Id"]] if account["Classification"] in CREDIT_NORMAL else sums[account["Id"]]
            rows.append(_data(account["FullyQualifiedName"], own, account["Id"]))
            amount += own
    return rows, amount


_MONEY_COLUMNS = [("", "Account"), ("Total", "Money")]
_Built = tuple[str, list[tuple[str, str]], list[Row]]


def _profit_and_loss(call: Call, period: _Period) -> _Built:
    sums = _balances(call, period)
    parts = {
        "Income": ("Income", {"Income"}),
        "COGS": ("Cost of Goods Sold", {"Cost of Goods Sold"}),
        "Expenses": ("Expenses", {"Expense"}),
        "OtherIncome": ("Other Income", {"Other Income"}),
        "OtherExpenses": ("Other Expenses", {"Other Expense"}),
    }
    found = {group: _of_types(call, sums, types) for group, (_, types) in parts.items()}
    amounts = {group: amount for group, (_, amount) in found.items()}
    sections = {group: _section(parts[group][0], group, *found[group]) for group in parts if found[group][0]}
    gross = amounts["Income"] - amounts["COGS"]
    operating = gross - amounts["Expenses"]
    net = operating + amounts["OtherIncome"] - amounts["OtherExpenses"]
    order: list[Row | None] = [
        sections.get("Income"),
        sections.get("COGS"),
        _result("Gross Profit", "GrossProfit", gross),
        sections.get("Expenses"),
        _result("Net Operating Income", "NetOperatingIncome", operating),
        sections.get("OtherIncome"),
        sections.get("OtherExpenses"),
        _result("Net Income", "NetIncome", net),
    ]
    return "ProfitAndLoss", _MONEY_COLUMNS, [row for row in order if row is not None]


_ASSETS = {"Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset"}
_LIABILITIES = {"Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability"}


def _balance_sheet(call: Call, period: _Period) -> _Built:
    sums = _balances(call, _Period(_ALWAYS, period.end))
    assets, total_assets = _of_types(call, sums, _ASSETS)
    liabilities, owed = _of_types(call, sums, _LIABILITIES)
    equity, own = _of_types(call, sums, {"Equity"})
    revenue = _of_types(call, sums, {"Income", "Other Income"})[1]
    spent = _of_types(call, sums, {"Expense", "Other Expense", "Cost of Goods Sold"})[1]
    net = revenue - spent
    both = _section("Liabilities and Equity", "TotalLiabilitiesAndEquity", [], owed + own + net)
    both["Rows"]["Row"] = [
        _section("Liabilities", "Liabilities", liabilities, owed),
        _section("Equity", "Equity", [*equity, _data("Net Income", net)], own + net),
    ]
    return "BalanceSheet", _MONEY_COLUMNS, [_section("ASSETS", "TotalAssets", assets, total_assets), both]


def _trial_balance(call: Call, period: _Period) -> _Built:
    sums = _balances(call, _Period(_ALWAYS, period.end))
    rows: list[Row] = []
    for account in call.books.rows["Account"].values():
        amount = sums.get(account["Id"], ZERO)
        if amount:
            debit, credit = (_money(amount), "") if amount > 0 else ("", _money(-amount))
            name = {"value": account["FullyQualifiedName"], "id": account["Id"]}
            rows.append({"ColData": [name, {"value": debit}, {"value": credit}], "type": "Data"})
    whole = _money(sum((amount for amount in sums.values() if amount > 0), ZERO))
    totals = {"ColData": [{"value": "TOTAL"}, {"value": whole}, {"value": whole}]}
    rows.append({"Summary": totals, "type": "Section", "group": "GrandTotal"})
    return "TrialBalance", [("", "Account"), ("Debit", "Money"), ("Credit", "Money")], rows


def _open_balances(call: Call, entity: str, title: str) -> _Built:
    rows: list[Row] = []
    whole = ZERO
    for party in call.books.rows[entity].values():
        balance = ZERO if is_deleted(party) else exact(party["Balance"])
        if balance:
            rows.append(_data(party["DisplayName"], balance, party["Id"]))
            whole += balance
    rows.append(_result("TOTAL", "GrandTotal", whole))
    columns: list[Any] = [("", entity), ("Total", "Money")]
    return title, columns, rows


def _customer_balance(call: Call, _: _Period) -> _Built:
    return _open_balances(call, "Customer", "CustomerBalance")


def _vendor_balance(call: Call, _: _Period) -> _Built:
    return _open_balances(call, "Vendor", "VendorBalance")


_REPORTS = {
    "profitandloss": _profit_and_loss,
    "balancesheet": _balance_sheet,
    "trialbalance": _trial_balance,
    "customerbalance": _customer_balance,
    "vendorbalance": _vendor_balance,
}
