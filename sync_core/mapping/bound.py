"""Template fields bound to a model: each knows its types, its transforms and its rules, and works on whole columns.

Two kinds share one face: a field (one column, one path) and a joined field (two columns, one text).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sync_core.mapping.cells import BadValue, Kind, Subject, each, filled, typed
from sync_core.mapping.frame_schema import Rule, RuledColumn
from sync_core.mapping.joining import join, split
from sync_core.mapping.paths import pick_each
from sync_core.mapping.transforms import Beside, Transform
from sync_core.spec.provider import Direction
from sync_core.spec.template import ColumnType, Joined

Columns = Mapping[str, list[Any]]


class Bound(Protocol):
    """What a mapping needs of each of its parts."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The venue's columns it writes on pull."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """The venue's columns it reads on push."""
        ...

    @property
    def paths(self) -> tuple[str, ...]:
        """The provider's paths, the main one first."""
        ...

    @property
    def direction(self) -> Direction:
        """Which way it goes."""
        ...

    def ruled(self) -> tuple[RuledColumn, ...]:
        """What must hold of the pushed values, one per path."""
        ...

    def outward(self, local: Columns) -> dict[str, list[Any]]:
        """Values by path, from the venue's typed columns."""
        ...

    def inward(self, records: Sequence[Any], local: Columns) -> dict[str, list[Any]]:
        """Values by column, from the provider's objects and the columns that are there already."""
        ...


@dataclass(frozen=True, slots=True)
class BoundField:
    """One column and one path."""

    column: str
    remote: str
    direction: Direction
    kind: ColumnType
    remote_kind: Kind
    transforms: tuple[Transform | Beside, ...]
    default: Any
    required: bool
    personal: bool
    rules: tuple[Rule, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    @property
    def beside(self) -> tuple[str, ...]:
        """Other columns that its transforms look at."""
        return tuple(t.column for t in self.transforms if isinstance(t, Beside))

    @property
    def reads(self) -> tuple[str, ...]:
        """The column, and those its transforms look at."""
        return (self.column, *self.beside)

    @property
    def paths(self) -> tuple[str, ...]:
        """The path."""
        return (self.remote,)

    @property
    def subject(self) -> Subject:
        """What reasons speak of."""
        return Subject(self.remote, self.personal)

    def ruled(self) -> tuple[RuledColumn, ...]:
        """The declared check, on the value as the provider will see it."""
        return (RuledColumn(self.remote, self.column, self.remote_kind, self.required, self.personal, self.rules),)

    def outward(self, local: Columns) -> dict[str, list[Any]]:
        """Defaults first, then the transforms in the order they are declared."""
        values = filled(local[self.column], self.default)
        for step in self.transforms:
            if isinstance(step, Beside):
                values = _beside(step, step.out, values, local[step.column], self.subject)
            else:
                values = each(step.out, values, code=step.name.partition(":")[0], subject=self.subject)
        return {self.remote: values}

    def inward(self, records: Sequence[Any], local: Columns) -> dict[str, list[Any]]:
        """The transforms undone in reverse order, then defaults."""
        values = typed(pick_each(records, self.remote), self.remote_kind, self.subject)
        for step in reversed(self.transforms):
            if isinstance(step, Beside):
                values = _beside(step, step.back, values, local[step.column], self.subject)
            else:
                values = each(step.back, values, code=step.name.partition(":")[0], subject=self.subject)
        return {self.column: filled(values, self.default)}


def _beside(step: Beside, function: Any, values: list[Any], others: list[Any], subject: Subject) -> list[Any]:
    """`function(value, other)` row by row; a value whose other is missing cannot be mapped."""
    code = step.name
    mapped: list[Any] = []
    for value, other in zip(values, others, strict=True):
        if value is not None and not isinstance(other, str):
            mapped.append(BadValue(code, f"{subject.name} cannot be told without a {step.column}."))
        else:
            mapped += each(lambda v, other=other: function(v, other), [value], code=code, subject=subject)
    return mapped


@dataclass(frozen=True, slots=True)
class BoundJoined:
    """Two columns and one text, with the two texts kept beside it where the provider has room for them."""

    spec: Joined
    personal: bool
    rules: tuple[Rule, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The two columns."""
        return self.spec.columns

    @property
    def reads(self) -> tuple[str, ...]:
        """The two columns."""
        return self.spec.columns

    @property
    def paths(self) -> tuple[str, ...]:
        """The joined text's path, then those of the kept texts."""
        return (self.spec.remote, *(self.spec.kept or ()))

    @property
    def direction(self) -> Direction:
        """Which way it goes."""
        return self.spec.direction

    def ruled(self) -> tuple[RuledColumn, ...]:
        """The declared check applies to the joined text; the kept texts are never longer."""
        whole = RuledColumn(self.spec.remote, self.columns[0], "text", self.spec.required, self.personal, self.rules)
        kept = zip(self.spec.kept or (), self.columns, strict=False)
        return (
            whole,
            *(RuledColumn(path, c, "text", required=False, personal=self.personal, rules=()) for path, c in kept),
        )

    def outward(self, local: Columns) -> dict[str, list[Any]]:
        """The joined text and the kept texts."""
        first, second = (each(_tidy, local[column], code="type", subject=self._subject) for column in self.columns)
        pairs = list(zip(first, second, strict=True))
        joined = [join(pair, self.spec.separator) for pair in pairs]
        out = {self.spec.remote: joined}
        if self.spec.kept:
            out[self.spec.kept[0]] = first
            out[self.spec.kept[1]] = second
        return out

    def inward(self, records: Sequence[Any], local: Columns) -> dict[str, list[Any]]:  # noqa: ARG002 - Bound's face
        """The two columns: the kept texts where they still join to the text, else the text split."""
        whole = typed(pick_each(records, self.spec.remote), "text", self._subject)
        kept = [self._kept(records, path) for path in self.spec.kept or ()]
        known = zip(*kept, strict=True) if kept else [None] * len(whole)
        pairs = [split(text, pair, self.spec.separator) for text, pair in zip(whole, known, strict=True)]
        return {column: [pair[place] for pair in pairs] for place, column in enumerate(self.columns)}

    @property
    def _subject(self) -> Subject:
        return Subject(self.spec.remote, self.personal)

    def _kept(self, records: Sequence[Any], path: str) -> list[Any]:
        """Kept texts are a help: one that is no text counts as absent."""
        values = typed(pick_each(records, path), "text", self._subject)
        return [None if isinstance(value, BadValue) else value for value in values]


def _tidy(value: str) -> str | None:
    return value.strip() or None
