"""Logs: one way out for every line, which takes secrets and personal data away, as text for people or JSON for machines.

Each line names on whose behalf it was written: the HTTP request, the Dagster run or the command, by the id that our calls
also tell the provider; JSON lines say beside it which span they belong to, if there is one; `provider.call` lines have the provider's own id of the request beside it.

Stays true: a line is one line, and what is neither a word of ours nor a number has gone through `scrub`.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

import orjson

from sync_core import traces
from sync_core.errors import ConfigurationError
from sync_core.http.redact import IS, QUOTE, START, redact

Form = Literal["text", "json"]
OURS: Final = ("assets", "resources", "sensors", "sync_api", "sync_core", "sync_defs", "sync_sims")
"""Our packages; of others only warnings are shown: the HTTP library's debug lines hold whole addresses."""
_correlation: ContextVar[str | None] = ContextVar("correlation", default=None)

_PERSONAL: Final = (
    r"(?:given|family|first|last|middle|full|display|holder|recipient|customer|nick|FullyQualified|PrintOnCheck)"
    r"_?name|e_?mail(?:_?address)?|phone(?:_?number)?|FreeFormNumber|"
    rf"{START}(?:address_?line_?[0-9]|addr_?[0-9]|line_?[0-9]|street|birthday|[FL]NAME)"
)
_STRING: Final = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?P<level>\\+)(?P<mark>["']).*?(?<!\\)(?P=level)(?P=mark)"""
"""A value in quotation marks, also where those were escaped because the text was quoted once more."""
_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # What a database error quotes of rows: SQLAlchemy's parameters, PostgreSQL's details and contexts.
    (re.compile(r"\[parameters: [^\n]*"), "[parameters hidden]"),
    (re.compile(rf"{START}(DETAIL|CONTEXT|HINT): [^\n]*"), r"\1: [hidden]"),
    # A person's field with its value: "given_name": "Ada", family_name='Lovelace', phone=5551234.
    (
        re.compile(rf"""((?:{_PERSONAL})\b{IS})(?:{_STRING}|%22.*?%22|[^\s"',;{{}}\[\])\\&]+)""", re.IGNORECASE),
        r"\1[personal]",
    ),
    (re.compile(rf"""((?<![\w.]){QUOTE}name{QUOTE}\s*:\s*)(?:{_STRING})"""), r"\1[personal]"),
)
_MOVES: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
"""What begins a new line somewhere, or moves a terminal's cursor."""
_PLACE: Final = re.compile(r"(?:(\w+)=)?%(?:\((\w+)\))?[-#0 +]*\d*(?:\.\d+)?([sdrfgxi%])")
_EVENT: Final = re.compile(r"[a-z_]+\.[a-z_]+")


def scrub(text: str) -> str:
    """The text without secrets (`redact`), and without what it may hold of a person: names and numbers in their fields."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return redact(text)


@contextmanager
def correlated(identifier: str) -> Iterator[None]:
    """What is logged inside, in this thread and in those that copy its context, is on behalf of this id."""
    token = _correlation.set(identifier)
    try:
        yield
    finally:
        _correlation.reset(token)


def correlation() -> str | None:
    """On whose behalf this is."""
    return _correlation.get()


class Scrubbing(logging.Filter):
    """Takes secrets and personal data out of a record: message, values and stack trace. The one filter of our handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave a record behind that may be written anywhere; none is dropped."""
        try:
            record.fields, said = _fields(record), record.getMessage()
        except Exception:  # noqa: BLE001 - whoever logs with the wrong values goes on with its work all the same
            record.fields, said = {}, f"{record.msg} (the line's values do not fit into it)"
        record.msg, record.args = scrub(said), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = scrub("".join(traceback.format_exception(record.exc_info[1]))).rstrip()
        record.exc_info = None
        record.stack_info = None if record.stack_info is None else scrub(record.stack_info)
        record.correlation, record.trace = _correlation.get(), traces.ids()
        return True


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """The values that the message's template names: "connection=%s" is the field connection."""
    if not isinstance(record.args, tuple) or not isinstance(record.msg, str):
        return {}
    places = [match for match in _PLACE.finditer(record.msg) if match[3] != "%"]
    named = zip(places, record.args, strict=False)
    return {match[1]: _plain(match[1], value) for match, value in named if match[1]}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    return scrub(f"{name}={value}").removeprefix(f"{name}=")


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class Text(logging.Formatter):
    """For people: level, logger, message, and the id in the end."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the stack trace below it where there is one."""
        line = _MOVES.sub(_escaped, f"{record.levelname} {record.name}: {record.getMessage()}")
        told = getattr(record, "correlation", None)
        line = line if told is None or told in line else f"{line} correlation={told}"
        return line if record.exc_text is None else f"{line}\n{record.exc_text}"


class JsonLines(logging.Formatter):
    """For machines: one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        message = record.getMessage()
        event, (trace_id, span_id) = _EVENT.match(message), getattr(record, "trace", None) or (None, None)
        line: Mapping[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": None if event is None else event[0],
            "message": message,
            "correlation": getattr(record, "correlation", None),
            "trace_id": trace_id,
            "span_id": span_id,
            "process": record.process,
            "fields": getattr(record, "fields", {}),
            "error": record.exc_text,
        }
        present = {name: value for name, value in line.items() if value not in (None, {})}
        return orjson.dumps(present, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    def handle(self, record: logging.LogRecord) -> bool:
        """Work on a copy: other handlers of this process, such as Dagster's, get the record as it was."""
        return bool(super().handle(copy(record)))

    @property
    def stream(self) -> TextIO:  # pyright: ignore[reportIncompatibleVariableOverride] - as logging's own last resort does
        return sys.stderr


def form_in(environ: Mapping[str, str]) -> Form:
    """How lines look: VENUE_SYNC_LOG, text unless it says json. Raises ConfigurationError for anything else."""
    form = environ.get("VENUE_SYNC_LOG") or "text"
    if form not in ("text", "json"):
        raise ConfigurationError(f"VENUE_SYNC_LOG is {form!r}: use text or json.")
    return form


def usual(form: Form) -> int:
    """From which level on our lines are shown: people read a terminal, machines read everything."""
    return logging.WARNING if form == "text" else logging.INFO


def install(form: Form, *, level: int) -> None:
    """Send every line of this process to standard error in this form, ours from `level` on. May be called again.

    A process whose logging somebody else has set up keeps it, and only the level is set.
    """
    for ours in OURS:
        logging.getLogger(ours).setLevel(level)
    root = logging.getLogger()
    if all(isinstance(handler, _Stderr) for handler in root.handlers):
        root.handlers[:] = [handler_for(form)]


def handler_for(form: Form) -> logging.Handler:
    """What writes lines of this form to standard error, through the filter."""
    handler = _Stderr()
    handler.addFilter(Scrubbing())
    handler.setFormatter(JsonLines() if form == "json" else Text())
    return handler
