"""What passes between the server and a simulator, so that a provider's rules never see sockets or ASGI.

A simulator is synchronous and is only ever called from the event loop's thread: its state needs no locks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sync_sims.changes import Changes

ThrottleReason = Literal["account", "endpoint"]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are in lower case, the path is percent-decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer; `body` is JSON-able, bytes that go out as they are, or None for an empty body.

    A "content-type" among the headers, in lower case, replaces application/json.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests per second and account, and how many of an account may be under way; None means unlimited.

    `by_endpoint` overrides `per_endpoint_per_second` for the endpoints it names ("GET /v1/customers/search").
    `in_sixty_seconds` is how many requests of an account pass in any sixty seconds; `by_endpoint_in_sixty_seconds`
    says the same of the endpoints it names, and of those alone.
    """

    per_second: float | None = None
    per_endpoint_per_second: float | None = None
    by_endpoint: Mapping[str, float] = field(default_factory=dict)
    simultaneous: int | None = None
    in_sixty_seconds: int | None = None
    by_endpoint_in_sixty_seconds: Mapping[str, int] = field(default_factory=dict)


UNLIMITED = Limits()


class Simulator(Protocol):
    """A provider, without the network in front of it."""

    name: str
    limits: Limits
    changes: Changes

    def handle(self, request: Request) -> Response:
        """Answer one API request, changing the provider's state where the request says so."""
        ...

    def account_of(self, request: Request) -> str | None:
        """The account that the request's credential acts for; None when the credential is unknown or revoked."""
        ...

    def is_write(self, request: Request) -> bool:
        """Whether the request would change something; a search by POST does not."""
        ...

    def endpoint(self, request: Request) -> str:
        """Method and path template, ids replaced: "POST /v1/customers/{id}"."""
        ...

    def throttled(self, reason: ThrottleReason) -> Response:
        """The provider's own 429."""
        ...

    def failed(self, status: int) -> Response:
        """The provider's own answer for an error on its side with this status."""
        ...

    def refused(self, request: Request, body_override: Any | None) -> Response:
        """The provider's own 400 for this request; `body_override` replaces its body where given."""
        ...

    def overrule(self, request: Request, response: Response) -> None:
        """Take note that an executed request was answered with `response` instead of what `handle` returned.

        A provider that replays stored answers for an idempotency key stores this one.
        """
        ...

    def register(self, credential: str, *, account_id: str, name: str) -> None:
        """Let `credential` act for the account, creating the account where it is new."""
        ...

    def revoke(self, credential: str) -> None:
        """Make the credential worthless, as when a seller disconnects the application."""
        ...

    def objects(self, account_id: str, collection: str) -> list[dict[str, Any]]:
        """Everything the account holds in the collection, deleted objects included, oldest first: for judges.

        Raises:
            KeyError: The simulator has no such collection.
        """
        ...

    def seed(self, account_id: str, collection: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Make things happen in the outside world, by the same code as the API; returns the created objects.

        Raises:
            KeyError: The simulator has no such collection or account.
            ValueError: The provider would refuse a row.
        """
        ...

    def reset(self) -> None:
        """Forget everything but the configuration."""
        ...

    def close(self) -> None:
        """Release files; the simulator may be used again afterwards."""
        ...
