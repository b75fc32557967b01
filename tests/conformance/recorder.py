"""A simulator that remembers every request it got and every answer it gave, and is otherwise the one it wraps.

Stays true: a request is taken down as it came off the wire, before faults and limits; an answer as it went onto it.
A dropped connection leaves a request without an answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from sync_sims.changes import Changes
from sync_sims.wire import Limits, Request, Response, Simulator, ThrottleReason

Speaker = Literal["client", "person"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; None when the connection broke. `speaker` is who asked."""

    request: Request
    response: Response | None = None
    speaker: Speaker = "client"


class RecordingSimulator:
    """Wraps a simulator; `exchanges` grows with each request. For `sync_sims.server.running`, which has one thread."""

    def __init__(self, simulator: Simulator) -> None:
        self._inner = simulator
        self._speaker: Speaker = "client"
        self._open: dict[int, int] = {}
        self.exchanges: list[Exchange] = []
        self.name: str = simulator.name
        self.limits: Limits = simulator.limits
        self.changes: Changes = simulator.changes

    @contextmanager
    def person_speaking(self) -> Iterator[None]:
        """What comes meanwhile is not our client's: only the answers to it count, and not as what the client uses."""
        self._speaker = "person"
        try:
            yield
        finally:
            self._speaker = "client"

    def account_of(self, request: Request) -> str | None:
        """The server's first question about every request: here it is taken down."""
        if id(request) not in self._open:
            self._open[id(request)] = len(self.exchanges)
            self.exchanges.append(Exchange(request, speaker=self._speaker))
        return self._inner.account_of(request)

    def handle(self, request: Request) -> Response:
        """Answer as the provider does."""
        return self._answered(request, self._inner.handle(request))

    def refused(self, request: Request, body_override: Any | None) -> Response:
        """The provider's 400 for the request."""
        return self._answered(request, self._inner.refused(request, body_override))

    def overrule(self, request: Request, response: Response) -> None:
        """Another answer than `handle` gave went out."""
        self._answered(request, response)
        self._inner.overrule(request, response)

    def throttled(self, reason: ThrottleReason) -> Response:
        """The provider's 429, for the request that came last."""
        return self._said_last(self._inner.throttled(reason))

    def failed(self, status: int) -> Response:
        """The provider's own failure, for the request that came last."""
        return self._said_last(self._inner.failed(status))

    def _answered(self, request: Request, response: Response) -> Response:
        place = self._open.get(id(request))
        if place is None:
            self.exchanges.append(Exchange(request, response, self._speaker))
        else:
            self.exchanges[place] = replace(self.exchanges[place], response=response)
        return response

    def _said_last(self, response: Response) -> Response:
        # Both are asked for in the same turn of the loop as the request came, or after its `handle`.
        if self.exchanges:
            self.exchanges[-1] = replace(self.exchanges[-1], response=response)
        return response

    def is_write(self, request: Request) -> bool:
        """As the provider has it."""
        return self._inner.is_write(request)

    def endpoint(self, request: Request) -> str:
        """As the provider has it."""
        return self._inner.endpoint(request)

    def register(self, credential: str, *, account_id: str, name: str) -> None:
        """As the provider has it."""
        self._inner.register(credential, account_id=account_id, name=name)

    def revoke(self, credential: str) -> None:
        """As the provider has it."""
        self._inner.revoke(credential)

    def objects(self, account_id: str, collection: str) -> list[dict[str, Any]]:
        """As the provider has it."""
        return self._inner.objects(account_id, collection)

    def seed(self, account_id: str, collection: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As the provider has it."""
        return self._inner.seed(account_id, collection, rows)

    def reset(self) -> None:
        """As the provider has it; what was taken down stays."""
        self._inner.reset()

    def close(self) -> None:
        """As the provider has it."""
        self._inner.close()
