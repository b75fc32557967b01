"""A list of records inside a record, such as an order's lines: each element is mapped by a template of its own.

Elements of all records are mapped as one frame, so a chunk of orders costs one pass whatever the number of lines.
A list is one value to the sync: it is compared, won and lost as a whole, and one bad element makes its record bad.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from sync_core.mapping.bound import Columns
from sync_core.mapping.cells import BadValue, series
from sync_core.mapping.frame_schema import BadRow, RuledColumn
from sync_core.mapping.paths import nest, pick, pick_each
from sync_core.spec.provider import Direction

if TYPE_CHECKING:
    from sync_core.mapping.mapping import Mapping

PLACE = "line"
"""The column of an element that holds its place, from 1, where the element's model has it and no field maps it."""


@dataclass(frozen=True, slots=True)
class BoundList:
    """One column that holds a list of objects, and one path that leads to a list at the provider.

    `element` maps one element. Its `model` knows the record's columns too, for transforms that look at them;
    `own` are those that are the element's.
    """

    column: str
    remote: str
    direction: Direction
    required: bool
    element: "Mapping"
    own: frozenset[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    @property
    def beside(self) -> tuple[str, ...]:
        """The record's columns that its elements look at."""
        looked_at = (column for part in (*self.element.pushed, *self.element.pulled) for column in part.reads)
        return tuple(dict.fromkeys(column for column in looked_at if column not in self.own))

    @property
    def reads(self) -> tuple[str, ...]:
        """The column, and those its elements look at."""
        return (self.column, *self.beside)

    @property
    def paths(self) -> tuple[str, ...]:
        """The path."""
        return (self.remote,)

    def ruled(self) -> tuple[RuledColumn, ...]:
        """Elements are judged one by one while they are mapped; what is left is whether there must be any."""
        return (RuledColumn(self.remote, self.column, "json", self.required, personal=False, rules=()),)

    def outward(self, local: Columns) -> dict[str, list[Any]]:
        """Lists of the provider's nested objects; None where the venue's list is empty."""
        out, places, elements = self._taken_apart(local[self.column])
        index = pd.Index([str(number) for number in range(len(elements))], dtype=object)
        columns = {
            name: [e.get(name) for e in elements] if name in self.own else [local[name][owner] for owner, _ in places]
            for name in self.element.push_columns
        }
        rows = pd.DataFrame({name: series(values, index) for name, values in columns.items()}, index=index)
        good, bad = self.element.validate_outbound(self.element.outbound(rows))
        paths = list(good.columns)
        cells = (good[path].tolist() for path in paths)
        for number, values in zip(good.index.tolist(), zip(*cells, strict=True), strict=True):
            flat = {path: value for path, value in zip(paths, values, strict=True) if value is not None}
            out[places[int(number)][0]].append(nest(flat | self.element.constants))
        self._refuse(out, places, bad)
        return {self.remote: [value or None for value in out]}

    def inward(self, records: Sequence[Any], local: Columns) -> dict[str, list[Any]]:
        """Lists of the venue's objects; an empty list where the provider shows none."""
        out, places, elements = self._taken_apart(pick_each(records, self.remote))
        values: dict[str, list[Any]] = {
            name: [local[name][owner] for owner, _ in places] for name in self.beside if name in local
        }
        for part in self.element.pulled:
            values.update(part.inward(elements, values))
        index = pd.Index([str(number) for number in range(len(elements))], dtype=object)
        mapped = pd.DataFrame({c: series(values[c], index) for c in self.element.pull_columns}, index=index)
        good, bad = self.element.validate_inbound(mapped)
        names = list(good.columns)
        cells = (good[name].tolist() for name in names)
        for number, row in zip(good.index.tolist(), zip(*cells, strict=True), strict=True):
            owner, place = places[int(number)]
            blank = {name: place if name == PLACE else None for name in sorted(self.own)}
            out[owner].append(blank | dict(zip(names, row, strict=True)))
        self._refuse(out, places, bad)
        return {self.column: out}

    def seen(self, record: Any) -> list[dict[str, Any]] | None:
        """What the provider shows of the elements, raw and in the form in which they are pushed; None where none are."""
        shown = pick(record, self.remote)
        if not isinstance(shown, list):
            return None
        return [self._seen(element) for element in cast("list[Any]", shown)] or None

    def _seen(self, element: Any) -> dict[str, Any]:
        flat = {path: pick(element, path) for path in self.element.pull_paths}
        return nest({path: value for path, value in flat.items() if value is not None} | self.element.constants)

    def _taken_apart(self, lists: Sequence[Any]) -> tuple[list[Any], list[tuple[int, int]], list[dict[str, Any]]]:
        """An empty list (or the BadValue) for each of `lists`, then of each element its owner and place, and itself."""
        out: list[Any] = []
        places: list[tuple[int, int]] = []
        elements: list[dict[str, Any]] = []
        for owner, value in enumerate(lists):
            if isinstance(value, BadValue):
                out.append(value)
                continue
            given = cast("list[Any]", [] if value is None else value)
            if not isinstance(value, list | None) or not all(isinstance(element, dict) for element in given):
                out.append(BadValue("type", f"{self.remote} must be a list of objects."))
                continue
            out.append([])
            places += [(owner, place) for place in range(1, len(given) + 1)]
            elements += given
        return out, places, elements

    def _refuse(self, out: list[Any], places: Sequence[tuple[int, int]], bad: Sequence[BadRow]) -> None:
        """Put the first bad element's reason in the place of its record's whole list."""
        for row in reversed(bad):
            owner, place = places[int(row.id)]
            out[owner] = BadValue(row.code, f"{self.remote}, element {place}: {row.reason}")
