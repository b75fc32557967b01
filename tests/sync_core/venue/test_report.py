"""The report of an import as a table and as JSON."""

import orjson

from sync_core.store.venue_rows import Loaded
from sync_core.venue.report import ImportReport, ReportLine, SourceReport

REPORT = ImportReport(
    ("a",),
    (
        SourceReport("sales", "rows", 10, {"orders": 6}, {"not selected": 1}, {"no price": 3}),
        SourceReport("sales", "invoices", 4, {"orders": 2}, {}, {"no price": 2}),
    ),
    (Loaded("orders", 2, 1, 3),),
    ("A note.",),
    1.5,
)


def test_lines_name_the_source_the_outcome_and_the_reason() -> None:
    assert REPORT.lines() == [
        ReportLine("sales", "read", "rows", 10),
        ReportLine("sales", "imported", "orders", 6),
        ReportLine("sales", "left out", "not selected", 1),
        ReportLine("sales", "rejected", "no price", 3),
        ReportLine("sales (invoices)", "read", "invoices", 4),
        ReportLine("sales (invoices)", "imported", "orders", 2),
        ReportLine("sales (invoices)", "rejected", "no price", 2),
        ReportLine("orders", "inserted", "records", 2),
        ReportLine("orders", "updated", "records", 1),
        ReportLine("orders", "unchanged", "records", 3),
    ]


def test_rejected_rows_are_not_counted_again_as_invoices() -> None:
    assert REPORT.rejected == 3


def test_the_dictionary_is_json() -> None:
    assert orjson.loads(orjson.dumps(REPORT.to_dict()))["sources"][0]["rejected"] == {"no price": 3}
