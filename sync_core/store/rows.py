"""The venue's own rows: which changed, what they hold now, and writing what a provider knew better.

A change is found by the transaction that made it, not by a timestamp: a transaction that commits late still has
an id at or above the horizon of every reader that did not see it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync_core.store.bulk import Row, look_up, upsert
from sync_core.store.sync_tables import ledger
from sync_core.store.venue_tables import SYNCED, apart

TABLES: Mapping[str, sa.Table] = {table.name: table for table in SYNCED}
ALWAYS = ("id", "updated_at", "deleted_at")
COMMON = 20
"""Rows that may share a match key before it is too common to recognise anybody by."""
_BETWEEN = "\x1f"
"""Stands between the parts of a match key: a control character that no text of a venue holds."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows one entity of one venue is about: its table, its columns, and a fixed filter.

    Rows without a value in one of `only_with` are not for the provider; a row that was may lose it, and is still known.
    """

    table: sa.Table
    venue: str
    columns: tuple[str, ...]
    where: Mapping[str, str]
    only_with: tuple[str, ...] = ()

    @property
    def rows(self) -> sa.Select[Any]:
        """The query for all of them, by primary key."""
        return self._where(self.table.c.venue_id == self.venue)

    @property
    def rows_apart(self) -> sa.Select[Any]:
        """The same rows, for the indexes other than the primary key."""
        return self._where(apart(self.table) == self.venue)

    def _where(self, venue: sa.ColumnElement[bool]) -> sa.Select[Any]:
        names = dict.fromkeys((*ALWAYS, *self.columns))
        query = sa.select(*(self.table.c[name] for name in names)).where(venue)
        for name, value in self.where.items():
            query = query.where(self.table.c[name] == value)
        return query

    def for_push(self, query: sa.Select[Any]) -> sa.Select[Any]:
        """`query` without the rows that a push does not look at; a deletion travels whatever the row still holds."""
        has = [sa.cast(self.table.c[name], sa.Text).regexp_match(r"\S") for name in self.only_with]
        return query.where(sa.or_(self.table.c.deleted_at.is_not(None), sa.and_(*has))) if has else query


@dataclass(frozen=True, slots=True)
class Changed:
    """Rows changed by transactions at or after `xid`, or changed at or after `since`; both None: every row.

    Rows that a pull of `but_pulled` (connection id and entity) was the last to change are left out: of them nothing
    is to be pushed.
    """

    xid: int | None = None
    since: datetime | None = None
    but_pulled: tuple[int, str] | None = None

    def rows_of(self, scope: Scope) -> sa.Select[Any]:
        """The query for the changed rows of a scope, as far as a push looks at them."""
        query = scope.for_push(scope.rows if self.xid is None else scope.rows_apart)
        if self.xid is not None:
            changed_xid = scope.table.c.changed_xid
            query = query.where(changed_xid >= sa.cast(sa.cast(self.xid, sa.Text), changed_xid.type))
        if self.since is not None:
            query = query.where(scope.table.c.updated_at >= self.since)
        return query


def horizon(conn: sa.Connection) -> int:
    """The oldest transaction still running: everything below it is decided and visible to a reader that starts now."""
    return int(conn.execute(sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")).scalar_one())


def count(conn: sa.Connection, scope: Scope, changed: Changed) -> int:
    """How many rows the stretches come to, those that only a pull changed among them."""
    inner = changed.rows_of(scope).subquery()
    return conn.execute(sa.select(sa.func.count()).select_from(inner)).scalar_one()


@dataclass(frozen=True, slots=True)
class Stretch:
    """The next changed rows in id order, deleted ones included: how many, the last one's id, and those to look at."""

    count: int
    end: str
    rows: list[Row]


def stretch(conn: sa.Connection, scope: Scope, changed: Changed, *, after: str | None, limit: int) -> Stretch | None:
    """The next `limit` changed rows after the id `after`; None when there are none."""
    table = scope.table
    query = changed.rows_of(scope).order_by(table.c.id).limit(limit)
    if after is not None:
        query = query.where(table.c.id > after)
    if changed.but_pulled is None:
        found = [dict(row) for row in conn.execute(query).mappings()]
        return Stretch(len(found), found[-1]["id"], found) if found else None
    # First which, then what they hold: the look into the ledger is for this stretch alone, whatever the plan.
    part = query.with_only_columns(table.c.id, table.c.changed_xid).subquery("part")
    connection_id, entity = changed.but_pulled
    pulled = sa.select(ledger.c.in_step_xid).where(
        ledger.c.connection_id == connection_id, ledger.c.entity == entity, ledger.c.local_id == part.c.id
    )
    due = pulled.scalar_subquery().is_distinct_from(part.c.changed_xid)
    ids = {row.id: row.due for row in conn.execute(sa.select(part.c.id, due.label("due")).order_by(part.c.id))}
    if not ids:
        return None
    wanted = [local_id for local_id, to_look_at in ids.items() if to_look_at]
    found = look_up(conn, scope.for_push(scope.rows), table.c.id, wanted) if wanted else None
    return Stretch(len(ids), max(ids), [dict(row) for row in found.mappings()] if found is not None else [])


