"""Dotted paths such as `item_data.variations[0].item_variation_data.sku`: reading and building nested objects.

A path that leads nowhere reads as None: providers omit, null and leave out as they please.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, cast

Step = str | int

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...]:
    """The keys and list positions along `path`."""
    return tuple(name or int(position) for name, position in _STEP.findall(path))


def pick(record: Any, path: str) -> Any:
    """The value at `path` in a nested `record`, None if it is absent."""
    return _walk(record, steps(path))


def pick_each(records: Sequence[Any], path: str) -> list[Any]:
    """The value at `path` in each of `records`, None where it is absent."""
    values: Sequence[Any] = records
    for step in steps(path):
        # Step by step over all records: most hold plain objects at every step, and that way is the short one.
        if isinstance(step, str):
            values = [
                value.get(step) if isinstance(value, dict) else None if value is None else _taken(value, step)
                for value in values
            ]
        else:
            values = [_taken(value, step) for value in values]
    return list(values)


def _walk(record: Any, walked: tuple[Step, ...]) -> Any:
    value = record
    for step in walked:
        value = _taken(value, step)
    return value


def _taken(value: Any, step: Step) -> Any:
    """What `value` holds at `step`, None if it holds nothing there."""
    if isinstance(step, int):
        held = cast("list[Any]", value) if isinstance(value, list) else []
        return held[step] if step < len(held) else None
    return cast("Mapping[str, Any]", value).get(step) if isinstance(value, Mapping) else None


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The nested object that `flat` describes: {"a.b[0].c": 1} becomes {"a": {"b": [{"c": 1}]}}.

    List positions that no path names become empty objects. Raises ValueError when two paths contradict each other,
    such as `a` and `a.b`.
    """
    root: dict[str, Any] = {}
    for path, value in flat.items():
        _place(root, path, value)
    return root


def _place(root: dict[str, Any], path: str, value: Any) -> None:
    walked = steps(path)
    node: Any = root
    for step, following in pairwise(walked):
        node = _container(node, step, [] if isinstance(following, int) else {}, path)
    if not _vacant(node, walked[-1]):
        raise ValueError(f"{path} contradicts another path")
    node[walked[-1]] = value


def _container(node: Any, step: Step, fresh: dict[str, Any] | list[Any], path: str) -> Any:
    """The object or list that `node` holds at `step`, `fresh` if it held nothing there."""
    if _vacant(node, step):
        node[step] = fresh
    elif type(node[step]) is not type(fresh):
        raise ValueError(f"{path} contradicts another path")
    return node[step]


def _vacant(node: Any, step: Step) -> bool:
    """Whether nothing is at `step` of `node` yet; a list grows up to the position first."""
    if isinstance(step, str):
        return step not in node
    node.extend({} for _ in range(step + 1 - len(node)))
    return node[step] == {}


def contradiction(paths: Iterable[str]) -> str | None:
    """The first of `paths` that cannot be in one object with those before it, None if all can."""
    placed: dict[str, Any] = {}
    for path in paths:
        try:
            _place(placed, path, path)
        except ValueError:
            return path
    return None
