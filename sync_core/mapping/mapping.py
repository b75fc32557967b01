"""A compiled template: frames of the venue's rows out, the provider's objects in.

Frames hold plain Python values in object columns, None for what is missing, and BadValues for what could not be
mapped; the validate functions take the rows with BadValues out, so what they return is ready to be written.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pandera.pandas as pa

from sync_core.mapping.bound import Bound
from sync_core.mapping.cells import Subject, plain, series, typed
from sync_core.mapping.frame_schema import BadRow, FrameRules
from sync_core.mapping.lists import BoundList
from sync_core.mapping.paths import pick_each
from sync_core.spec.provider import Direction
from sync_core.spec.template import Model, Template

KEY = "id"


@dataclass(frozen=True, slots=True)
class BoundReference:
    """A column that holds another record's id.

    The engine puts the remote id (or `pick` of the remote state) in its place before `outbound`, and the local id
    after `inbound`. A row whose `required` reference leads to a record that is not at the provider yet must wait.
    """

    column: str
    remote: str
    entity: str
    pick: str
    direction: Direction
    required: bool


@dataclass(frozen=True, slots=True)
class Mapping:
    """One entity of one provider, ready to map frames.

    `push_columns` are the venue's columns read on push, `pull_columns` those written on pull; the key `id` is among
    them only when the template maps it. `constants` (path -> value) are sent on create. `new_row` (column -> value)
    completes a row that the provider created, and must never be written over an existing one. `template` is what was
    compiled, with `models` for the lists in it; `version` is the id of a venue's own template, None for the declared one.
    """

    model: Model
    references: tuple[BoundReference, ...]
    push_columns: tuple[str, ...]
    pull_columns: tuple[str, ...]
    push_paths: tuple[str, ...]
    pull_paths: tuple[str, ...]
    constants: dict[str, Any]
    new_row: dict[str, Any]
    pushed: tuple[Bound, ...]
    pulled: tuple[Bound, ...]
    push_rules: FrameRules
    pull_rules: FrameRules
    template: Template
    models: Map[str, Model]
    version: int | None = None

    def of_version(self, version: int) -> "Mapping":
        """The same mapping as a version of a venue's own."""
        return replace(self, version=version)

    @property
    def pushed_lists(self) -> tuple[BoundList, ...]:
        """The pushed parts that are lists: their elements may refer to other records."""
        return tuple(part for part in self.pushed if isinstance(part, BoundList))

    @property
    def pulled_lists(self) -> tuple[BoundList, ...]:
        """The pulled parts that are lists."""
        return tuple(part for part in self.pulled if isinstance(part, BoundList))

    @property
    def frame_schema_push(self) -> pa.DataFrameSchema:
        """The gate before a write at the provider: columns are remote paths."""
        return self.push_rules.schema

    @property
    def frame_schema_pull(self) -> pa.DataFrameSchema:
        """The gate before a write at the venue: columns are the model's."""
        return self.pull_rules.schema

    def outbound(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The provider's fields of the venue's rows.

        Args:
            rows: index = local id, columns = at least `push_columns` (`id` may be left to the index), reference
                columns holding remote ids already.

        Returns:
            A frame with the same index and one column per push path. Validate it before use.
        """
        local = {column: self._local(rows, column) for column in self.push_columns}
        out: dict[str, list[Any]] = {}
        for part in self.pushed:
            out.update(part.outward(local))
        return pd.DataFrame({path: series(out[path], rows.index) for path in self.push_paths}, index=rows.index)

    def _local(self, rows: pd.DataFrame, column: str) -> list[Any]:
        values = rows.index if column == KEY and KEY not in rows.columns else rows[column]
        declared = self.model.columns.get(column)
        kind, personal = (declared.type, declared.personal) if declared else ("text", False)
        return typed(plain(values), kind, Subject(column, personal))

    def validate_outbound(self, mapped: pd.DataFrame) -> tuple[pd.DataFrame, list[BadRow]]:
        """The rows of `outbound`'s frame that may be sent, and one BadRow (by local id) for each that may not."""
        return self.push_rules.judge(mapped)

    def inbound(self, records: Sequence[Map[str, Any]], ids: Sequence[str]) -> pd.DataFrame:
        """The venue's columns of the provider's nested `records`.

        Returns:
            A frame with `ids` (remote ids) as its index and one column per pull column; reference columns hold
            remote ids. Times are aware UTC datetimes. Validate it before use.
        """
        index = pd.Index(list(ids), dtype=object)
        local: dict[str, list[Any]] = {}
        for part in self.pulled:
            local.update(part.inward(records, local))
        return pd.DataFrame({c: series(local[c], index) for c in self.pull_columns}, index=index)

    def validate_inbound(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[BadRow]]:
        """The rows of `inbound`'s frame that may be stored, and one BadRow (by remote id) for each that may not."""
        return self.pull_rules.judge(frame)

    def seen(self, records: Sequence[Map[str, Any]]) -> list[dict[str, Any]]:
        """What the provider shows at the pull paths, raw: {path: JSON value or None} per record."""
        lists = {part.remote: part for part in self.pulled_lists}
        columns = [
            [lists[path].seen(record) for record in records] if path in lists else pick_each(records, path)
            for path in self.pull_paths
        ]
        shown = zip(*columns, strict=True) if columns else ((),) * len(records)
        return [dict(zip(self.pull_paths, values, strict=True)) for values in shown]

    def local_of(self, paths: Iterable[str]) -> set[str]:
        """The pull columns whose values come from any of the remote `paths`."""
        wanted = set(paths)
        return {column for part in self.pulled if wanted.intersection(part.paths) for column in part.columns}

    def written_with(self, paths: Iterable[str]) -> set[str]:
        """These remote `paths` and those that only say the same in another form, such as the parts of a joined name."""
        wanted = set(paths)
        return wanted | {path for part in self.pulled if part.paths[0] in wanted for path in part.paths}
