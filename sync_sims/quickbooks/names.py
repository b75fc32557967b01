"""Names: which characters they may have, that no two are alike, and what becomes of those that are made inactive.

QuickBooks keeps the name of an inactive object free for others by adding " (deleted)" to it.
"""

import re

from sync_sims.quickbooks.books import Books, name_key
from sync_sims.quickbooks.refusal import duplicate_name, invalid_text

_FORBIDDEN = re.compile(r"[:\t\n\r]")
_RETIRED = re.compile(r" \(deleted(?: \d+)?\)$")


def check_name(name: str, *, element: str) -> None:
    """Check the characters of a name.

    Raises:
        Refused: 2040: colons separate parents from children; tabs and line ends are not supported.
    """
    if _FORBIDDEN.search(name):
        raise invalid_text(element, name)


def retired_name(books: Books, entity: str, name: str, *, active: bool, key: str | None, users: str) -> str:
    """The name as it is kept: without the mark of inactivity, or with one that makes it unlike all others.

    Raises:
        Refused: 6240: an active object's name is in use.
    """
    plain = _RETIRED.sub("", name)
    if active:
        if _taken(books, entity, plain, key):
            raise duplicate_name(users)
        return plain
    retired, number = f"{plain} (deleted)", 0
    while _taken(books, entity, retired, key):
        number += 1
        retired = f"{plain} (deleted {number})"
    return retired


def _taken(books: Books, entity: str, name: str, key: str | None) -> bool:
    wanted = name_key(entity, name)
    holder = None if wanted is None else books.names.get(wanted)
    return holder is not None and holder != (entity, key)
