"""Many rows in one statement, whatever their number: one round trip, one parse, no limit on parameters.

Rows to write travel as one JSON parameter that PostgreSQL unpacks. Rows to find are looked up key by key inside the
server: a plain `= ANY(...)` on a table that has no statistics yet is planned as a scan of everything there is.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

Row = dict[str, Any]


def upsert(
    conn: sa.Connection, table: sa.Table, rows: Sequence[Row], *, update: Sequence[str], returning: Sequence[str] = ()
) -> list[Row]:
    r"""Insert `rows` (all with the same columns) or, where the primary key exists, set the columns in `update`.

    Bytes travel as `\\x...` text, JSON columns as they are, datetimes as ISO 8601.
    Returns the columns in `returning` of every row written, in no particular order.
    """
    if not rows:
        return []
    statement = _upsert_sql(table, tuple(rows[0]), tuple(update), tuple(returning))
    result = conn.execute(statement, {"rows": _encode(rows)})
    return [dict(row) for row in result.mappings()] if returning else []


def look_up(
    conn: sa.Connection, query: sa.Select[Any], column: sa.ColumnElement[str], values: Sequence[str]
) -> sa.CursorResult[Any]:
    """The rows of `query` whose `column` is one of `values`, at most one per value, in the order of `values`."""
    wanted = (
        sa.func.unnest(sa.bindparam("wanted", list(values), sa.ARRAY(sa.Text)))
        .table_valued("value")
        .render_derived(name="wanted")
    )
    # LIMIT keeps the planner from flattening the lookups into a join that scans.
    each = query.where(column == wanted.c.value).limit(1).lateral("found")
    return conn.execute(sa.select(each).select_from(wanted.join(each, sa.true())))


@lru_cache(maxsize=256)
def _upsert_sql(
    table: sa.Table, columns: tuple[str, ...], update: tuple[str, ...], returning: tuple[str, ...]
) -> sa.TextClause:
    names = ", ".join(f'"{name}"' for name in columns)
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in update)
    action = f"DO UPDATE SET {changes}" if update else "DO NOTHING"
    tail = " RETURNING " + ", ".join(f'"{name}"' for name in returning) if returning else ""
    return sa.text(
        f"INSERT INTO {table.schema}.{table.name} ({names}) "  # noqa: S608 - names come from declared tables
        f"SELECT {names} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given({_types(table, columns)}) "
        f"ON CONFLICT ({key}) {action}{tail}"
    )


def _types(table: sa.Table, columns: tuple[str, ...]) -> str:
    dialect = pg.dialect()
    return ", ".join(f'"{name}" {table.c[name].type.compile(dialect=dialect)}' for name in columns)


def _encode(rows: Sequence[Row]) -> str:
    return orjson.dumps(rows, default=_text).decode()


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"{type(value).__name__} has no JSON form")
