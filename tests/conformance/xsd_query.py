"""QuickBooks' query language: one entity, known fields, no OR, at most a thousand results.

Source: developer.intuit.com, "Data queries"; an asterisk with fields beside it, for an item's Sku, is from the field
(github.com/ej2/python-quickbooks).
"""

import re
from collections.abc import Iterator, Sequence

from tests.conformance.schemas import Schemas
from tests.conformance.violation import Complaint, shown

MOST_RESULTS = 1000
_TEXT = r"'(?:[^'\\]|\\.)*'"
_VALUE = rf"(?:{_TEXT}|true|false|-?\d+(?:\.\d+)?)"
_CONDITION = rf"[\w.]+\s*(?:=|<=|>=|<|>|\bLIKE\b|\bIN\b)\s*(?:{_VALUE}|\(\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*\))"
_ORDER = r"[\w.]+(?:\s+(?:ASC|DESC))?"
_QUERY = re.compile(
    rf"SELECT\s+(?P<fields>COUNT\(\*\)|(?:\*|[\w.]+)(?:\s*,\s*[\w.]+)*)\s+FROM\s+(?P<entity>\w+)"
    rf"(?:\s+WHERE\s+(?P<where>{_CONDITION}(?:\s+AND\s+{_CONDITION})*))?"
    rf"(?:\s+ORDER\s?BY\s+(?P<order>{_ORDER}(?:\s*,\s*{_ORDER})*))?"
    r"(?P<place>(?:\s+(?:STARTPOSITION|MAXRESULTS)\s+\d+){0,2})\s*;?\s*",
    re.IGNORECASE,
)


def query_complaints(text: str, entities: Sequence[str], schemas: Schemas) -> Iterator[Complaint]:
    """What is wrong with a query."""
    match = _QUERY.fullmatch(text.strip())
    if match is None:
        yield Complaint("query", f"{shown(text)} is no query")
        return
    entity = next((name for name in entities if name.lower() == match["entity"].lower()), None)
    if entity is None:
        yield Complaint("query", f"there is no entity {match['entity']}")
        return
    for path in _fields_of(match):
        if not _is_field(path, entity, schemas):
            yield Complaint("query", f"{entity} has no field {path}", entity)
    most = re.search(r"MAXRESULTS\s+(\d+)", match["place"], re.IGNORECASE)
    if most is not None and int(most[1]) > MOST_RESULTS:
        yield Complaint("query", f"MAXRESULTS {most[1]}, at most {MOST_RESULTS}")


def _fields_of(match: re.Match[str]) -> Iterator[str]:
    yield from (name for name in re.split(r"\s*,\s*", match["fields"]) if "*" not in name)
    conditions = re.sub(_TEXT, "''", match["where"] or "")
    yield from re.findall(r"([\w.]+)\s*(?:=|<=|>=|<|>|\bLIKE\b|\bIN\b)", conditions, re.IGNORECASE)
    for part in re.split(r"\s*,\s*", match["order"] or ""):
        if part:
            yield part.split()[0]


def _is_field(path: str, entity: str, schemas: Schemas) -> bool:
    node = schemas.resolved({"$ref": f"/{entity}"})
    for step in path.split("."):
        found = node.schema.get("properties", {}).get(step)
        if found is None:
            return False
        node = schemas.resolved(found.get("items", found))
    return True
