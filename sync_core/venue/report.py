"""What an import did with every row it read: nothing is dropped without being counted and named.

For each source, rows read == rows imported + rows left out + rows rejected.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sync_core.store.venue_rows import Loaded

Outcome = Literal["read", "imported", "left out", "rejected", "inserted", "updated", "unchanged"]
OnProgress = Callable[[str], None]


def silent(_step: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that could not become a record: `row` is 1-based, `content` the row's fields as they were read."""

    source: str
    row: int
    reason: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One file seen as rows, or one grouping of its rows (its invoices, its customers, its articles).

    `imported` counts source rows by the table that they went into, each once: an event is counted under events,
    not again under the ticket product that was made of it.
    """

    file: str
    unit: str
    read: int
    imported: Mapping[str, int] = field(default_factory=dict[str, int])
    left_out: Mapping[str, int] = field(default_factory=dict[str, int])
    rejected: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def accounted(self) -> int:
        """Rows whose end is known; equals `read`."""
        return sum((*self.imported.values(), *self.left_out.values(), *self.rejected.values()))


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the table that people read."""

    source: str
    outcome: Outcome
    what: str
    count: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import, or the generation of a demo data set (which reads no source).

    Attributes:
        venues: ids of the venues that were written, in order.
        sources: what was read and what became of it.
        tables: what was written.
        notes: sentences on what was derived or decided, with counts.
        seconds: how long it took.
    """

    venues: tuple[str, ...]
    sources: tuple[SourceReport, ...]
    tables: tuple[Loaded, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def rejected(self) -> int:
        """Rows of files that were rejected (groupings of rows not counted again)."""
        return sum(sum(source.rejected.values()) for source in self.sources if source.unit == "rows")

    def lines(self) -> list[ReportLine]:
        """The report as lines of a table: sources first, then tables."""
        found: list[ReportLine] = []
        for source in self.sources:
            name = source.file if source.unit == "rows" else f"{source.file} ({source.unit})"
            found.append(ReportLine(name, "read", source.unit, source.read))
            parts: tuple[tuple[Outcome, Mapping[str, int]], ...] = (
                ("imported", source.imported),
                ("left out", source.left_out),
                ("rejected", source.rejected),
            )
            found.extend(ReportLine(name, outcome, what, n) for outcome, counts in parts for what, n in counts.items())
        for table in self.tables:
            found.append(ReportLine(table.table, "inserted", "records", table.inserted))
            found.append(ReportLine(table.table, "updated", "records", table.updated))
            found.append(ReportLine(table.table, "unchanged", "records", table.unchanged))
        return found

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values for JSON."""
        return asdict(self)
