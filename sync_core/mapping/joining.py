"""Two names in one text and back again: the rules of `joined` fields.

Nobody can tell the parts of a person's name by rule, so the rule is used only on names that somebody wrote at the
provider; the names we wrote ourselves are recognised by the parts kept beside them.
"""

from typing import Any

from sync_core.mapping.cells import BadValue

Pair = tuple[Any, Any]


def join(pair: Pair, separator: str) -> Any:
    """The parts that have a value with `separator` between them; None if none has, the BadValue if one is bad."""
    for part in pair:
        if isinstance(part, BadValue):
            return part
    return separator.join(part for part in pair if part) or None


def split(text: Any, kept: Pair | None, separator: str) -> Pair:
    """`kept` if it joins to `text`, else `text` split at its last separator, or wholly first if it has none."""
    if text is None or isinstance(text, BadValue):
        return text, None
    if kept is not None and join(kept, separator) == text:
        return kept
    tidy = text.strip()
    if not tidy:
        return None, None
    first, found, second = tidy.rpartition(separator)
    return (first.strip() or None, second.strip()) if found else (tidy, None)
