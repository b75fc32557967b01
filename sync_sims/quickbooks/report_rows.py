"""What all reports are made of: a period, the sums of its documents, and rows in the form of Report.xsd."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sync_sims.quickbooks.amounts import ZERO, cents
from sync_sims.quickbooks.books import Row
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.chart import CREDIT_NORMAL

ALWAYS = "0001-01-01"
"""Before every document."""
MONEY_COLUMNS = [("", "Account"), ("Total", "Money")]

Built = tuple[list[tuple[str, str]], list[Row]]
"""A report's columns (title and type) and rows."""


@dataclass(frozen=True, slots=True)
class Period:
    """The first and the last day of a report, both included."""

    start: str
    end: str


def balances(call: Call, period: Period) -> dict[str, Decimal]:
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


def profit(call: Call, sums: Mapping[str, Decimal]) -> Decimal:
    """Revenue less what was spent, of the sums of a period."""
    revenue = of_types(call, sums, {"Income", "Other Income"})[1]
    return revenue - of_types(call, sums, {"Expense", "Other Expense", "Cost of Goods Sold"})[1]


def of_types(call: Call, sums: Mapping[str, Decimal], types: Iterable[str]) -> tuple[list[Row], Decimal]:
    """The rows of the accounts of some types and their sum, in the sense in which the accounts grow."""
    rows: list[Row] = []
    amount = ZERO
    for account in call.books.rows["Account"].values():
        if account["AccountType"] in types and sums.get(account["Id"]):
            own = -sums[account["Id"]] if account["Classification"] in CREDIT_NORMAL else sums[account["Id"]]
            rows.append(data(account["FullyQualifiedName"], own, account["Id"]))
            amount += own
    return rows, amount


def money(amount: Decimal) -> str:
    """An amount as reports write it."""
    return str(cents(amount))


def data(name: str, amount: Decimal, key: str = "") -> Row:
    """A leaf row; `key` is the id of what it is about."""
    first = {"value": name, "id": key} if key else {"value": name}
    return {"ColData": [first, {"value": money(amount)}], "type": "Data"}


def summary(text: str, amount: Decimal) -> Row:
    """The last line of a section."""
    return {"ColData": [{"value": text}, {"value": money(amount)}]}


def section(title: str, group: str, rows: list[Row], amount: Decimal) -> Row:
    """Rows under a title, with their sum."""
    return {
        "Header": {"ColData": [{"value": title}, {"value": ""}]},
        "Rows": {"Row": rows},
        "Summary": summary(f"Total {title}", amount),
        "type": "Section",
        "group": group,
    }


def result(text: str, group: str, amount: Decimal) -> Row:
    """A line that follows from the sections before it."""
    return {"Summary": summary(text, amount), "type": "Section", "group": group}


def holds_data(rows: Iterable[Row]) -> bool:
    """Whether there is a leaf row of an account or a party, and not only results."""
    return any(
        any("id" in cell for cell in row.get("ColData", ())) or holds_data(row.get("Rows", {}).get("Row", ()))
        for row in rows
    )
