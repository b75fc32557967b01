"""Reading the Parquet file of sales: other types of the same meaning are understood, others are named."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sync_core.errors import ConfigurationError
from sync_core.venue.retail_file import read_retail_file

GOOD = {
    "Invoice": pa.array(["500001"]),
    "StockCode": pa.array([" 10001a "]),
    "Description": pa.array(["  "]),
    "Quantity": pa.array([1]),
    "InvoiceDate": pa.array(["2009-12-01 07:45:00"]),
    "Price": pa.array([2.5]),
    "Customer ID": pa.array([13085.0]),
    "Country": pa.array(["EIRE"]),
}


def written(folder: Path, **columns: pa.Array) -> Path:
    path = folder / "sales.parquet"
    pq.write_table(pa.table({**GOOD, **columns}), path)
    return path


def test_texts_are_trimmed_and_blanks_are_missing(tmp_path: Path) -> None:
    line = read_retail_file(written(tmp_path)).iloc[0]

    assert (line["code"], line["code_as_written"], line["customer"]) == ("10001a", " 10001a ", "13085")
    assert pd.isna(line["description"])


def test_numbers_and_times_of_other_types_are_understood(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        **{
            "Invoice": pa.array([500001]),
            "Price": pa.array([2]),
            "Customer ID": pa.array([13085]),
            "InvoiceDate": pa.array([datetime(2009, 12, 1, 7, 45, tzinfo=UTC)], pa.timestamp("us")),
        },
    )

    line = read_retail_file(path).iloc[0]

    assert (line["invoice"], line["price"], line["customer"]) == ("500001", 2.0, "13085")
    assert line["at"] == pd.Timestamp("2009-12-01 07:45", tz="UTC")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    pq.write_table(pa.table({name: column for name, column in GOOD.items() if name != "Price"}), path)

    with pytest.raises(ConfigurationError, match=r"sales\.parquet has no column Price"):
        read_retail_file(path)


def test_a_column_of_a_wrong_type_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"column Price holds string: numbers are expected"):
        read_retail_file(written(tmp_path, Price=pa.array(["2.50"])))
