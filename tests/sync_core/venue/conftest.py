"""A small folder in the shape of the real data set, with every one of its traps inside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

VENUES = """\
1|Lyric Theatre|New York City|NY|0
2|O'Neill Café|Seattle|WA|300
3|Twin Halls|Nashville|TN|120
4|Quiet Room|Boston|MA|\\N
2|Second Two|Boston|MA|10
x|No Number|Boston|MA|10
5|Too|Few
6||Boston|MA|10
7|Bad Seats|Boston|MA|many
"""
CATEGORIES = """\
6|Shows|Musicals|Musical theatre
9|Concerts|Pop|All rock and pop music concerts
1|Sports|MLB|Major League Baseball
"""
DATES = """\
1827|2008-01-01|TU|1|JAN|1|2008|t
1828|2008-07-02|WE|27|JUL|3|2008|f
"""
EVENTS = """\
10|1|6|1827|Mamma Mia!|2008-01-01 20:00:00
11|1|6|1828|Spamalot|2008-07-02 20:00:00
12|1|9|1827|Pop Night|2008-01-05 20:00:00
13|2|9|1827|Demi|2008-01-01 19:30:00
14|2|9|1828|Return|2008-07-02 14:00:00
15|3|1|1827|Game|2008-01-01 14:00:00
16|99|6|1827|Nowhere|2008-01-01 20:00:00
17|1|77|1827|No Category|2008-01-01 20:00:00
18|1|6|1827|No Time|soon
19|1|6|1827
10|2|6|1827|Again|2008-01-01 20:00:00
20|1|6|1827||2008-01-01 20:00:00
21|4|6|1827|In the Quiet|2008-01-01 20:00:00
"""

Line = tuple[Any, ...]
COLUMNS = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
UK = "United Kingdom"
LINES: tuple[Line, ...] = (
    # A plain sale; the second line twice, the same code in lower case.
    ("500001", "10001A", " RED MUG ", 2, "2009-12-01 10:00:00", 2.5, 13000.0, UK),
    ("500001", "10002", "BLUE MUG", 1, "2009-12-01 10:00:00", 3.0, 13000.0, UK),
    ("500001", "10002", "BLUE MUG", 1, "2009-12-01 10:00:00", 3.0, 13000.0, UK),
    ("500001", "10001a", None, 1, "2009-12-01 10:01:00", 3.5, 13000.0, UK),
    # A guest, with postage and a discount.
    ("500002", "10002", "BLUE MUG", 3, "2009-12-02 10:00:00", 3.0, None, UK),
    ("500002", "POST", "POSTAGE", 1, "2009-12-02 10:00:00", 4.5, None, UK),
    # A line without money in a good invoice; less than a penny, and a half penny rounded up.
    ("500003", "PADS", "PADS", 1, "2009-12-03 10:00:00", 0.001, 13001.0, "EIRE"),
    ("500003", "10003", None, 5, "2009-12-03 10:00:00", 0.0, 13001.0, "EIRE"),
    ("500003", "10002", None, 5, "2009-12-03 10:00:00", 0.125, 13001.0, "EIRE"),
    # Rejected as a whole: less than a penny in all, stock movement, own books, two customers, bad debt.
    ("500004", "PADS", "PADS", 1, "2009-12-03 11:00:00", 0.001, 13001.0, "EIRE"),
    ("500005", "10003", None, -30, "2009-12-03 12:00:00", 0.0, None, UK),
    ("500006", "BANK CHARGES", "Bank Charges", 1, "2009-12-03 12:00:00", 15.0, 13002.0, "Channel Islands"),
    ("500007", "10001A", "RED MUG", 1, "2009-12-04 10:00:00", 2.5, 13000.0, UK),
    ("500007", "10001A", "RED MUG", 1, "2009-12-04 10:00:00", 2.5, 13001.0, UK),
    ("A500008", "B", "Adjust bad debt", 1, "2009-12-04 10:00:00", -53594.36, None, UK),
    # Malformed lines.
    ("5000", "10001A", "RED MUG", 1, "2009-12-04 10:00:00", 2.5, None, UK),
    (None, "10001A", "RED MUG", 1, "2009-12-04 10:00:00", 2.5, None, UK),
    ("500009", "10001A", "RED MUG", 1, "yesterday", 2.5, None, UK),
    ("500009", "10001A", "RED MUG", 0, "2009-12-04 10:00:00", 2.5, None, UK),
    ("500009", "10001A", "RED MUG", -1, "2009-12-04 10:00:00", 2.5, None, UK),
    ("500009", " ", "RED MUG", 1, "2009-12-04 10:00:00", 2.5, None, UK),
    ("500009", "10001A", "RED MUG", 1, "2009-12-04 10:00:00", float("inf"), None, UK),
    ("500009", "10001A", "RED MUG", 10**9, "2009-12-04 10:00:00", 10.0**9, None, UK),
    ("500009", "10001A", "RED MUG", 1, "2009-12-04 10:00:00", 2.5, 13000.5, UK),
    ("500009", "10001A", "R\0ED MUG", 1, "2009-12-04 10:00:00", 0.0, None, UK),
    # Credit notes: of 500001 (14.50), twice; one too many; before any sale; a guest's; nothing; charging money.
    ("C500010", "10002", "BLUE MUG", -2, "2009-12-05 10:00:00", 3.0, 13000.0, UK),
    ("C500011", "10001A", "RED MUG", -2, "2009-12-06 10:00:00", 2.5, 13000.0, UK),
    ("C500012", "10001A", "RED MUG", -2, "2009-12-07 10:00:00", 2.5, 13000.0, UK),
    ("C500013", "10001A", "RED MUG", -1, "2009-12-01 09:00:00", 2.5, 13001.0, "EIRE"),
    ("C500014", "D", "Discount", -1, "2009-12-07 10:00:00", 7.77, None, UK),
    ("C500015", "PADS", "PADS", -1, "2009-12-07 10:00:00", 0.001, 13001.0, "EIRE"),
    ("C500016", "M", "Manual", 1, "2009-12-07 10:00:00", 373.57, None, UK),
    # The customer moved.
    ("500017", "10004", "Straße 🎪", 1, "2009-12-09 10:00:00", 1.25, 13001.0, "France"),
)


def write_folder(folder: Path, lines: Sequence[Line] = LINES) -> Path:
    """The folder of a small data set."""
    tickit, retail = folder / "tickit", folder / "online_retail"
    tickit.mkdir(parents=True)
    retail.mkdir()
    (tickit / "venue_pipe.txt").write_text(VENUES, encoding="utf-8")
    (tickit / "category_pipe.txt").write_text(CATEGORIES, encoding="utf-8")
    (tickit / "date2008_pipe.txt").write_text(DATES, encoding="utf-8")
    (tickit / "allevents_pipe.txt").write_text(EVENTS, encoding="utf-8")
    pd.DataFrame(lines, columns=list(COLUMNS)).to_parquet(retail / "online_retail_2009_2010.parquet")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small data set with every trap of the real one."""
    return write_folder(tmp_path / "data")
