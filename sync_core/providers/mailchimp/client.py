"""The door of the Mailchimp client: the Provider that the engine holds for one audience."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import requests

from sync_core.clock import Clock, SystemClock
from sync_core.errors import AuthorizationLost, ConfigurationError
from sync_core.providers.mailchimp.audience import Audience
from sync_core.providers.mailchimp.calls import MailchimpCalls
from sync_core.providers.mailchimp.campaigns import Campaigns
from sync_core.providers.mailchimp.journeys import Journeys
from sync_core.providers.mailchimp.members import Members
from sync_core.providers.mailchimp.orders import Orders
from sync_core.providers.mailchimp.products import Products
from sync_core.providers.mailchimp.store import Store
from sync_core.providers.protocol import Account, Batch, Json, Outcome, Page, Provider, Remote, Sought
from sync_core.spec.provider import ProviderSpec

PLACE = "{dc}"
_DATA_CENTRE = re.compile(r"[a-z]{2,4}\d{1,4}")


class Desk(Protocol):
    """One kind of Mailchimp's objects."""

    def read(self, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of what changed since `cursor`."""
        ...

    def write(self, batch: Batch) -> list[Outcome]:
        """Carry out a batch."""
        ...

    def find(self, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Those of `sought`, at least one, that exist."""
        ...

    def fetch(self, ids: Sequence[str]) -> list[Remote]:
        """The objects with these ids, at least one, as they are now."""
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
    """Bind a client to the account that `secret["api_key"]` opens; see `ProviderFactory`.

    `secret["list_id"]`, if any, names the audience; without it the account must have exactly one. The data centre
    takes the place of {dc} in `base`: it stands at the end of a key ("-us6"), and beside a token that OAuth gave as
    `secret["dc"]` (mailchimp.com/developer/marketing/docs/fundamentals, "The basics"). Mailchimp has no sandbox.

    Raises:
        AuthorizationLost: The credential has no api_key, or the key does not say where the account is.
    """
    del sandbox
    api_key = secret.get("api_key")
    if not api_key:
        raise AuthorizationLost("The Mailchimp credential holds no api_key; the venue must connect again.")
    calls = MailchimpCalls(session, base=_address(base, secret), api_key=api_key, clock=clock or SystemClock())
    audience = Audience(calls, chosen=secret.get("list_id"))
    store = Store(calls, audience)
    members = spec.entities.get("members")
    return MailchimpProvider(
        calls,
        audience,
        {
            "members": Members(calls, audience, for_good=members is not None and members.on_delete == "delete"),
            "store_products": Products(calls, store),
            "store_orders": Orders(calls, store),
            "campaigns": Campaigns(calls, audience),
            "journey_triggers": Journeys(calls, audience),
        },
    )


class MailchimpProvider:
    """One Mailchimp audience behind the Provider protocol."""

    def __init__(self, calls: MailchimpCalls, audience: Audience, desks: Mapping[str, Desk]) -> None:
        self._calls = calls
        self._audience = audience
        self._desks = desks

    def account(self) -> Account:
        """Ask whose key this is, and for the audience: two calls.

        The audience is part of the id, because what the ledger knows is in that audience alone.
        """
        account = self._calls.get("/", fields="account_id,account_name")
        audience = self._audience.list()
        name = account.get("account_name") or account["account_id"]
        return Account(id=f"{account['account_id']}/{audience.id}", name=f"{name}, {audience.name}")

    def read(self, entity: str, *, cursor: Mapping[str, Json] | None) -> Iterator[Page]:
        """Pages of changes; see `walk` for the cursors."""
        return self._desk(entity).read(cursor)

    def write(self, entity: str, batch: Batch) -> list[Outcome]:
        """Carry out one batch."""
        return self._desk(entity).write(batch) if batch.writes else []

    def find(self, entity: str, sought: Sequence[Sought]) -> dict[str, Remote]:
        """Those of `sought` that exist, by local id."""
        return self._desk(entity).find(sought) if sought else {}

    def fetch(self, entity: str, remote_ids: Sequence[str]) -> list[Remote]:
        """The objects with these ids, in that order; see `fetching`."""
        return self._desk(entity).fetch(remote_ids) if remote_ids else []

    def _desk(self, entity: str) -> Desk:
        if entity not in self._desks:
            raise ConfigurationError(
                f"Mailchimp has no entity {entity!r}; declare one of {', '.join(sorted(self._desks))}."
            )
        return self._desks[entity]


def _address(base: str, secret: Mapping[str, str]) -> str:
    """`base` with the data centre in its place. Nothing else of the secret can get into the address."""
    if PLACE not in base:
        return base
    key, _, end = secret["api_key"].rpartition("-")
    centre = secret.get("dc") or (end if key else "")
    if _DATA_CENTRE.fullmatch(centre) is None:
        raise AuthorizationLost(
            "The Mailchimp key does not end in a data centre such as -us6; the venue must connect again."
        )
    return base.replace(PLACE, centre)
