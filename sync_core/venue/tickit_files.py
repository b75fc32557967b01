"""Reading the files of TICKIT, the ticket market of the AWS sample: pipe-separated lines without a header.

A line either becomes a typed row or a Rejection; nothing is guessed. Rows are numbered from 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from sync_core.errors import ConfigurationError
from sync_core.venue.report import Rejection

VENUES, EVENTS = "venue_pipe.txt", "allevents_pipe.txt"
CATEGORIES, DATES = "category_pipe.txt", "date2008_pipe.txt"
UNKNOWN = ("", "\\N")  # an empty field and the mark that Redshift unloads for NULL


@dataclass(frozen=True, slots=True)
class VenueRow:
    """A line of venue_pipe.txt. `seats` is 0 where the source does not know."""

    id: int
    name: str
    city: str | None
    state: str | None
    seats: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """A line of allevents_pipe.txt. `starts_at` is the venue's wall clock, without a zone."""

    id: int
    row: int
    venue: int
    category: int
    date: int
    name: str
    starts_at: datetime
    content: dict[str, str]


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A line of category_pipe.txt: `group` is Concerts, Shows or Sports."""

    id: int
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class DateRow:
    """The first fields of a line of date2008_pipe.txt."""

    id: int
    day: date


class _Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=_Row)


@dataclass(frozen=True, slots=True)
class Parsed(Generic[R]):
    """A file's good rows by id, in file order, and its rejected ones; `read` is the number of lines."""

    read: int
    rows: dict[int, R]
    rejections: list[Rejection]


def read_venues(folder: Path) -> Parsed[VenueRow]:
    """Venues: id|name|city|state|seats. Raises ConfigurationError when the file cannot be read."""

    def venue(fields: dict[str, str], _row: int) -> VenueRow:
        seats = 0 if fields["seats"] in UNKNOWN else _whole(fields, "seats")
        return VenueRow(
            _whole(fields, "id"), _named(fields, "name"), _known(fields["city"]), _known(fields["state"]), seats
        )

    return _parsed(folder / VENUES, ("id", "name", "city", "state", "seats"), venue)


def read_events(folder: Path) -> Parsed[EventRow]:
    """Events: id|venue|category|date|name|start. Raises ConfigurationError when the file cannot be read."""

    def event(fields: dict[str, str], row: int) -> EventRow:
        return EventRow(
            _whole(fields, "id"),
            row,
            _whole(fields, "venue"),
            _whole(fields, "category"),
            _whole(fields, "date"),
            _named(fields, "name"),
            _moment(fields, "start"),
            fields,
        )

    return _parsed(folder / EVENTS, ("id", "venue", "category", "date", "name", "start"), event)


def read_categories(folder: Path) -> Parsed[CategoryRow]:
    """Categories: id|group|name|description. Raises ConfigurationError when the file cannot be read."""

    def category(fields: dict[str, str], _row: int) -> CategoryRow:
        return CategoryRow(_whole(fields, "id"), _named(fields, "group"), _named(fields, "name"))

    return _parsed(folder / CATEGORIES, ("id", "group", "name", "description"), category)


def read_dates(folder: Path) -> Parsed[DateRow]:
    """Dates: id|date|day|week|month|quarter|year|holiday. Raises ConfigurationError when it cannot be read."""

    def day(fields: dict[str, str], _row: int) -> DateRow:
        return DateRow(_whole(fields, "id"), _moment(fields, "date").date())

    return _parsed(folder / DATES, ("id", "date", "day", "week", "month", "quarter", "year", "holiday"), day)


def _parsed(path: Path, names: tuple[str, ...], make: Callable[[dict[str, str], int], R]) -> Parsed[R]:
    lines = _lines(path, names)
    parsed: Parsed[R] = Parsed(len(lines), {}, [])
    for number, raw in enumerate(lines, start=1):
        text = raw.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
        values = text.split("|")
        content = dict(zip(names, values, strict=False)) if len(values) == len(names) else {"line": text}
        try:
            if "\N{REPLACEMENT CHARACTER}" in text:
                raise ValueError("the line is not UTF-8 text")  # noqa: TRY301 - all refusals meet in one place
            if len(values) != len(names):
                raise ValueError(f"has not the {len(names)} fields {'|'.join(names)}")  # noqa: TRY301
            row = make(content, number)
            if row.id in parsed.rows:
                raise ValueError("an earlier row has the same id")  # noqa: TRY301
        except ValueError as refusal:
            parsed.rejections.append(Rejection(path.name, number, str(refusal), content))
            continue
        parsed.rows[row.id] = row
    return parsed


def _lines(path: Path, names: tuple[str, ...]) -> list[bytes]:
    try:
        content = path.read_bytes()
    except OSError as failure:
        raise ConfigurationError(
            f"{path} cannot be read ({failure.strerror}): the folder must hold this file of lines {'|'.join(names)}."
        ) from None
    return content.splitlines()


def _known(text: str) -> str | None:
    return None if text.strip() in UNKNOWN else text.strip()


def _named(fields: dict[str, str], field: str) -> str:
    text = _known(fields[field])
    if text is None:
        raise ValueError(f"{field} is missing")
    return text


def _whole(fields: dict[str, str], field: str) -> int:
    text = fields[field].strip()
    if not (text.isascii() and text.isdigit() and int(text) < 2**31):
        raise ValueError(f"{field} is not a whole number of at least 0")
    return int(text)


def _moment(fields: dict[str, str], field: str) -> datetime:
    try:
        moment = datetime.fromisoformat(fields[field].strip())
    except ValueError:
        raise ValueError(f"{field} is not a date and time such as 2008-01-31 19:30:00") from None
    if moment.tzinfo is not None:
        raise ValueError(f"{field} has a time zone, where the venue's wall clock is expected")
    return moment
