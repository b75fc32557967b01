"""Query parameters: pages, partial answers, filters.

Source: mailchimp.com/developer/marketing/docs/methods-parameters: `count` (10, at most 1,000) and `offset`; `fields` and
`exclude_fields` take dotted paths.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sync_sims.mailchimp.errors import invalid
from sync_sims.mailchimp.moments import parsed

COUNT = 10
MOST = 1000
LONGEST = 18
Tree = dict[str, "Tree"]


class Asking:
    """The query of one request."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self._fields = _paths(given.get("fields"))
        self._excluded = _paths(given.get("exclude_fields"))

    def text(self, name: str) -> str | None:
        """A parameter as sent; an empty one is absent."""
        return self._given.get(name) or None

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """One of an enumeration's values."""
        value = self.text(name)
        if value is not None and value not in allowed:
            raise invalid((name, f"Data presented is not one of the accepted values: {', '.join(allowed)}."))
        return value

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self.choice(name, ("true", "false", "1", "0"))
        return None if value is None else value in {"true", "1"}

    def moment(self, name: str) -> str | None:
        """A time, in Mailchimp's own form. A plus sign sent as it is arrives as a blank."""
        value = self.text(name)
        if value is None:
            return None
        moment = parsed(value)
        if moment is None:
            raise invalid((name, "This value is not a valid datetime."))
        return moment

    def _whole(self, name: str, default: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= LONGEST):
            raise invalid((name, "Schema describes integer, string found instead"))
        return int(value)

    def page(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The part of `rows` that `count` and `offset` ask for.

        Raises:
            ApiError: `count` is above 1,000.
        """
        count = self._whole("count", COUNT)
        offset = self._whole("offset", 0)
        if count > MOST:
            raise invalid(("count", f"This value should be less than or equal to {MOST}."))
        return rows[offset : offset + count]

    @property
    def links(self) -> bool:
        """Whether the answer's inner objects are to have `_links`."""
        if self._fields:
            return any(path[-1] == "_links" or len(path) == 1 for path in self._fields)
        return not any(path[-1] == "_links" and len(path) > 1 for path in self._excluded)

    def partial(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer cut down to `fields`, without `exclude_fields`."""
        if self._fields:
            answer = _kept(answer, _tree(self._fields))
        if self._excluded:
            answer = _cut(answer, _tree(self._excluded))
        return answer


def _paths(text: str | None) -> list[list[str]]:
    return [path.strip().split(".") for path in (text or "").split(",") if path.strip()]


def _tree(paths: Iterable[list[str]]) -> Tree:
    root: Tree = {}
    for path in sorted(paths, key=len, reverse=True):
        branch = root
        for name in path[:-1]:
            branch = branch.setdefault(name, {})
        branch[path[-1]] = {}
    return root


def _kept(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_kept(entry, tree) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _kept(value[name], branch) if branch else value[name] for name, branch in tree.items() if name in value
    }


def _cut(value: Any, tree: Tree) -> Any:
    if isinstance(value, list):
        return [_cut(entry, tree) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _cut(entry, tree[name]) if name in tree else entry
        for name, entry in value.items()
        if name not in tree or tree[name]
    }
