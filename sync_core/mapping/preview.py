"""What a template makes of sample rows, before any sync: for people who look at a mapping."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from sync_core.mapping.frame_schema import BadRow
from sync_core.mapping.mapping import KEY, Mapping
from sync_core.mapping.paths import nest


@dataclass(frozen=True, slots=True)
class Preview:
    """The provider's objects by the sample's number, and what is wrong with the rows that became none."""

    mapped: dict[int, dict[str, Any]]
    bad: list[BadRow]


def preview(mapping: Mapping, rows: Sequence[Map[str, Any]]) -> Preview:
    """Map sample `rows` of the venue's columns outwards, as a push would; columns that a row lacks are empty.

    Times may be ISO 8601 texts. Nothing is looked up: a column that refers to another record goes as it is.
    """
    columns = [column for column in mapping.push_columns if column != KEY]
    index = pd.Index([str(number) for number in range(len(rows))], dtype=object)
    values = {column: [_cell(mapping, column, row.get(column)) for row in rows] for column in columns}
    if KEY in mapping.push_columns:
        values[KEY] = [row.get(KEY) or str(number) for number, row in enumerate(rows)]
    frame = pd.DataFrame({column: pd.Series(cells, index, dtype=object) for column, cells in values.items()}, index)
    good, bad = mapping.validate_outbound(mapping.outbound(frame))
    mapped = {
        int(number): nest({str(path): value for path, value in row.items() if value is not None})
        for number, row in zip(good.index.tolist(), good.to_dict("records"), strict=True)
    }
    return Preview(mapped=mapped, bad=bad)


def _cell(mapping: Mapping, column: str, value: Any) -> Any:
    declared = mapping.model.columns.get(column)
    if declared is None or declared.type != "timestamp" or not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value  # what is no time is told by the mapping's own rules
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
