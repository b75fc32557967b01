"""Request bodies out of flat fields: `item_data.variations[0].name` becomes nested objects and lists, and back into them.

Stays true: nothing here knows a provider, and nothing here knows mappings; paths are dotted names with list positions
in brackets.
"""

import itertools
import re
from collections.abc import Mapping
from typing import Any, cast

Json = Any
Step = str | int

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def steps(path: str) -> tuple[Step, ...]:
    """The names and list positions along a path: "a.b[0].c" is ("a", "b", 0, "c")."""
    return tuple(name or int(position) for name, position in _STEP.findall(path))


def nest(flat: Mapping[str, Json]) -> dict[str, Json]:
    """A nested body of flat fields: {"a": {"b": [{"c": 1}]}} of {"a.b[0].c": 1}."""
    body: dict[str, Json] = {}
    for path, value in flat.items():
        put(body, path, value)
    return body


def put(body: dict[str, Json], path: str, value: Json) -> None:
    """Set one value in a nested body, making objects and list elements on the way as needed."""
    walked = steps(path)
    node: Any = body
    for step, following in itertools.pairwise(walked):
        found = _at(node, step)
        if not isinstance(found, list if isinstance(following, int) else dict):
            found = [] if isinstance(following, int) else {}
            _set(node, step, found)
        node = cast("Any", found)
    _set(node, walked[-1], value)


def holds(body: Mapping[str, Json], flat: Mapping[str, Json]) -> bool:
    """Whether a nested body has these values already; None is what is absent or empty."""
    return all((_found(body, path) or None) == (value or None) for path, value in flat.items())


def _found(body: Mapping[str, Json], path: str) -> Json:
    node: Any = body
    for step in steps(path):
        node = _at(node, step)
    return node


def drop(body: dict[str, Json], path: str) -> None:
    """Take one value out of a nested body, and objects that are empty afterwards with it; absent is fine."""
    trail: list[tuple[Any, Step]] = []
    node: Any = body
    for step in steps(path):
        trail.append((node, step))
        node = _at(node, step)
        if node is None:
            break
    holder, step = trail.pop()
    if isinstance(holder, dict):
        cast("dict[Step, Any]", holder).pop(step, None)
    while trail and holder == {}:
        holder, step = trail.pop()
        if not isinstance(step, str):
            return
        holder.pop(step)


def _at(node: Any, step: Step) -> Any:
    if isinstance(step, int):
        return node[step] if isinstance(node, list) and step < len(cast("list[Any]", node)) else None
    return cast("dict[str, Any]", node).get(step) if isinstance(node, dict) else None


def _set(node: Any, step: Step, value: Any) -> None:
    if isinstance(step, int):
        while len(node) <= step:
            node.append({})
    node[step] = value
