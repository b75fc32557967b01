"""Injected faults: which requests go wrong, and how, decided by the order of arrival and a seed alone."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args
from urllib.parse import unquote_plus

from sync_sims.wire import Request

Kind = Literal[
    "error_before",
    "error_after",
    "drop_before",
    "drop_after",
    "throttle",
    "delay",
    "late_answer",
    "refuse",
    "half_answer",
    "edit",
]
KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong with the requests it matches.

    `times` is how often it may happen (None: always); `probability` is drawn for each matching request; `seconds` is
    the length of a delay, before which nothing is done, or of a late answer, before which everything is; `body` replaces
    the provider's error body of a refusal or an error before. An edit seeds `rows` in a `collection` of the request's
    account right before the request is handled: somebody there was a moment faster. `source` is a part of X-Request-Source, so that one who
    calls under another name has peace.
    """

    kind: Kind
    status: int = 500
    method: str | None = None
    path: str | None = None
    account: str | None = None
    source: str | None = None
    body_contains: str | None = None
    times: int | None = None
    probability: float = 1.0
    seconds: float = 0.0
    body: Any | None = None
    collection: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    fired: int = field(default=0, init=False)

    def matches(self, request: Request, account: str | None) -> bool:
        """Whether the fault is about this request and has not yet happened `times` times."""
        if self.times is not None and self.fired >= self.times:
            return False
        if self.method is not None and request.method != self.method.upper():
            return False
        if self.path is not None and not fnmatchcase(request.path, self.path):
            return False
        if self.account is not None and account != self.account:
            return False
        if self.source is not None and self.source not in request.headers.get("x-request-source", ""):
            return False
        return self.body_contains is None or _contains(request.body, self.body_contains)


def _contains(body: bytes, wanted: str) -> bool:
    """Search the body as sent and, for form bodies, as meant."""
    text = body.decode("utf-8", "replace")
    return wanted in text or wanted in unquote_plus(text)


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to one request: first a delay in seconds, then edits, then at most one other fault."""

    delay: float
    fault: Fault | None
    edits: tuple[Fault, ...] = ()


_NOTHING = Plan(delay=0.0, fault=None)


class Faults:
    """The faults in force, in the order given: delays and edits add up, the first other match decides.

    `fired` counts by kind what has happened so far, whatever was in force then.
    """

    def __init__(self) -> None:
        self.fired: Counter[Kind] = Counter()
        self.clear()

    def clear(self) -> None:
        """Let everything work again."""
        self.configure([], seed=0)

    def configure(self, faults: list[Fault], *, seed: int) -> None:
        """Replace the faults in force; `seed` makes every later draw repeatable."""
        self.faults = faults
        self._random = random.Random(seed)

    def plan(self, request: Request, account: str | None) -> Plan:
        """Decide what goes wrong with this request, and remember that it did."""
        if not self.faults:
            return _NOTHING
        delay = 0.0
        edits: list[Fault] = []
        for fault in self.faults:
            if not fault.matches(request, account):
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            fault.fired += 1
            self.fired[fault.kind] += 1
            if fault.kind == "edit":
                edits.append(fault)
            elif fault.kind == "delay":
                delay += fault.seconds
            else:
                return Plan(delay=delay, fault=fault, edits=tuple(edits))
        return Plan(delay=delay, fault=None, edits=tuple(edits))


_FIELDS = frozenset(
    {
        "kind",
        "status",
        "method",
        "path",
        "account",
        "source",
        "body_contains",
        "times",
        "probability",
        "seconds",
        "body",
        "collection",
        "rows",
    }
)


def fault_from(row: Mapping[str, Any]) -> Fault:
    """Build a fault from its JSON form.

    Raises:
        ValueError: The kind is unknown, the row holds an unknown field, or an edit names no collection.
    """
    unknown = sorted(set(row) - _FIELDS)
    if unknown:
        raise ValueError(f"A fault has no field {unknown[0]!r}; use one of {', '.join(sorted(_FIELDS))}.")
    if row.get("kind") not in KINDS:
        raise ValueError(f"There is no fault {row.get('kind')!r}; use one of {', '.join(sorted(KINDS))}.")
    if row.get("kind") == "edit" and not row.get("collection"):
        raise ValueError("An edit needs the collection whose rows it seeds.")
    given: dict[str, Any] = {name: value for name, value in row.items() if value is not None}
    return Fault(**given)
