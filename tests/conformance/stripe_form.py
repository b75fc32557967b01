"""Stripe's form bodies back into what they mean: `items[0][price]=x` is {"items": [{"price": "x"}]}, all scalars text."""

from collections.abc import Sequence
from typing import Any


def nested(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The pairs of a form or query, nested by their brackets.

    Raises:
        ValueError: A name stands for a text and for a hash at once, or its brackets do not close.
    """
    root: dict[str, Any] = {}
    for name, value in pairs:
        steps = _steps(name)
        node = root
        for step in steps[:-1]:
            node = node.setdefault(step or str(len(node)), {})
            if not isinstance(node, dict):
                raise ValueError(f"{name} is a text and a hash at once")  # noqa: TRY004 - what was sent is wrong
        last = steps[-1] or str(len(node))
        if last in node:
            raise ValueError(f"{name} is given more than once")
        node[last] = value
    return {name: _listed(value) for name, value in root.items()}


def _steps(name: str) -> list[str]:
    head, *rest = name.split("[")
    if any(not step.endswith("]") for step in rest):
        raise ValueError(f"{name} has brackets that do not close")
    return [head, *(step[:-1] for step in rest)]


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(entry) for name, entry in value.items()}
    positions = [str(position) for position in range(len(inner))]
    return [inner[position] for position in positions] if list(inner) == positions else inner
