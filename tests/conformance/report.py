"""What a run has shown, for people: requests, endpoints, violations, known differences."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.conformance.differences import Difference, covered_by
from tests.conformance.recorder import Exchange
from tests.conformance.violation import Specification, Violation


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What our client used an endpoint for: how many requests, and the statuses of their answers with numbers."""

    name: str
    requests: int
    statuses: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Findings:
    """All that a specification says about the exchanges of a run."""

    provider: str
    file: str
    version: str
    requests: int = 0
    answers: int = 0
    endpoints: list[Endpoint] = field(default_factory=list[Endpoint])
    violations: list[Violation] = field(default_factory=list[Violation])
    differences: Counter[Difference] = field(default_factory=Counter[Difference])


def judge(specification: Specification, exchanges: Sequence[Exchange]) -> Findings:
    """Hold every request of the client and every answer against the specification."""
    found = Findings(specification.provider, specification.file, specification.version)
    asked: Counter[str] = Counter()
    statuses: dict[str, Counter[int]] = {}
    for exchange in exchanges:
        endpoint = specification.endpoint(exchange)
        found.requests += 1
        if exchange.response is not None:
            found.answers += 1
        if exchange.speaker == "client":
            asked[endpoint] += 1
            seen = statuses.setdefault(endpoint, Counter())
            seen.update([] if exchange.response is None else [exchange.response.status])
        for violation in specification.violations(exchange):
            if exchange.speaker == "person" and violation.side == "request":
                continue
            difference = covered_by(violation)
            if difference is None:
                found.violations.append(violation)
            else:
                found.differences[difference] += 1
    found.endpoints = [
        Endpoint(name, number, tuple(sorted(statuses[name].items()))) for name, number in sorted(asked.items())
    ]
    return found


def lines(found: Findings) -> Iterator[str]:
    """The report of one provider."""
    yield (
        f"{found.provider}: {found.requests} requests and {found.answers} answers held against {found.file}"
        f" ({found.version}): {_counted(len(found.violations), 'violation')}"
    )
    yield f"  {_counted(len(found.endpoints), 'endpoint')} used by the client:"
    width = max((len(endpoint.name) for endpoint in found.endpoints), default=0)
    for endpoint in found.endpoints:
        statuses = ", ".join(f"{number} x {status}" for status, number in endpoint.statuses)
        yield f"    {endpoint.name:<{width}}  {endpoint.requests:>5}  {statuses}"
    for difference, number in found.differences.items():
        yield f"  allowed {number} times: {difference.place} ({difference.reason}; {difference.source})"
    for first, number in kinds_of(found.violations):
        yield f"  VIOLATION, {number} times: {first}"


def kinds_of(violations: Sequence[Violation]) -> list[tuple[Violation, int]]:
    """Violations of the same field of the same schema told once, with the first of them and how many there are."""
    kinds: dict[tuple[str, ...], list[Violation]] = {}
    for one in violations:
        name = one.complaint.place.rpartition(".")[2].partition("[")[0]
        says = re.sub(r"'.*'|\d+", "", one.complaint.says)
        kinds.setdefault((one.endpoint, one.side, one.complaint.schema, name, says), []).append(one)
    return [(alike[0], len(alike)) for alike in kinds.values()]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
