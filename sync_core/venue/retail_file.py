"""Reading Online Retail II (UCI): one Parquet file of invoice lines, each with its customer and country.

Every line of the file is a row here, in file order; what it is worth is judged in retail_lines.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sync_core.errors import ConfigurationError

COLUMNS = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
TEXTS = {"Invoice": "invoice", "StockCode": "code", "Description": "description", "Country": "country"}
NUMBERS = {"Quantity": "quantity", "Price": "price", "Customer ID": "customer_number"}
LARGEST = 10**15  # every whole number up to here is exact in a float


def read_retail_file(path: Path) -> pd.DataFrame:
    """The lines of `path`, indexed from 0.

    Columns: invoice, code, description, country (text, trimmed, None where missing or blank), code_as_written and
    at_as_written (text, untouched but for NUL), quantity, price, customer_number (float64, NaN where missing), at (datetime64, UTC, NaT where not a time) and
    customer (the number as text, None without a whole positive number).
    Raises ConfigurationError when the file is missing, is no Parquet file, or lacks a column of a fitting type.
    """
    table = _table(path)
    lines = pd.DataFrame({ours: _cast(path, table, name, pa.float64()) for name, ours in NUMBERS.items()})
    for name, ours in TEXTS.items():
        # NUL is the one character that PostgreSQL's text cannot hold.
        texts = _cast(path, table, name, pa.string()).str.replace("\0", "", regex=False)
        lines[ours] = _trimmed(texts)
        if name == "StockCode":
            lines["code_as_written"] = texts
    lines["at_as_written"] = _cast(path, table, "InvoiceDate", pa.string())
    lines["at"] = _times(table, lines["at_as_written"])
    lines["customer"] = _customers(lines["customer_number"])
    return lines


def _table(path: Path) -> pa.Table:
    expected = f"expected is a Parquet file with the columns {', '.join(COLUMNS)}"
    try:
        schema = pq.read_schema(path)
        missing = [name for name in COLUMNS if name not in schema.names]
        if missing:
            raise ConfigurationError(f"{path} has no column {', '.join(missing)}: {expected}.")
        return pq.read_table(path, columns=list(COLUMNS))
    except OSError as failure:
        raise ConfigurationError(f"{path} cannot be read ({failure.strerror or 'broken off'}): {expected}.") from None
    except pa.ArrowException:
        raise ConfigurationError(f"{path} is not a readable Parquet file: {expected}.") from None


def _cast(path: Path, table: pa.Table, name: str, kind: pa.DataType) -> pd.Series:
    column = table[name]
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if pa.types.is_floating(kind) and not numeric:
        raise ConfigurationError(f"{path}: column {name} holds {column.type}: numbers are expected.")
    try:
        return column.cast(kind).to_pandas()
    except pa.ArrowException:
        raise ConfigurationError(f"{path}: column {name} holds {column.type}: {kind} is expected.") from None


def _trimmed(texts: pd.Series) -> pd.Series:
    trimmed = texts.str.strip()
    return trimmed.where(trimmed != "", None)


def _times(table: pa.Table, written: pd.Series) -> pd.Series:
    if pa.types.is_timestamp(table["InvoiceDate"].type):
        moments = pd.to_datetime(table["InvoiceDate"].to_pandas(), utc=True)
    else:
        moments = pd.to_datetime(written, format="%Y-%m-%d %H:%M:%S", errors="coerce", utc=True)
    return moments.dt.as_unit("us")


def _customers(numbers: pd.Series) -> pd.Series:
    whole = numbers.between(1, LARGEST) & (numbers == numbers.round())
    return numbers.where(whole).astype("Int64").astype("string")
