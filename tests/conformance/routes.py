"""Which operation of a specification a request asks for, by method and path."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.recorder import Exchange
from tests.conformance.violation import Complaint

_NAME = re.compile(r"\{([^/}]+)\}")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `name` is "POST /v2/customers"."""

    method: str
    template: str
    definition: Mapping[str, Any]
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        """Method and template."""
        return f"{self.method} {self.template}"


class Routes:
    """The operations of a specification. A path with fewer placeholders goes before one with more."""

    def __init__(self, paths: Mapping[str, Mapping[str, Any]], *, prefix: str = "") -> None:
        found = [
            Operation(
                method.upper(), template, path[method], re.compile(prefix + _NAME.sub(r"(?P<\1>[^/]+)", template))
            )
            for template, path in paths.items()
            for method in METHODS
            if method in path
        ]
        self._operations = sorted(found, key=lambda operation: operation.template.count("{"))

    def find(self, exchange: Exchange) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation and the values in the path, None when the specification has none."""
        request = exchange.request
        for operation in self._operations:
            match = operation.pattern.fullmatch(request.path)
            if match is not None and operation.method == request.method:
                return operation, match.groupdict()
        return None

    def unknown(self, exchange: Exchange) -> Iterator[Complaint]:
        """What to say of a request that no operation is for."""
        others = sorted({one.method for one in self._operations if one.pattern.fullmatch(exchange.request.path)})
        says = f"the path takes {', '.join(others)} only" if others else "the path is not in the specification"
        yield Complaint("", says)
