"""The e-commerce store in which the venue's products are: one per audience, made when it is missing.

A store belongs to its audience for ever, and counts in one currency. It is made with `is_syncing`, under which Mailchimp
mails nobody about an order: else years of old ones would set off notices and follow-ups. A store that is there keeps
what somebody set (mailchimp.com/developer/marketing/docs/e-commerce, "Pausing store automations").
"""

import threading
from dataclasses import dataclass

from sync_core.providers.mailchimp.audience import Audience
from sync_core.providers.mailchimp.calls import MailchimpCalls, Refused, segment


@dataclass(frozen=True, slots=True)
class Shop:
    """The store as it is: where it is, and its currency, None where Mailchimp does not say."""

    path: str
    currency: str | None


class Store:
    """The store of an audience; its id is ours to choose (mailchimp.com/developer/marketing/docs/e-commerce)."""

    def __init__(self, calls: MailchimpCalls, audience: Audience) -> None:
        self._calls = calls
        self._audience = audience
        self._shop: Shop | None = None
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        """Where the store is, or will be."""
        return f"/ecommerce/stores/{segment(self._id)}"

    @property
    def _id(self) -> str:
        return f"venue-sync-{self._audience.list().id}"

    def opened(self, currency: str | None) -> Shop:
        """The store, made now in this currency if there is none yet; asked for once."""
        with self._lock:
            if self._shop is None:
                found = self._calls.find(self.path) or self._made(currency)
                self._shop = Shop(self.path, found.get("currency_code") or currency)
            return self._shop

    def foreign(self, currency: str | None) -> str | None:
        """The store's currency, where something in `currency` has no place in it."""
        shop = self.opened(currency)
        return None if currency is None or shop.currency in (None, currency) else shop.currency

    def _made(self, currency: str | None) -> dict[str, str]:
        audience = self._audience.list()
        store = {
            "id": self._id,
            "list_id": audience.id,
            "name": audience.name,
            "platform": "venue-sync",
            "currency_code": currency or "USD",
            "is_syncing": True,
        }
        try:
            return dict(self._calls.post("/ecommerce/stores", store))
        except Refused:
            # Another sync of ours may have made it meanwhile, or the first answer was lost.
            found = self._calls.find(self.path)
            if found is None:
                raise
            return dict(found)
