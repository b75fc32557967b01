"""An entity as a client wrote it, checked property by property and freed of what says nothing.

Null and "" mean "not there" at every depth, so that a client may clear a property of a sparse update with either.
"""

import re
from collections.abc import Mapping
from typing import Any

from sync_sims.quickbooks.amounts import decimal_of, shown
from sync_sims.quickbooks.books import Books, Row
from sync_sims.quickbooks.countries import alpha3
from sync_sims.quickbooks.pacific import is_date
from sync_sims.quickbooks.properties import (
    ADDRESSES,
    DATES,
    EMAILS,
    KEPT,
    LONGEST,
    NUMBERS,
    OBJECTS,
    PROPERTIES,
    TEXTS,
    TRUTHS,
)
from sync_sims.quickbooks.refusal import (
    invalid_email,
    missing,
    too_long,
    unsupported_property,
)

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_TRUTH = {"true": True, "false": False}
_LONGEST_EMAIL = 100


def read_draft(entity: str, given: Any, *, former: Row | None) -> Row:
    """The properties that a client set; those it cleared are absent.

    Args:
        entity: The entity's name.
        given: What was sent.
        former: For a sparse update, what the object is; its properties stay unless they were given.

    Raises:
        Refused: 2010, 2050, 2090 or 2210.
    """
    if not isinstance(given, dict):
        raise unsupported_property(entity)
    for name in given:
        if name not in PROPERTIES[entity]:
            raise unsupported_property(name)
    kept = {} if former is None else {name: value for name, value in former.items() if not name.startswith("_")}
    merged = kept | {name: _checked(name, value) for name, value in given.items() if name not in KEPT}
    return {name: value for name, value in merged.items() if name not in KEPT and value not in (None, "", {})}


def _checked(name: str, value: Any) -> Any:
    """One property, pruned."""
    pruned = _pruned(value)
    if pruned in (None, "", {}):
        return None
    if name in TEXTS:
        return _text(name, pruned)
    for names, check in _CHECKS:
        if name in names:
            return check(name, pruned)
    if name.endswith("Ref"):
        return _reference(name, pruned)
    return pruned


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        pruned = {name: _pruned(entry) for name, entry in value.items()}
        return {name: entry for name, entry in pruned.items() if entry not in (None, "", {})}
    if isinstance(value, list):
        return [_pruned(entry) for entry in value]
    return value


def _text(name: str, value: Any) -> str:
    """A text; numbers are read as one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise unsupported_property(name)
    text = str(value)
    if len(text) > LONGEST.get(name, len(text)):
        raise too_long(name, longest=LONGEST[name], length=len(text))
    return text


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise unsupported_property(name)
    return value


def _truth(name: str, value: Any) -> bool:
    truth = _TRUTH.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(truth, bool):
        raise unsupported_property(name)
    return truth


def _number(name: str, value: Any) -> int | float:
    return shown(decimal_of(value, name))


def _date(name: str, value: Any) -> str:
    if not is_date(value):
        raise unsupported_property(name)
    return value


def _email(name: str, value: Any) -> dict[str, str]:
    address = value.get("Address") if isinstance(value, dict) else None
    if not isinstance(address, str):
        raise unsupported_property(name)
    if len(address) > _LONGEST_EMAIL:
        raise too_long(f"{name}.Address", longest=_LONGEST_EMAIL, length=len(address))
    for single in address.split(","):
        if not _EMAIL.fullmatch(single.strip()):
            raise invalid_email(name, address)
    return {"Address": address}


def _reference(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or "value" not in value:
        raise unsupported_property(name)
    return {**value, "value": str(value["value"])}


_CHECKS = (
    (TRUTHS, _truth),
    (NUMBERS, _number),
    (DATES, _date),
    (EMAILS, _email),
    (ADDRESSES, _object),
    (OBJECTS, _object),
)


def with_addresses(books: Books, draft: Row, *, former: Mapping[str, Any]) -> Row:
    """The draft with its addresses as QuickBooks gives them back: with an id, and the country as a code."""
    found: Row = {}
    for name in ADDRESSES & draft.keys():
        address = dict(draft[name])
        if "Country" in address:
            address["Country"] = alpha3(str(address["Country"]))
        known = former.get(name, {}).get("Id")
        found[name] = {**address, "Id": known or books.next_number("addresses")}
    return draft | found


def required(draft: Row, *names: str) -> None:
    """Check that the properties are there.

    Raises:
        Refused: 2020 for the first that is not.
    """
    for name in names:
        if draft.get(name) in (None, "", [], {}):
            raise missing(name)
