"""Bulk loading of the platform's own tables, quick for half a million rows and quiet for rows that did not change.

An unchanged row is not touched at all, so its `changed_xid` stays and the next sync has nothing to push.
Nothing is ever deleted here, except the rejections of an earlier import of the same file.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import sqlalchemy as sa

from sync_core.store.venue_tables import import_rejections, orders, venues

CHUNK = 1 << 20  # bytes handed to the driver at once


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the rows loaded into one table."""

    table: str
    inserted: int
    updated: int
    unchanged: int


def rows_from_frame(table: sa.Table, frame: pd.DataFrame) -> pa.Table:
    """The columns of `frame`, which are columns of `table`, in the types of the table; NaN and NaT become NULL."""
    schema = _schema(table, [str(name) for name in frame.columns])
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)


def rows_from_records(table: sa.Table, records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """`records` by column of `table`, all with the keys of the first; JSONB is given as text."""
    names = list(records[0]) if records else [column.name for column in table.primary_key]
    return pa.Table.from_pylist([dict(record) for record in records], schema=_schema(table, names))


def _schema(table: sa.Table, names: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, _arrow_type(table.c[name].type)) for name in names])


def _arrow_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    if isinstance(kind, sa.Integer):
        return pa.int64()
    if isinstance(kind, sa.Boolean):
        return pa.bool_()
    if isinstance(kind, sa.DateTime):
        return pa.timestamp("us", tz="UTC")
    return pa.string()


def load(conn: sa.Connection, table: sa.Table, rows: pa.Table, *, first_only: Collection[str] = ()) -> Loaded:
    """Insert the new `rows` of `table` and update those that differ, in the caller's transaction.

    Args:
        conn: an open transaction.
        table: one of the tables of schema `venue`.
        rows: unique by the table's primary key; its column names are columns of `table`.
        first_only: columns that a row gets when it is inserted and keeps from then on, whatever `rows` say.

    Columns that `rows` do not have keep their value, or get their default in a new row.
    """
    if rows.num_rows == 0:
        return Loaded(table.name, 0, 0, 0)
    columns = [table.c[name] for name in rows.column_names]
    stage = _staged(conn, table, rows)
    same = sa.and_(*(column == stage.c[column.name] for column in table.primary_key))
    kept = {*first_only, *(column.name for column in table.primary_key)}
    open_columns = [column for column in columns if column.name not in kept]
    updated = 0
    if open_columns:
        differs = sa.or_(*(column.is_distinct_from(stage.c[column.name]) for column in open_columns))
        fresh = {column.name: stage.c[column.name] for column in open_columns}
        updated = conn.execute(sa.update(table).values(fresh).where(same, differs)).rowcount
    new = sa.select(*stage.c).where(~sa.exists().where(same))
    insert = sa.insert(table).from_select([column.name for column in columns], new)
    inserted = conn.execute(insert, execution_options={"preserve_rowcount": True}).rowcount
    conn.execute(sa.text(f"DROP TABLE {stage.name}"))
    return Loaded(table.name, inserted, updated, rows.num_rows - inserted - updated)


def replace_rejections(conn: sa.Connection, rows: pa.Table, *, sources: Sequence[str]) -> int:
    """Keep `rows` (source, row, reason, content) as the only rejections of the files `sources`; how many there are."""
    conn.execute(sa.delete(import_rejections).where(import_rejections.c.source.in_(sources)))
    if rows.num_rows:
        _copy(conn, f"{import_rejections.schema}.{import_rejections.name}", rows)
    return rows.num_rows


def venue_ids(conn: sa.Connection, among: Sequence[str]) -> set[str]:
    """Those of the ids `among` that are venues already."""
    return set(conn.scalars(sa.select(venues.c.id).where(venues.c.id.in_(among))))


def order_paid_elsewhere(conn: sa.Connection, rows: pa.Table) -> str | None:
    """An order that exists and is paid at another provider than `rows` (venue_id, id, provider) say, or None."""
    stage = _staged(conn, orders, rows.select(["venue_id", "id", "provider"]))
    moved = (
        sa.select(orders.c.id)
        .where(orders.c.venue_id == stage.c.venue_id, orders.c.id == stage.c.id, orders.c.provider != stage.c.provider)
        .order_by(orders.c.id)
        .limit(1)
    )
    found = conn.execute(moved).scalar_one_or_none()
    conn.execute(sa.text(f"DROP TABLE {stage.name}"))
    return found


def _staged(conn: sa.Connection, table: sa.Table, rows: pa.Table) -> sa.TableClause:
    """`rows` in a temporary table with the column types of `table`, analysed so that joins are planned well."""
    names = ", ".join(table.c[name].name for name in rows.column_names)
    stage = f"stage_{table.name}"
    conn.execute(
        sa.text(
            f"CREATE TEMPORARY TABLE {stage} ON COMMIT DROP AS "  # noqa: S608 - names of our own tables
            f"SELECT {names} FROM {table.schema}.{table.name} WITH NO DATA"
        )
    )
    _copy(conn, stage, rows)
    conn.execute(sa.text(f"ANALYZE {stage}"))
    return sa.table(stage, *(sa.column(name, table.c[name].type) for name in rows.column_names))


def _copy(conn: sa.Connection, target: str, rows: pa.Table) -> None:
    # CSV tells NULL (nothing) from the empty text (""), as Arrow writes it and PostgreSQL reads it.
    buffer = BytesIO()
    # One chunk: the writer puts stray bytes where an empty chunk stands before others (pyarrow 26).
    pa_csv.write_csv(rows.combine_chunks(), buffer, pa_csv.WriteOptions(include_header=False))
    content = buffer.getbuffer()
    driver = conn.connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection always has its driver's
    columns = ", ".join(rows.column_names)
    with driver.cursor() as cursor, cursor.copy(f"COPY {target} ({columns}) FROM STDIN (FORMAT csv)") as copy:
        for start in range(0, len(content), CHUNK):
            copy.write(content[start : start + CHUNK])
