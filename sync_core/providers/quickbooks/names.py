"""Names that QuickBooks wants to be unique: what a customer is shown as, and what follows when a name is taken.

A DisplayName is unique among customers, vendors and employees, an item's Name among items; neither may hold a colon,
a tab or a line break (developer.intuit.com, all-entities/customer and all-entities/item).
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from sync_core.providers.bodies import steps

LONGEST = 100
PARTS = ("GivenName", "FamilyName", "CompanyName")
_SUFFIX = 15
"""The longest suffix: a blank, two parentheses and twelve characters."""
_REACHED_BY = ("PrimaryEmailAddr.Address", "PrimaryPhone.FreeFormNumber")
_FORBIDDEN = re.compile(r"[:\t\r\n]+")
_SHORT = re.compile(r"[A-Za-z0-9_-]{1,12}")


def display_name(customer: Mapping[str, Any]) -> str:
    """What a customer is shown as: "Given Family, Company", else e-mail address, else telephone number, else empty."""
    person = " ".join(part for part in (_tidy(customer.get(name)) for name in PARTS[:2]) if part)
    name = ", ".join(part for part in (person, _tidy(customer.get(PARTS[2]))) if part)
    reached = (_tidy(_at(customer, path)) for path in _REACHED_BY)
    return (name or next((text for text in reached if text), ""))[:LONGEST].rstrip()


def with_suffix(name: str, local_id: str) -> str:
    """The name that only this record can have, always the same one, within the longest that a name may be."""
    short = local_id if _SHORT.fullmatch(local_id) else blake2b(local_id.encode(), digest_size=4).hexdigest()
    suffix = f" ({short})"
    return f"{name[: LONGEST - len(suffix)].rstrip()}{suffix}"


def follows(shown: str | None, derived: str) -> bool:
    """Whether a DisplayName was made of the parts that make `derived`, with a suffix or without."""
    if shown is None or not derived:
        return False
    head, found, tail = shown.rpartition(" (")
    shortened = len(shown) > LONGEST - _SUFFIX and derived.startswith(head)
    return shown == derived or (bool(found) and tail.endswith(")") and (head == derived or shortened))


def is_named(customer: Mapping[str, Any]) -> bool:
    """Whether a customer has any of a name's parts."""
    return any(_tidy(customer.get(name)) for name in PARTS)


def _tidy(text: Any) -> str:
    return " ".join(_FORBIDDEN.sub(" ", text).split()) if isinstance(text, str) else ""


def _at(found: Any, path: str) -> Any:
    for step in steps(path):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
