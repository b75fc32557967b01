"""Reports of the books, by month: QuickBooks computes them anew each time and tells nobody when one changes.

A report has no id, so it is known by its name and month, as in "ProfitAndLoss-2026-10"; the time at which it was made is
not part of it, because an unchanged report must look unchanged. A cursor is {"month": the last month that was read}.
Stays true: this month and the one before are read each time, with those since the cursor's; all of them without one.
Source: developer.intuit.com, report-entities (a balance sheet speaks of the last day of its period).
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync_core.errors import ProviderRefused
from sync_core.providers.protocol import Json, Page, Remote
from sync_core.providers.quickbooks.calls import QuickBooksCalls, parsed

REPORTS = ("ProfitAndLoss", "BalanceSheet", "CashFlow")
MONTHS = 13
"""How many months a first reading shows: this one and those of the year before it."""
_YEAR = 12


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the calendar."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def days(self) -> tuple[str, str]:
        """Its first and its last day, ISO 8601."""
        return f"{self}-01", f"{self}-{monthrange(self.year, self.month)[1]:02}"

    def later(self, months: int) -> "Month":
        """The month so many later, or earlier when negative."""
        years, month = divmod(self.month - 1 + months, _YEAR)
        return Month(self.year + years, month + 1)


def read_reports(calls: QuickBooksCalls, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
    """Pages of one month's reports each, the oldest month first."""
    now = calls.now()
    latest = Month(now.year, now.month)
    earliest, previous = latest.later(1 - MONTHS), latest.later(-1)
    known = month_of((cursor or {}).get("month"))
    month = earliest if known is None or known > latest else max(earliest, min(known, previous))
    while month <= latest:
        records = [_report(calls, name, month) for name in REPORTS]
        yield Page(records=records, cursor={"month": str(month)}, last=month == latest)
        month = month.later(1)


def fetch_reports(calls: QuickBooksCalls, ids: Sequence[str]) -> list[Remote]:
    """The reports with these ids as they are now; an id that names none is gone."""
    return [_fetched(calls, one) for one in ids]


def month_of(text: Json) -> Month | None:
    """The month that a text such as "2026-10" names; None when it names none."""
    moment = parsed(f"{text}-01")
    month = None if moment is None else Month(moment.year, moment.month)
    return month if str(month) == text else None


def _fetched(calls: QuickBooksCalls, report: str) -> Remote:
    name, _, text = report.partition("-")
    month = month_of(text)
    if name not in REPORTS or month is None:
        return Remote(report, record={}, deleted=True)
    return _report(calls, name, month)


def _report(calls: QuickBooksCalls, name: str, month: Month) -> Remote:
    first, last = month.days
    found = calls.get(f"reports/{name}", start_date=first, end_date=last)
    header = found.get("Header")
    if header is None:
        raise ProviderRefused(f"QuickBooks answers no {name} for {month}; ask Intuit's support.")
    kept = {key: value for key, value in header.items() if key != "Time"}
    content = {"Header": kept, **{part: found.get(part, {}) for part in ("Columns", "Rows")}}
    return Remote(f"{name}-{month}", record={**content, "Content": content}, updated_at=parsed(header.get("Time")))
