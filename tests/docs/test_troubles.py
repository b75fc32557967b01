"""The page of what errors mean is what the table of troubles says."""

from sync_core.trouble import ROWS
from sync_defs.troubles import PAGE, page


def test_the_page_is_what_make_troubles_would_write() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run 'make troubles'"


def test_every_row_of_the_table_is_a_line_of_the_page() -> None:
    shown = page()
    assert [row for row in ROWS if f"| {row.sentence} |" not in shown] == []
