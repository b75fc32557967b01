"""What goes into and comes out of a connection by OAuth, in the words of whoever stands between browser and provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sync_core.providers.protocol import Account
from sync_core.store.connections import Environment


@dataclass(frozen=True, slots=True)
class Authorization:
    """A person may now be sent to `url`, the provider's page, until `expires_at`.

    `state` travels in the address and comes back with the person; it is a secret of that browser and is never logged.
    """

    url: str = field(repr=False)
    state: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """A person who came back from the provider.

    Attributes:
        provider: whose callback address it was, "stripe", "square", ...
        parameters: the whole query of the address: state, code, error, realmId, whatever else there is.
        user: who this is as far as the caller can tell (a session, a cookie); None when it cannot, and then only the
            state speaks for the person.
    """

    provider: str
    parameters: Mapping[str, str] = field(repr=False)
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """A venue's account is connected; `user` is who began it."""

    connection_id: int
    venue: str
    provider: str
    environment: Environment
    account: Account
    user: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A connection's access token: how long it is good (None: until it is revoked), and which one it is."""

    expires_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The venue's credential is destroyed here. `revoked` says whether the provider forgot it too; `remark` why not."""

    revoked: bool
    remark: str | None = None
