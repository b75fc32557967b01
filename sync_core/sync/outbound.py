"""The venue's rows in the provider's terms: references resolved, fields mapped, bad rows taken out with their reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sync_core.mapping.compile import BadRow, BoundReference
from sync_core.store import ledger
from sync_core.store import rows as rows_of
from sync_core.store.bulk import Row
from sync_core.sync.work import Work

Flat = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outbound:
    """`mapped` holds the good rows by local id; `waiting` those whose other record is not at the provider yet."""

    mapped: dict[str, Flat]
    bad: list[BadRow]
    waiting: dict[str, str]


def outbound(work: Work, rows: Sequence[Row]) -> Outbound:
    """Map `rows` (id and model columns). Reads the ledger for references; writes nothing.

    A row waits for a record it refers to until that is at the provider; a reference that need not be there and leads
    to a record which the venue has deleted is left out instead.
    """
    if not rows:
        return Outbound(mapped={}, bad=[], waiting={})
    columns = {name: [row[name] for row in rows] for name in _read_columns(work)}
    waiting: dict[str, str] = {}
    ids = [row["id"] for row in rows]
    for reference in work.mapping.references:
        if reference.direction != "pull":
            columns[reference.column] = _resolve(work, reference, columns[reference.column], ids, waiting)
    for part in work.mapping.pushed_lists:
        for reference in part.element.references:
            columns[part.column] = _resolve_inside(work, reference, columns[part.column], ids, waiting)
    frame = pd.DataFrame(columns, index=pd.Index(ids, dtype=object), dtype=object)
    ready = frame.loc[[local_id not in waiting for local_id in ids]]
    good, bad = work.mapping.validate_outbound(work.mapping.outbound(ready))
    return Outbound(mapped=flat_rows(good), bad=bad, waiting=waiting)


def flat_rows(frame: pd.DataFrame) -> dict[str, Flat]:
    """The frame's rows as flat values by index."""
    paths = list(frame.columns)
    values = zip(*(frame[path].tolist() for path in paths), strict=True) if paths else iter(())
    return {key: dict(zip(paths, row, strict=True)) for key, row in zip(frame.index.tolist(), values, strict=True)}


def _read_columns(work: Work) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*work.mapping.push_columns, *(r.column for r in work.mapping.references))))


def _resolve(
    work: Work, reference: BoundReference, values: Sequence[Any], ids: Sequence[str], waiting: dict[str, str]
) -> list[Any]:
    wanted = sorted({value for value in values if value is not None})
    known = ledger.remote_values(work.conn, work.connection.id, reference.entity, ids=wanted, pick=reference.pick)
    gone = set[str]() if reference.required else _deleted(work, reference, [v for v in wanted if v not in known])
    for local_id, value in zip(ids, values, strict=True):
        if value is None and reference.required:
            waiting.setdefault(local_id, f"It has no {reference.column} yet.")
        elif value is not None and value not in known and value not in gone:
            waiting.setdefault(local_id, f"Its {reference.entity} record {value} is not at the provider yet.")
    return [None if value is None else known.get(value) for value in values]


def _deleted(work: Work, reference: BoundReference, ids: Sequence[str]) -> set[str]:
    """Those of the records that the venue has deleted: whoever refers to one need not wait for it."""
    table = rows_of.TABLES[work.provider_spec.entities[reference.entity].model]
    return rows_of.deleted(work.conn, table, work.connection.venue, ids) if ids else set()


def _resolve_inside(
    work: Work, reference: BoundReference, lists: Sequence[Any], ids: Sequence[str], waiting: dict[str, str]
) -> list[Any]:
    """The same for a column of lists: each element's reference in the provider's terms, in copies of the elements."""
    owners = [local_id for local_id, elements in zip(ids, lists, strict=True) for _ in elements or ()]
    values = [element.get(reference.column) for elements in lists for element in elements or ()]
    found = iter(_resolve(work, reference, values, owners, waiting))
    return [elements and [{**element, reference.column: next(found)} for element in elements] for elements in lists]
