"""The door of the Stripe client: the Provider that the engine holds for one account."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from sync_core.clock import Clock, SystemClock
from sync_core.errors import AuthorizationLost
from sync_core.providers.protocol import Account, Batch, Json, Outcome, Page, Provider, Remote, Sought
from sync_core.providers.stripe.balance import read_balance
from sync_core.providers.stripe.calls import StripeCalls
from sync_core.providers.stripe.fetching import fetch
from sync_core.providers.stripe.finding import find
from sync_core.providers.stripe.kinds import kind_of
from sync_core.providers.stripe.reading import read_kind
from sync_core.providers.stripe.writing import StripeWriter
from sync_core.spec.provider import ProviderSpec


def connect(
    *,
    spec: ProviderSpec,
    session: requests.Session,
    base: str,
    secret: Mapping[str, str],
    sandbox: bool,
    clock: Clock | None = None,
) -> Provider:
    """Bind a client to the account that `secret["api_key"]` opens; see `ProviderFactory`.

    `sandbox` changes nothing: Stripe tells test from live by the key alone (docs.stripe.com/keys).

    Raises:
        AuthorizationLost: The credential has no api_key.
    """
    del sandbox
    if not secret.get("api_key"):
        raise AuthorizationLost("The Stripe credential holds no api_key; the venue must connect again.")
    calls = StripeCalls(
        session,
        base=base,
        api_key=secret["api_key"],
        version=spec.api.version,
        timeout=spec.api.timeout_seconds,
        clock=clock or SystemClock(),
    )
    products = spec.entities.get("products")
    archive = products is not None and products.on_delete == "archive"
    return StripeProvider(calls, StripeWriter(calls, archive_products=archive))


class StripeProvider:
    """One Stripe account behind the Provider protocol."""

    def __init__(self, calls: StripeCalls, writer: StripeWriter) -> None:
        self._calls = calls
        self._writer = writer

    def account(self) -> Account:
        """Ask whose key this is (docs.stripe.com/api/accounts/retrieve)."""
        found = self._calls.get("/v1/account").data
        return Account(id=found["id"], name=_name(found))

    def read(self, entity: str, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of changes; see `reading` and `balance` for the cursors."""
        kind = kind_of(entity)
        if not kind.events:
            return read_balance(self._calls, kind, cursor=cursor)
        return read_kind(self._calls, kind, cursor=cursor)

    def write(self, entity: str, batch: Batch) -> list[Outcome]:
        """Write one object after the other: Stripe has no batches."""
        return [self._writer.write(entity, write) for write in batch.writes]

    def fetch(self, entity: str, remote_ids: Sequence[str]) -> list[Remote]:
        """The objects with these ids as they are now; see `fetching`."""
        return fetch(self._calls, kind_of(entity), remote_ids)

    def find(self, entity: str, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Those of `sought` that exist, by local id."""
        return find(self._calls, entity, sought) if sought else {}


def _name(found: Mapping[str, Any]) -> str:
    """The name a person knows the account by, which accounts keep in different places."""
    places = (
        ((found.get("settings") or {}).get("dashboard") or {}).get("display_name"),
        (found.get("business_profile") or {}).get("name"),
        found["id"],
    )
    return next(name for name in places if name)
