"""Objects by their ids: in Square's own batches where there are any, else one call each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync_core.providers.protocol import Remote
from sync_core.providers.square.calls import Refused, SquareCalls


def one_by_one(calls: SquareCalls, name: str, paths: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """Those of the objects at `paths` that there are, by id as `paths` are; the answer holds each as `name`."""
    found: dict[str, Mapping[str, Any]] = {}
    for one, path in paths.items():
        try:
            found[one] = calls.get(path)[name]
        except Refused as exc:
            if exc.code != "NOT_FOUND":
                raise
    return found


def in_batches(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """The ids, at most `size` at a time."""
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])


def in_order(ids: Sequence[str], found: Mapping[str, Remote]) -> list[Remote]:
    """An object for each id; what was not found is gone."""
    return [found[one] if one in found else Remote(id=one, record={}, deleted=True) for one in ids]
