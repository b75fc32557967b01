"""What every provider client offers: check, read, write, find.

The engine speaks only this language, so a new provider is one declaration, one mapping per entity and one module.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import requests

from sync_core.spec.provider import Operation, ProviderSpec

Json = Any
VERSION = "version"
"""The key of a state that holds the provider's own number of it, where there is one that grows with every change."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account a credential opens: the provider's id and the name a person knows it by."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Remote:
    """One object as the provider shows it.

    `record` is the object under its own field names (nested); mappings read it by dotted path.
    `state` is what the next write needs and only this client understands (versions, child ids); it is kept in the ledger.
    Of it the engine reads VERSION alone, by which it tells an older state from a newer one.
    `updated_at` is when the provider says it changed, None when it does not say.
    """

    id: str
    record: Mapping[str, Json]
    state: Mapping[str, Json] = field(default_factory=dict)
    updated_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of changes and where to go on from once this page is stored.

    `cursor` is JSON; reading again from it yields what came after this page, at worst some of it twice, never less.
    `last` is true when nothing more was waiting when the page was read.
    """

    records: Sequence[Remote]
    cursor: Mapping[str, Json]
    last: bool


@dataclass(frozen=True, slots=True)
class Write:
    """One decided change of one record.

    `fields` maps the provider's dotted paths to values: all mapped fields on create, only the changed ones on update,
    none on delete. None means: clear the field.
    `key` is the record's idempotency key; it stays the same over every retry of this intent.
    """

    operation: Operation
    local_id: str
    key: str
    fields: Mapping[str, Json]
    remote_id: str | None = None
    remote_state: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Writes that travel in one provider request; all of the same operation, at most the declared batch size.

    `key` is the idempotency key of the request where the provider takes one for the whole of it.
    """

    key: str
    operation: Operation
    writes: Sequence[Write]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write: `remote` (done; for a delete, the object marked deleted), `overtaken`, or a refusal.

    `overtaken` is the object as it is now: somebody changed it after we last saw it, so that our write was made for a
    state that is no more. Nothing was written; the conflict policy decides with the new state at hand.
    `looked_up` says that `remote` was read later on and not answered to the write: somebody may have changed it since.
    """

    local_id: str
    remote: Remote | None = None
    refused_code: str | None = None
    refused_reason: str | None = None
    overtaken: Remote | None = None
    looked_up: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """A record whose write is in doubt: find it at the provider by what we put into it."""

    local_id: str
    fields: Mapping[str, Json]
    written_after: datetime


class Provider(Protocol):
    """A client bound to one venue's account.

    Every method may raise TransientError, ThrottledError, AuthorizationLost or ProviderRefused.
    """

    def account(self) -> Account:
        """Ask whose account this is: the connection test. Costs one call."""
        ...

    def read(self, entity: str, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of objects changed since `cursor`, oldest knowledge first; from the very beginning when None.

        The iterator ends after the page whose `last` is true. A cursor that the client cannot use any more
        (malformed, too old for the provider) is treated as None: everything is read again.
        """
        ...

    def write(self, entity: str, batch: Batch) -> list[Outcome]:
        """Carry out one batch; one outcome per write, in order.

        Raises BatchRefused when the provider refused an atomic batch as a whole (nothing was written),
        OutcomeUnknown when it cannot be known whether the batch took effect.
        """
        ...

    def find(self, entity: str, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Those of `sought` that exist at the provider, by local id."""
        ...

    def fetch(self, entity: str, remote_ids: Sequence[str]) -> list[Remote]:
        """The objects with these ids as they are now, as `read` shows them, in that order.

        One that is gone comes as Remote(id, {}, deleted=True). As few calls as the provider allows.
        """
        ...


class ProviderFactory(Protocol):
    """How a client module is entered: the `client` named in a declaration."""

    def __call__(
        self, *, spec: ProviderSpec, session: requests.Session, base: str, secret: Mapping[str, str], sandbox: bool
    ) -> Provider:
        """Bind a client to one account.

        Args:
            spec: the provider's declaration.
            session: from `sync_core.http.session`; it limits, retries, breaks and counts.
            base: the API's base address without a trailing slash.
            secret: the opened credential, e.g. {"api_key": "..."}; never logged.
            sandbox: whether this is a sandbox account.
        """
        ...
