"""The page of what an error means and who acts, written from the table of troubles.

Stays true: `docs/runbooks/what-an-error-means.md` is what `page` makes of the table; `make troubles` writes it and a
test compares.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sync_core.trouble import ACTORS, CATEGORIES, PASSING, PATIENCE, ROWS, Retry, Row

PAGE = Path(__file__).parents[1] / "docs" / "runbooks" / "what-an-error-means.md"
_INTRODUCTION = """\
# What an error means, and who acts

Every failure is put into one of nine categories by who must act next.
The category is shown where the failure is: in `venue-sync status` and `venue-sync letters list`, in Dagster's metadata of a run, and in the answers of the HTTP API.
This page is written from the table in `sync_core/trouble/table.py` by `make troubles`.

## The categories

"""
_AFTER_CATEGORIES = """
"Passes" says that letters of this category are tried again by themselves when the connection is well again: connected anew, resumed, or synced for the first time after a failure.

A severity says how far a trouble reaches: `info` nobody need look, `warning` one record or a while, `error` a whole connection or entity, `critical` more than that.

## How patiently the same call is made again

"""
_ROWS = """
What the provider names in `Retry-After` is waited instead, as long as the time in all allows it.
A record that was refused is tried again with the next sync, then after five minutes and at doubling intervals up to a day.

"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page in Markdown."""
    categories = [
        (f"`{category}`", ACTORS[category], "passes" if category in PASSING else "") for category in CATEGORIES
    ]
    sections = "\n".join(_section(title, rows) for title, rows in _by_provider())
    return (
        _INTRODUCTION
        + _table(("category", "who acts", ""), categories)
        + _AFTER_CATEGORIES
        + _table(("repeats", "how often", "waits", "in all"), [_patience(retry) for retry in PATIENCE])
        + _ROWS
        + sections
    )


def _by_provider() -> Iterable[tuple[str, list[Row]]]:
    names = dict.fromkeys(row.provider for row in ROWS if row.provider is not None)
    yield "Any provider", [row for row in ROWS if row.provider is None]
    for name in names:
        yield name.title().replace("Quickbooks", "QuickBooks"), [row for row in ROWS if row.provider == name]


def _section(title: str, rows: Sequence[Row]) -> str:
    lines = [
        (
            str(row.status or ""),
            f"`{row.code}`" if row.code else "",
            row.category,
            row.retry,
            row.severity,
            row.sentence,
        )
        for row in rows
    ]
    return f"## {title}\n\n" + _table(
        ("HTTP status", "code", "category", "repeats", "severity", "what it is, and what comes next"), lines
    )


def _patience(retry: Retry) -> tuple[str, str, str, str]:
    patience = PATIENCE[retry]
    if patience is None:
        return retry, "", "the same call would come to the same", ""
    waits = f"up to {patience.first_seconds:g} s, {patience.curve}, drawn at random below that"
    return retry, f"{patience.retries} times", waits, f"{patience.budget_seconds:g} s"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("|".join(["", *(f" {cell} ".replace("  ", " ") for cell in line), ""]) + "\n" for line in lines)


if __name__ == "__main__":
    main()