def by_ids(conn: sa.Connection, scope: Scope, ids: Sequence[str]) -> dict[str, Row]:
    """The rows with these ids that a push looks at, by id."""
    found = look_up(conn, scope.for_push(scope.rows), scope.table.c.id, ids)
    return {row["id"]: dict(row) for row in found.mappings()}


def lock(conn: sa.Connection, scope: Scope, ids: Sequence[str]) -> dict[str, Row]:
    """The rows with these ids, by id, held until the transaction ends, so that nobody's edit is overwritten unseen."""
    # In id order, so that two syncs that meet on the same rows cannot wait for each other in a circle.
    found = look_up(conn, scope.rows.with_for_update(), scope.table.c.id, sorted(ids))
    return {row["id"]: dict(row) for row in found.mappings()}


def match_key(values: Mapping[str, Any], columns: Sequence[str]) -> str | None:
    """What `matching` compares: the columns' values as text without regard to case; None when one has no value."""
    parts = [values.get(column) for column in columns]
    if None in parts or "" in parts:
        return None
    return _BETWEEN.join(str(part).lower() for part in parts)


def matching(conn: sa.Connection, scope: Scope, columns: Sequence[str], keys: Sequence[str]) -> dict[str, list[str]]:
    """Ids of living rows by their `match_key`, each list in id order.

    A key that more than COMMON rows share (a switchboard's number, "n/a") tells nobody apart and is left out.
    """
    texts = [sa.func.lower(sa.cast(scope.table.c[column], sa.Text)) for column in columns]
    key = texts[0] if len(texts) == 1 else sa.func.concat_ws(_BETWEEN, *texts)
    wanted = sa.func.unnest(sa.bindparam("keys", list(keys), sa.ARRAY(sa.Text))).table_valued("value")
    wanted = wanted.render_derived(name="wanted")
    alike = (
        scope.rows_apart.with_only_columns(scope.table.c.id)
        .where(
            scope.table.c.deleted_at.is_(None),
            *(scope.table.c[column].is_not(None) for column in columns),
            key == wanted.c.value,
        )
        .limit(COMMON + 1)
        .lateral("alike")
    )
    found: dict[str, list[str]] = {}
    for value, local_id in conn.execute(
        sa.select(wanted.c.value, alike.c.id).select_from(wanted.join(alike, sa.true()))
    ):
        found.setdefault(value, []).append(local_id)
    return {value: sorted(ids) for value, ids in found.items() if len(ids) <= COMMON}


def write(conn: sa.Connection, scope: Scope, rows: Sequence[Row]) -> dict[str, Row]:
    """Insert or update `rows` (all with the same columns, `id` among them); the rows as they now stand, by id.

    They come with their `changed_xid`.

    The fixed filter is stamped on them, so that a row written here is inside the scope. A deleted row is revived.
    """
    stamp: Row = {"venue_id": scope.venue, "deleted_at": None, **scope.where}
    stamped = [{**row, **stamp} for row in rows]
    update = [name for name in (stamped[0] if stamped else {}) if name not in ("venue_id", "id")]
    returned = upsert(
        conn,
        scope.table,
        stamped,
        update=update,
        returning=tuple(dict.fromkeys((*ALWAYS, "changed_xid", *scope.columns))),
    )
    return {row["id"]: row for row in returned}


def deleted(conn: sa.Connection, table: sa.Table, venue: str, ids: Sequence[str]) -> set[str]:
    """Those of the ids whose rows are soft-deleted."""
    query = sa.select(table.c.id).where(table.c.venue_id == venue, table.c.deleted_at.is_not(None))
    return set(look_up(conn, query, table.c.id, ids).scalars())


def mark_deleted(conn: sa.Connection, scope: Scope, ids: Sequence[str], *, at: datetime) -> int:
    """Soft-delete the rows with these ids that are not deleted yet; how many."""
    result = conn.execute(
        sa.update(scope.table)
        .where(
            scope.table.c.venue_id == scope.venue, scope.table.c.id.in_(list(ids)), scope.table.c.deleted_at.is_(None)
        )
        .values(deleted_at=at)
    )
    return result.rowcount
