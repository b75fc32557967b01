"""Laying two lists of records side by side: what is missing, extra, doubled or different, in words."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Problem = Literal["missing", "extra", "doubled", "different"]


@dataclass(frozen=True, slots=True)
class Record:
    """One record on one side: `key` is what must pair it with the other side, `fields` what must then be equal.

    `id` is the side's own id of it and `name` how a person would call it.
    """

    key: Hashable
    id: str
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same on both sides."""

    venue: str
    provider: str
    what: str
    problem: Problem
    record: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which lists are compared: whose records, what they are, and what the two sides are called."""

    venue: str
    provider: str
    what: str

    def differences(
        self, ours: Iterable[Record], theirs: Iterable[Record], *, excused: Collection[str] = ()
    ) -> list[Difference]:
        """Every difference between the venue's records and the provider's.

        `excused` are ids of the venue's records that may be missing or different: their dead letters say why.
        """
        mine, shown = _grouped(ours), _grouped(theirs)
        found: list[Difference] = []
        for key in {**mine, **shown}:
            found.extend(self._of_group(mine.get(key, []), shown.get(key, []), excused))
        return found

    def _of_group(
        self, ours: Sequence[Record], theirs: Sequence[Record], excused: Collection[str]
    ) -> Iterable[Difference]:
        if len(ours) == 1 and len(theirs) == 1:
            return () if ours[0].id in excused else self._of_pair(ours[0], theirs[0])
        if len(ours) <= 1 and len(theirs) > 1:
            return (self._of_many(ours, theirs),)
        return self._of_crowd(ours, theirs, excused)

    def _of_pair(self, ours: Record, theirs: Record) -> Iterable[Difference]:
        for name in ours.fields:
            mine, shown = ours.fields[name], theirs.fields.get(name)
            if mine != shown:
                yield self._say("different", ours, f"{name} is {mine!r} at the venue and {shown!r} at {self.provider}")

    def _of_many(self, ours: Sequence[Record], theirs: Sequence[Record]) -> Difference:
        ids = ", ".join(record.id for record in theirs)
        if ours:
            return self._say("doubled", ours[0], f"it is {len(theirs)} times at {self.provider}: {ids}")
        return self._say(
            "extra", theirs[0], f"{self.provider} has it {len(theirs)} times and the venue not at all: {ids}"
        )

    def _of_crowd(
        self, ours: Sequence[Record], theirs: Sequence[Record], excused: Collection[str]
    ) -> Iterable[Difference]:
        """Records that nothing tells apart but their fields: each must have its like on the other side."""
        left = Counter(_frozen(record) for record in theirs)
        unmatched: list[Record] = []
        for record in ours:
            mark = _frozen(record)
            if left[mark]:
                left[mark] -= 1
            elif record.id not in excused:
                unmatched.append(record)
        for record in unmatched:
            yield self._say("missing", record, f"{self.provider} does not have it {_shown(record)}")
        for record in theirs:
            mark = _frozen(record)
            if left[mark]:
                left[mark] -= 1
                yield self._say("extra", record, f"{self.provider} has it and the venue does not {_shown(record)}")

    def _say(self, problem: Problem, record: Record, sentence: str) -> Difference:
        label = f"{self.what} {record.id}" + (f" ({record.name})" if record.name else "")
        return Difference(
            self.venue,
            self.provider,
            self.what,
            problem,
            record.id,
            f"{self.venue}/{self.provider} {label}: {sentence}.",
        )


def _grouped(records: Iterable[Record]) -> dict[Hashable, list[Record]]:
    groups: dict[Hashable, list[Record]] = defaultdict(list)
    for record in records:
        groups[record.key].append(record)
    return groups


def _frozen(record: Record) -> Hashable:
    return tuple(sorted((name, repr(value)) for name, value in record.fields.items()))


def _shown(record: Record) -> str:
    return "with " + ", ".join(f"{name} {value!r}" for name, value in record.fields.items()) if record.fields else ""
