"""Answers queries: picks, sorts and pages the living objects of one entity."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from sync_sims.quickbooks.books import Row, is_deleted
from sync_sims.quickbooks.call import Call
from sync_sims.quickbooks.entities import ENTITIES, Entity
from sync_sims.quickbooks.pacific import moment_of
from sync_sims.quickbooks.statement import Condition, Statement, invalid, parse, unparsable
from sync_sims.quickbooks.writes import shown_row

_ALWAYS = ("Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime", "SyncToken")
_TIMES = frozenset({"MetaData.CreateTime", "MetaData.LastUpdatedTime"})
# "SELECT *" leaves these out; they must be named (python-quickbooks asks for "*, Sku").
_NAMED_ONLY = frozenset({"Sku"})
_TRUTH = {"true": True, "false": False}

Test = Callable[[Row], bool]


def answer_query(call: Call, text: str) -> dict[str, Any]:
    """The QueryResponse of a query; an empty one for no result.

    Raises:
        Refused: 4000 or 4001.
    """
    statement = parse(text)
    entity = ENTITIES.get(statement.entity.lower())
    if entity is None:
        raise invalid(f"Entity {statement.entity} not found.")
    rows = _found(call, entity, statement)
    if statement.counts:
        return {"totalCount": len(rows)}
    page = rows[statement.start - 1 : statement.start - 1 + statement.most]
    if not page:
        return {}
    shown = [_selected(shown_row(call, entity, row), statement.names) for row in page]
    return {entity.name: shown, "startPosition": statement.start, "maxResults": len(page)}


def _found(call: Call, entity: Entity, statement: Statement) -> list[Row]:
    tests = [_test(entity, condition) for condition in statement.conditions]
    if not any(condition.name.lower() == "active" for condition in statement.conditions):
        tests.append(lambda row: row.get("Active", True) is True)
    living = [row for row in call.books.rows[entity.name].values() if not is_deleted(row)]
    balances = entity.name == "Account"
    seen = [shown_row(call, entity, row) if balances else row for row in living]
    rows = [row for row in seen if all(test(row) for test in tests)]
    for name, descending in reversed(statement.order):
        path = _path(entity, name)
        rows.sort(key=lambda row: _sortable(_value_at(row, path)), reverse=descending)
    return rows


def _path(entity: Entity, name: str) -> str:
    """The property as it is spelt; names do not care for case.

    Raises:
        Refused: 4001: the entity has no such property, or none that queries may use.
    """
    for known in (*_ALWAYS, *entity.queryable):
        if known.lower() == name.lower():
            return known
    raise invalid(f"Property {name} not found for Entity {entity.name}")


def _value_at(row: Row, path: str) -> Any:
    """The plain value of a property; of a reference its id, of an e-mail address the address."""
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return value


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, "")
    if isinstance(value, bool | int | float):
        return (1, value)
    text = str(value)
    return (2, int(text)) if text.isdigit() else (3, text.casefold())


def _test(entity: Entity, condition: Condition) -> Test:
    path = _path(entity, condition.name)
    if condition.operator == "IN":
        singles = [_comparison(path, "=", value) for value in condition.values]
        return lambda row: any(single(row) for single in singles)
    if condition.operator == "LIKE":
        pattern = _pattern(condition.values[0])
        return lambda row: pattern.fullmatch(str(_value_at(row, path) or "")) is not None
    return _comparison(path, condition.operator, condition.values[0])


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("%")), re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=65536)
def _moment(text: str) -> datetime:
    return moment_of(text)


def _comparison(path: str, operator: str, text: str) -> Test:
    """Compare as the property's own values are: times, truths, numbers or text."""
    compare = _COMPARE[operator]
    if path in _TIMES:
        try:
            wanted = moment_of(text)
        except ValueError:
            raise unparsable(f"Invalid date/time value {text}") from None
        return lambda row: compare(_moment(str(_value_at(row, path))), wanted)

    def test(row: Row) -> bool:
        value = _value_at(row, path)
        if value is None:
            return False
        if isinstance(value, bool):
            return compare(value, _TRUTH.get(text.lower()))
        if isinstance(value, int | float):
            number = _number(text)
            return number is not None and compare(Decimal(str(value)), number)
        return compare(str(value), text)

    return test


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "<": lambda value, wanted: value < wanted,
    ">": lambda value, wanted: value > wanted,
    "<=": lambda value, wanted: value <= wanted,
    ">=": lambda value, wanted: value >= wanted,
}


def _selected(row: Row, names: list[str]) -> Row:
    """The named members of an object; one that is not whole says so."""
    wanted = {name.split(".")[0].lower() for name in names}
    if "*" in names:
        return {name: value for name, value in row.items() if name not in _NAMED_ONLY or name.lower() in wanted}
    members = {name: value for name, value in row.items() if name.lower() in wanted}
    return {**members, "domain": "QBO", "sparse": True}
