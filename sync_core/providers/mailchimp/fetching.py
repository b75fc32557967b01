"""Objects by their ids in as few calls as their number allows: one call each, or a thousand at a time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sync_core.providers.protocol import Remote

Shown = Mapping[str, Any]
PAGE_SIZE = 1000
"""The most that Mailchimp shows at once (mailchimp.com/developer/marketing/docs/methods-parameters, pagination)."""
FEW = 25
"""Up to so many are asked for one by one at once; of more, a first page tells how many pages there are."""


def gathered(
    ids: Sequence[str],
    *,
    one: Callable[[str], Shown | None],
    page: Callable[[int], tuple[Sequence[Shown], int]],
    key: str,
) -> dict[str, Shown]:
    """Those of `ids` that exist, by id.

    Args:
        ids: what is looked for.
        one: the object of an id, None when there is none.
        page: the objects from an offset on, PAGE_SIZE at most, and how many there are in all.
        key: the field that holds an object's id.
    """
    found: dict[str, Shown] = {}
    missing = set(ids)
    offset, total = 0, PAGE_SIZE if len(missing) > FEW else 0
    # A page is worth its call as long as fewer pages than objects are left.
    while offset < total and len(missing) > -(-(total - offset) // PAGE_SIZE):
        shown, total = page(offset)
        found |= {each[key]: each for each in shown if each[key] in missing}
        missing -= found.keys()
        offset += PAGE_SIZE
    # Whoever moved from page to page meanwhile was not seen: only an answer of its own says that something is gone.
    alone = {each: one(each) for each in ids if each in missing}
    return found | {each: shown for each, shown in alone.items() if shown is not None}


def in_order(ids: Sequence[str], found: Mapping[str, Shown], *, remote: Callable[[Shown], Remote]) -> list[Remote]:
    """A record per id, in the order of `ids`; what was not found is gone."""
    return [remote(found[each]) if each in found else Remote(each, {}, deleted=True) for each in ids]
