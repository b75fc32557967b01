"""The door of the Square client: the Provider that the engine holds for one seller."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import requests

from sync_core.clock import Clock, SystemClock
from sync_core.errors import AuthorizationLost, ConfigurationError
from sync_core.providers.protocol import Account, Batch, Json, Outcome, Page, Provider, Remote, Sought
from sync_core.providers.square.calls import SquareCalls
from sync_core.providers.square.catalog import Catalog
from sync_core.providers.square.customers import Customers
from sync_core.providers.square.fetching import in_order
from sync_core.providers.square.inventory import Inventory
from sync_core.providers.square.locations import Locations
from sync_core.providers.square.loyalty import LoyaltyAccounts, LoyaltyPoints
from sync_core.providers.square.orders import Orders
from sync_core.providers.square.payments import Payments, Refunds
from sync_core.spec.provider import ProviderSpec


class Desk(Protocol):
    """One kind of Square's objects."""

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of what changed since `cursor`."""
        ...

    def fetch(self, ids: Sequence[str]) -> dict[str, Remote]:
        """Those of these objects that there are, by id."""
        ...

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out a batch."""
        ...

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Those of `sought`, at least one, that exist."""
        ...


def connect(
    *,
    spec: ProviderSpec,
    session: requests.Session,
    base: str,
    secret: Mapping[str, str],
    sandbox: bool,
    clock: Clock | None = None,
) -> Provider:
    """Bind a client to the account that `secret["access_token"]` opens; see `ProviderFactory`.

    `secret["location_id"]`, if any, names the location whose stock is kept in step. `sandbox` changes nothing here:
    Square's sandbox is another base address.

    Raises:
        AuthorizationLost: The credential has no access_token.
    """
    del sandbox
    if not secret.get("access_token"):
        raise AuthorizationLost("The Square credential holds no access_token; the venue must connect again.")
    calls = SquareCalls(
        session,
        base=base,
        access_token=secret["access_token"],
        version=spec.api.version,
        clock=clock or SystemClock(),
    )
    products = spec.entities.get("products")
    locations = Locations(calls, chosen=secret.get("location_id"))
    catalog = Catalog(calls, archive=products is not None and products.on_delete == "archive")
    return SquareProvider(
        calls,
        {
            "products": catalog,
            "customers": Customers(calls),
            "inventory": Inventory(calls, locations=locations),
            "payments": Payments(calls, locations=locations),
            "refunds": Refunds(calls),
            "orders": Orders(calls, locations=locations),
            "loyalty_accounts": LoyaltyAccounts(calls),
            "loyalty_points": LoyaltyPoints(calls, locations=locations),
        },
    )


class SquareProvider:
    """One Square seller behind the Provider protocol."""

    def __init__(self, calls: SquareCalls, desks: Mapping[str, Desk]) -> None:
        self._calls = calls
        self._desks = desks

    def account(self) -> Account:
        """Ask whose token this is (developer.squareup.com/reference/square/merchants-api/retrieve-merchant)."""
        merchant = self._calls.get("/v2/merchants/me")["merchant"]
        return Account(id=merchant["id"], name=merchant.get("business_name") or merchant["id"])

    def read(self, entity: str, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of changes; see `windows` for the cursors."""
        return self._desk(entity).read(cursor)

    def write(self, entity: str, batch: Batch) -> list[Outcome]:
        """Carry out one batch."""
        return self._desk(entity).write(batch) if batch.writes else []

    def find(self, entity: str, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Those of `sought` that exist, by local id."""
        return self._desk(entity).find(sought) if sought else {}

    def fetch(self, entity: str, remote_ids: Sequence[str]) -> list[Remote]:
        """The objects with these ids as they are now, in that order."""
        return in_order(remote_ids, self._desk(entity).fetch(remote_ids) if remote_ids else {})

    def _desk(self, entity: str) -> Desk:
        if entity not in self._desks:
            raise ConfigurationError(
                f"Square has no entity {entity!r}; declare one of {', '.join(sorted(self._desks))}."
            )
        return self._desks[entity]
