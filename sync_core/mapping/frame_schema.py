"""Pandera schemas of mapped frames, and bad rows with sentences instead of pandera's tables.

A schema carries every rule of its columns, types included, so it stands alone as a gate before a write. Nearly every
frame is good as a whole, so a gate with one check over all of it comes first; a frame that it does not let through is
judged column by column and rule by rule, and each bad row is told everything that is wrong with it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrors

from sync_core.mapping.cells import PYTHON_TYPE, SPOKEN, BadValue, Kind, Subject, is_of
from sync_core.spec.template import Check


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that must not be written: its id, the venue's column at fault, a code and one or more sentences."""

    id: str
    column: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold of a value that is not None; `text` completes 'amount ...'.

    `measure` is what a reason shows in place of the value; a measure tells nothing personal.
    """

    code: str
    text: str
    holds: Callable[[Any], bool]
    measure: Callable[[Any], int] | None = None


@dataclass(frozen=True, slots=True)
class RuledColumn:
    """A column of a mapped frame: `name` in the frame, the venue's `column` it speaks of, and its rules."""

    name: str
    column: str
    kind: Kind
    required: bool
    personal: bool
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of `names` (of the frame) must have a value; `columns` are the venue's."""

    names: tuple[str, ...]
    columns: tuple[str, ...]


def rules_of(check: Check, kind: Kind) -> tuple[Rule, ...]:
    """The rules a check declares for values of `kind`. Raises ValueError where it cannot apply to that type."""
    rules = tuple(_text_rules(check)) + tuple(_number_rules(check))
    for rule in rules:
        wanted = ("integer", "number") if rule.code in ("minimum", "maximum") else ("text",)
        if kind not in wanted:
            raise ValueError(f"{rule.code} cannot apply to {SPOKEN[kind]}")
    return rules + tuple(_choice_rules(check, kind))


def _text_rules(check: Check) -> Iterable[Rule]:
    if (most := check.max_length) is not None:
        yield Rule("max_length", f"must have at most {most} characters", lambda v: len(v) <= most, measure=len)
    if (least := check.min_length) is not None:
        yield Rule("min_length", f"must have at least {least} characters", lambda v: len(v) >= least, measure=len)
    if (room := check.max_bytes) is not None:
        yield Rule("max_bytes", f"must have at most {room} bytes", lambda v: _bytes(v) <= room, measure=_bytes)
    if check.matches is not None:
        whole = re.compile(check.matches).fullmatch
        meaning = check.says or f"a text that matches {check.matches}"
        yield Rule("matches", f"must be {meaning}", lambda v: whole(v) is not None)


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _number_rules(check: Check) -> Iterable[Rule]:
    if (low := check.minimum) is not None:
        yield Rule("minimum", f"must be at least {low}", lambda v: v >= low)
    if (high := check.maximum) is not None:
        yield Rule("maximum", f"must be at most {high}", lambda v: v <= high)


def _choice_rules(check: Check, kind: Kind) -> Iterable[Rule]:
    if check.one_of is None:
        return
    if any(type(choice) is not PYTHON_TYPE[kind] for choice in check.one_of):
        raise ValueError(f"one_of must list values that are {SPOKEN[kind]}")
    choices = frozenset(check.one_of)
    yield Rule("one_of", f"must be one of {', '.join(map(str, check.one_of))}", lambda v: v in choices)


@dataclass(frozen=True)
class FrameRules:
    """The columns of a frame with their rules, and the gate made of them."""

    columns: tuple[RuledColumn, ...]
    any_of: tuple[AnyOf, ...]
    gate: pa.DataFrameSchema

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """Every rule by itself. Made for the first frame that needs it: most of the time of loading all mappings."""
        return pa.DataFrameSchema(
            {ruled.name: _pandera_column(ruled) for ruled in self.columns},
            checks=[_pandera_any_of(f"any_of {number}", group) for number, group in enumerate(self.any_of)],
            strict=True,
            ordered=True,
            unique_column_names=True,
        )

    def judge(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[BadRow]]:
        """The good rows of `frame`, and one BadRow per bad row, in the frame's order."""
        try:
            self.gate.validate(frame)
        except SchemaError:
            return self._sifted(frame)
        return frame, []

    def _sifted(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[BadRow]]:
        try:
            self.schema.validate(frame.reset_index(drop=True), lazy=True)
        except SchemaErrors as errors:
            bad = self._bad_rows(frame, errors.failure_cases)
            good = [position not in bad for position in range(len(frame))]
            return frame[good], list(bad.values())
        return frame, []

    def _bad_rows(self, frame: pd.DataFrame, failures: pd.DataFrame) -> dict[int, BadRow]:
        """Bad rows by position."""
        wrong: dict[int, set[tuple[str, str]]] = {}
        if failures["index"].isna().any():
            raise ValueError(f"the frame has not the columns of its schema: {', '.join(frame.columns)}")
        for context, column, code, position in zip(
            failures["schema_context"], failures["column"], failures["check"], failures["index"], strict=True
        ):
            where = str(column) if context == "Column" else ""
            wrong.setdefault(int(position), set()).add((where, str(code)))
        cells = {ruled.name: frame[ruled.name].tolist() for ruled in self.columns}
        ids = frame.index.tolist()
        return {at: self._bad_row(str(ids[at]), cells, at, wrong[at]) for at in sorted(wrong)}

    def _bad_row(self, row_id: str, cells: dict[str, list[Any]], at: int, wrong: set[tuple[str, str]]) -> BadRow:
        broken: dict[str, set[str]] = {}
        for name, code in wrong:
            broken.setdefault(name, set()).add(code)
        found = [
            (ruled.column, *said)
            for ruled in self.columns
            if ruled.name in broken
            for said in _said(ruled, cells[ruled.name][at], broken[ruled.name])
        ]
        found += [
            (group.columns[0], "any_of", f"One of {', '.join(group.columns)} must have a value.")
            for number, group in enumerate(self.any_of)
            if f"any_of {number}" in broken.get("", ())
        ]
        column, code, _ = found[0]
        return BadRow(row_id, column, code, " ".join(reason for _, _, reason in found))


