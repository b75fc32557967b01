"""Stripe's search query language (docs.stripe.com/search#search-query-language), compiled to a test of one object.

Clauses are `field:"exact"`, `field~"part"` and `field>number`, joined by AND (or a space) or by OR, never both; a
leading `-` negates, `:null` asks whether a field is empty. Comparison ignores case.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sync_sims.stripe.errors import ApiError
from sync_sims.stripe.shelf import Object

Type = Literal["text", "token", "number"]
MOST_CLAUSES = 10
SHORTEST_PART = 3

_CLAUSE = re.compile(
    r"""(?P<negated>-)?\s*
        (?P<field>[a-z_]+(?:\.[a-z0-9_]+)*)
        (?:\[(?P<quote>["'])(?P<key>.*?)(?P=quote)\])?
        \s*(?P<operator>>=|<=|[:~><=])\s*
        (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s"']+))""",
    re.VERBOSE,
)
_JOIN = re.compile(r"\s+(?:(?P<word>and|or)\s+)?", re.IGNORECASE)

_ORDER: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ":": operator.eq,
}

_FIELDS: dict[str, dict[str, Type]] = {
    "customers": {"created": "number", "email": "text", "name": "text", "phone": "text"},
    "products": {"active": "token", "created": "number", "description": "text", "name": "text", "url": "text"},
    "prices": {
        "active": "token",
        "created": "number",
        "currency": "token",
        "lookup_key": "text",
        "product": "text",
        "type": "token",
    },
    "charges": {
        "amount": "number",
        "created": "number",
        "currency": "token",
        "customer": "token",
        "disputed": "token",
        "refunded": "token",
        "status": "token",
    },
    "payment_intents": {
        "amount": "number",
        "created": "number",
        "currency": "token",
        "customer": "token",
        "status": "token",
    },
}


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query; `term` is an indexed field and value that every match has, None when there is none."""

    matches: Callable[[Object], bool]
    term: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class _Clause:
    field: str
    key: str | None
    sign: str
    value: str | None
    negated: bool
    numeric: bool

    def matches(self, entry: Object) -> bool:
        found = entry[self.field] if self.key is None else entry["metadata"].get(self.key)
        return self._compare(found) != self.negated

    def _compare(self, found: Any) -> bool:
        if self.value is None:
            return found is None
        if found is None:
            return False
        if not self.numeric:
            text = str(found).lower()
            return text == self.value if self.sign == ":" else self.value in text
        return _ORDER[self.sign](float(found), float(self.value))


def compiled(collection: str, text: str) -> Query:
    """Compile a query on one collection.

    Raises:
        ApiError: The query cannot be read, mixes AND with OR, or names a field that cannot be searched.
    """
    clauses: list[_Clause] = []
    joins: set[str] = set()
    position, text = 0, text.strip()
    while position < len(text):
        match = _CLAUSE.match(text, position)
        if match is None:
            raise _unreadable(text)
        clauses.append(_clause(collection, match))
        position = match.end()
        if position == len(text):
            break
        join = _JOIN.match(text, position)
        if join is None:
            raise _unreadable(text)
        joins.add((join["word"] or "and").lower())
        position = join.end()
    if not clauses or len(clauses) > MOST_CLAUSES:
        raise _unreadable(text)
    if len(joins) > 1:
        raise ApiError("You cannot combine AND and OR in the same query.", param="query")
    any_of = joins == {"or"}
    if any_of:
        return Query(matches=lambda entry: any(clause.matches(entry) for clause in clauses), term=None)
    return Query(matches=lambda entry: all(clause.matches(entry) for clause in clauses), term=_term(clauses))


def _term(clauses: list[_Clause]) -> tuple[str, str] | None:
    for clause in clauses:
        if clause.sign == ":" and clause.value is not None and not clause.negated:
            if clause.key is not None:
                return f"metadata.{clause.key}", clause.value
            if clause.field == "email":
                return "email", clause.value
    return None


def _clause(collection: str, match: re.Match[str]) -> _Clause:
    name, key, sign = match["field"], match["key"], match["operator"]
    quoted = match["double"] if match["double"] is not None else match["single"]
    kind: Type | None = "token" if name == "metadata" and key is not None else _FIELDS[collection].get(name)
    if kind is None or (key is not None and name != "metadata"):
        raise ApiError(
            f"Field `{name}` is an unsupported search field for resource `{collection}`. See "
            f"http://stripe.com/docs/search#query-fields-for-{collection.replace('_', '-')} for a list of supported fields.",
            param="query",
        )
    value: str | None = match["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if quoted is None and value == "null" and sign == ":":
        value = None
    else:
        _check(name, kind=kind, sign=sign, value=value or "")
    return _Clause(
        field=name,
        key=key,
        sign=sign,
        value=None if value is None else value.lower(),
        negated=match["negated"] is not None,
        numeric=kind == "number",
    )


def _check(name: str, *, kind: Type, sign: str, value: str) -> None:
    """Refuse operators and values that the field's type does not have."""
    if kind == "number":
        if sign == "~" or not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise ApiError(f"Field `{name}` is numeric and cannot be compared with `{sign}{value}`.", param="query")
        return
    if sign not in (":", "~") or (sign == "~" and kind == "token"):
        raise ApiError(f"Operator `{sign}` is not supported for field `{name}`.", param="query")
    if sign == "~" and len(value) < SHORTEST_PART:
        raise ApiError(f"Substring search needs at least {SHORTEST_PART} characters.", param="query")


def _unreadable(text: str) -> ApiError:
    return ApiError(f"We were unable to parse your search query: {text}", param="query")
