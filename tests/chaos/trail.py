"""What the script did to each person and thing, so that afterwards everybody can say what must have come of it.

A column that only one side changes must end with that side's last value: nothing may bring an older one back. A column
that several sides change ends with the last value of one of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

VENUE = "venue"


@dataclass(slots=True)
class Person:
    """One customer, known by e-mail address. `born` says where, `there` their ids at the providers as far as known."""

    venue: str
    email: str
    born: str
    stays: bool = True
    gone: bool = False
    there: dict[str, str] = field(default_factory=dict[str, str])
    said: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def note(self, side: str, column: str, value: str) -> None:
        """A side gave a column this value."""
        self.said.setdefault(column, {})[side] = value


@dataclass(slots=True)
class Thing:
    """One product of a venue; `prices` are each side's last."""

    venue: str
    id: str
    prices: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Trail:
    """Everybody and everything, and how many deeds it took; `file` is where a person may read all of it."""

    file: Path
    people: list[Person] = field(default_factory=list[Person])
    things: list[Thing] = field(default_factory=list[Thing])
    refunds: dict[str, str] = field(default_factory=dict[str, str])
    orders: list[str] = field(default_factory=list[str])
    deeds: int = 0

    def tell(self, what: str) -> None:
        """Write down that something was done, and when."""
        with self.file.open("a") as file:
            file.write(f"{datetime.now(UTC).time()} {what}\n")

    def staying(self, venue: str) -> list[Person]:
        """Those of a venue who are edited and never leave."""
        return [person for person in self.people if person.venue == venue and person.stays]

    def leavers(self, venue: str) -> list[Person]:
        """Those who may leave and have not."""
        return [person for person in self.people if person.venue == venue and not person.stays and not person.gone]


def wrong(person: Person, row: "dict[str, object]") -> Iterator[str]:
    """What of a person's row at the venue is not what the trail says, in words."""
    for column, by_side in person.said.items():
        if row[column] not in by_side.values():
            last = ", ".join(f"{side} said {value!r}" for side, value in by_side.items())
            yield f"{column} of {person.email} is {row[column]!r}, but last {last}"


def mispriced(thing: Thing, price: object) -> Iterable[str]:
    """Whether a product costs what nobody said last."""
    if thing.prices and price not in thing.prices.values():
        yield f"{thing.id} of {thing.venue} costs {price}, but last was said {thing.prices}"