def _said(ruled: RuledColumn, value: Any, codes: set[str]) -> Iterable[tuple[str, str]]:
    """Code and sentence of each broken rule of one cell."""
    subject = Subject(ruled.name, ruled.personal)
    if isinstance(value, BadValue):
        yield value.code, value.reason
    elif "type" in codes:
        yield "type", subject.breaks(f"must be {SPOKEN[ruled.kind]}", value)
    elif "not_nullable" in codes:
        yield "required", f"{ruled.name} must have a value."
    else:
        for rule in ruled.rules:
            if rule.code in codes:
                yield rule.code, _sentence(rule, subject, value)


def _sentence(rule: Rule, subject: Subject, value: Any) -> str:
    if rule.measure is None:
        return subject.breaks(rule.text, value)
    return Subject(subject.name, personal=False).breaks(rule.text, rule.measure(value))


def frame_rules(columns: Sequence[RuledColumn], any_of: Sequence[AnyOf] = ()) -> FrameRules:
    """The rules of a frame with exactly these `columns`, in this order."""
    gate = pa.DataFrameSchema(checks=pa.Check(lambda frame: _all_hold(frame, columns, any_of), name="every rule"))
    return FrameRules(tuple(columns), tuple(any_of), gate)


def _all_hold(frame: pd.DataFrame, columns: Sequence[RuledColumn], any_of: Sequence[AnyOf]) -> bool:
    """Whether every rule of every column holds in every row: what the schema says, in one pass."""
    if list(frame.columns) != [ruled.name for ruled in columns]:
        return False
    cells = {ruled.name: frame[ruled.name].tolist() for ruled in columns}
    return all(_holds(ruled, cells[ruled.name]) for ruled in columns) and all(
        any(value is not None for value in row)
        for group in any_of
        for row in zip(*(cells[name] for name in group.names), strict=True)
    )


def _holds(ruled: RuledColumn, cells: list[Any]) -> bool:
    types = set(map(type, cells))
    if ruled.required and type(None) in types:
        return False
    types.discard(type(None))
    if types & {BadValue} or (ruled.kind != "json" and not types <= {PYTHON_TYPE[ruled.kind]}):
        return False
    present = [value for value in cells if value is not None] if ruled.rules else []
    return all(all(map(rule.holds, present)) for rule in ruled.rules)


def _pandera_column(ruled: RuledColumn) -> pa.Column:
    checks = [_pandera_check("type", lambda value: is_of(value, ruled.kind))]
    checks += [_pandera_check(rule.code, _if_typed(ruled.kind, rule.holds)) for rule in ruled.rules]
    return pa.Column(None, checks=checks, nullable=not ruled.required, required=True)


def _if_typed(kind: Kind, holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """`holds`, but silent about values of another type: the type check speaks of those."""
    return lambda value: not is_of(value, kind) or holds(value)


def _pandera_check(code: str, holds: Callable[[Any], bool]) -> pa.Check:
    def over(values: pd.Series) -> pd.Series:
        held = [value is None or holds(value) for value in values]
        return pd.Series(held, index=values.index, dtype=bool)

    return pa.Check(over, name=code, error=code, ignore_na=False)


def _pandera_any_of(code: str, group: AnyOf) -> pa.Check:
    def over(frame: pd.DataFrame) -> pd.Series:
        return frame[list(group.names)].notna().any(axis=1)

    return pa.Check(over, name=code, error=code, ignore_na=False)
