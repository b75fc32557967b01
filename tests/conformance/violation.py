"""What is wrong with something that crossed the wire, in one line each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.conformance.recorder import Exchange


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a value: where in it (dotted path), what, and which schema says so."""

    place: str
    says: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """One complaint about one side of one exchange; `side` is "request" or "answer" with its status."""

    provider: str
    endpoint: str
    side: str
    complaint: Complaint
    file: str

    def __str__(self) -> str:
        source = f"{self.file} {self.complaint.schema}".strip()
        place = f" {self.complaint.place}" if self.complaint.place else ""
        return f"{self.provider} {self.endpoint} {self.side}{place}: {self.complaint.says} ({source})"


class Specification(Protocol):
    """A provider's own description of its API."""

    provider: str
    file: str
    version: str

    def endpoint(self, exchange: Exchange) -> str:
        """Method and the specification's path template; the bare path when it has none."""
        ...

    def violations(self, exchange: Exchange) -> Sequence[Violation]:
        """Everything wrong with the request and with the answer, the request first."""
        ...


def shown(value: Any) -> str:
    """A value for a complaint: short, on one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
