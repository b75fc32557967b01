"""What a company's books must have before anything is sold: an income account, the home currency, an item for tickets.

Each is asked for once per client and only when it is needed; the answers are the same whoever asks, so that a repeated
request has the same body.
"""

import threading
from collections.abc import Mapping
from typing import Any

from sync_core.errors import ProviderRefused
from sync_core.providers.quickbooks.calls import Object, QuickBooksCalls
from sync_core.providers.quickbooks.faults import DUPLICATE_NAME, Refused

TICKET_SALES = "Ticket sales"
"""The item under which a sale is booked whose lines are kept at the venue."""
_BEST = "SalesOfProductIncome"


class Books:
    """The accounts and preferences of one company; shared by its threads."""

    def __init__(self, calls: QuickBooksCalls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}

    def income_account(self) -> str:
        """The id of the account to which sales are booked: one for products if there is one, else the oldest.

        Raises:
            ProviderRefused: The company has no income account.
        """
        with self._lock:
            if "income" not in self._known:
                found = self._calls.query("Account", "WHERE AccountType = 'Income' MAXRESULTS 1000")
                self._known["income"] = _best_of(found)
            return self._known["income"]

    def home_currency(self) -> str:
        """The ISO 4217 code of the currency in which the books are kept and items are priced.

        Raises:
            ProviderRefused: QuickBooks does not say.
        """
        with self._lock:
            if "currency" not in self._known:
                self._known["currency"] = self._home_currency()
            return self._known["currency"]

    def ticket_item(self) -> str:
        """The id of the item under which whole sales are booked; it is made when it is missing."""
        account = self.income_account()
        with self._lock:
            if "tickets" not in self._known:
                self._known["tickets"] = self._found_item() or self._made_item(account)
            return self._known["tickets"]

    def _home_currency(self) -> str:
        found = self._calls.query("Preferences", "MAXRESULTS 1")
        preferences: Mapping[str, Any] = found[0] if found else {}
        code = ((preferences.get("CurrencyPrefs") or {}).get("HomeCurrency") or {}).get("value")
        if not code:
            raise ProviderRefused(
                "QuickBooks does not say in which currency the books are kept; check its preferences."
            )
        return str(code)

    def _found_item(self) -> str | None:
        found = self._calls.query("Item", f"WHERE Name = '{TICKET_SALES}' MAXRESULTS 1")
        return found[0]["Id"] if found else None

    def _made_item(self, account: str) -> str:
        body = {"Name": TICKET_SALES, "Type": "Service", "IncomeAccountRef": {"value": account}}
        try:
            return self._calls.post("item", "venue-sync-ticket-sales", body)["Item"]["Id"]
        except Refused as exc:
            found = self._found_item() if exc.code == DUPLICATE_NAME else None
            if found is None:
                raise
            return found


def _best_of(accounts: Any) -> str:
    found: list[Object] = sorted(accounts, key=lambda one: (one.get("AccountSubType") != _BEST, int(one["Id"])))
    if not found:
        raise ProviderRefused("The QuickBooks company has no income account; its accountant must add one.")
    return found[0]["Id"]
