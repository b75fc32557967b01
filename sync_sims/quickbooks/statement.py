r"""The query language: what a SELECT says, or why it says nothing.

Source: developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries. One entity;
no OR, no joins, no groups; an apostrophe inside a text is written \'.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from sync_sims.quickbooks.refusal import Refused

LONGEST_PAGE = 1000
DEFAULT_PAGE = 100

Operator = Literal["=", "<", ">", "<=", ">=", "IN", "LIKE"]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_]\w*(?:\.(?:[A-Za-z_]\w*|\*))*)
      | (?P<sign><=|>=|[=<>(),*])
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; IN has several values, all others one."""

    name: str
    operator: Operator
    values: tuple[str, ...]


@dataclass(slots=True)
class Statement:
    """A SELECT: `names` is empty for COUNT(*)."""

    names: list[str] = field(default_factory=list)
    counts: bool = False
    entity: str = ""
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    most: int = DEFAULT_PAGE


def unparsable(detail: str) -> Refused:
    """The text is no query."""
    return Refused("4000", "Error parsing query", f"QueryParserError: {detail}")


def invalid(detail: str) -> Refused:
    """The query asks for what there is not."""
    return Refused("4001", "Invalid query", f"QueryValidationError: {detail}")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(query: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    end = len(query.rstrip())
    while at < end:
        match = _TOKEN.match(query, at)
        if match is None or match.lastgroup is None:
            bad = query[at:].lstrip()[:1]
            raise unparsable(
                f'Invalid content. Lexical error at line 1, column {at + 1}.  Encountered: "{bad}" '
                f'({ord(bad)}), after : ""'
            )
        tokens.append(_Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup) + 1))
        at = match.end()
    tokens.append(_Token("end", "<EOF>", end + 1))
    return tokens


class _Reader:
    """Reads the tokens of one query from left to right."""

    def __init__(self, query: str) -> None:
        self._tokens = _tokens(query)
        self._at = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at]

    def advance(self) -> _Token:
        token = self.next
        self._at += 1
        return token

    def sees(self, *words: str) -> bool:
        return self.next.kind in {"word", "sign"} and self.next.text.upper() in words

    def took(self, *words: str) -> bool:
        if not self.sees(*words):
            return False
        self._at += 1
        return True

    def expect(self, *words: str) -> str:
        if not self.sees(*words):
            raise self.unexpected(" or ".join(f'"{word.lower()}"' for word in words))
        return self.advance().text.upper()

    def of_kind(self, *kinds: str) -> _Token:
        if self.next.kind not in kinds:
            raise self.unexpected(f"<{kinds[0].upper()}>")
        return self.advance()

    def unexpected(self, wanted: str) -> Refused:
        token = self.next
        return unparsable(f'Encountered "{token.text}" at line 1, column {token.column}.\nWas expecting: {wanted}')


def parse(query: str) -> Statement:
    """The statement that a query makes.

    Raises:
        Refused: 4000 for what is no query, 4001 for a page that is too long.
    """
    if not query.strip():
        raise unparsable("The query provided was empty")
    reader = _Reader(query)
    reader.expect("SELECT")
    statement = Statement()
    _read_names(reader, statement)
    reader.expect("FROM")
    statement.entity = reader.of_kind("word").text
    if reader.took("WHERE"):
        _read_conditions(reader, statement)
    while reader.next.kind != "end":
        _read_clause(reader, statement)
    return statement


def _read_names(reader: _Reader, statement: Statement) -> None:
    if reader.sees("COUNT"):
        reader.advance()
        reader.expect("(")
        reader.expect("*")
        reader.expect(")")
        statement.counts = True
        return
    while True:
        statement.names.append("*" if reader.took("*") else reader.of_kind("word").text)
        if not reader.took(","):
            return


def _read_conditions(reader: _Reader, statement: Statement) -> None:
    while True:
        name = reader.of_kind("word").text
        operator = reader.expect("=", "<", ">", "<=", ">=", "IN", "LIKE")
        if operator == "IN":
            reader.expect("(")
            values = [_value(reader)]
            while reader.took(","):
                values.append(_value(reader))
            reader.expect(")")
        else:
            values = [_value(reader)]
        statement.conditions.append(Condition(name, operator, tuple(values)))  # type: ignore[arg-type]  # as expected
        if not reader.took("AND"):
            return


def _value(reader: _Reader) -> str:
    token = reader.of_kind("text", "number", "word")
    return re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "text" else token.text


def _read_clause(reader: _Reader, statement: Statement) -> None:
    match reader.expect("ORDERBY", "ORDER", "STARTPOSITION", "MAXRESULTS"):
        case "STARTPOSITION":
            statement.start = max(1, _whole(reader))
        case "MAXRESULTS":
            statement.most = _whole(reader)
            if statement.most > LONGEST_PAGE:
                raise invalid(f"value {statement.most} is too large. Max allowed value is {LONGEST_PAGE}.")
        case keyword:
            if keyword == "ORDER":
                reader.expect("BY")
            _read_order(reader, statement)


def _whole(reader: _Reader) -> int:
    text = reader.of_kind("number").text
    if not text.isdigit():
        raise invalid(f"value {text} is not a whole number.")
    return int(text)


def _read_order(reader: _Reader, statement: Statement) -> None:
    while True:
        name = reader.of_kind("word").text
        descending = reader.took("DESC")
        if not descending:
            reader.took("ASC")
        statement.order.append((name, descending))
        if not reader.took(","):
            return
